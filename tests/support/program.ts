/** The real program, started as users start it: from source, with a named set of permissions. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connection, kubeconfigOf } from "../ground/connection.ts";
import { spawnGuarded } from "../ground/guard.ts";
import { waitFor } from "../ground/wait_for.ts";

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What to start, and with what. */
export interface ProgramOptions {
  /** Arguments of the program: `run`, and its flags. */
  readonly args: readonly string[];
  /** File to run instead of the program, in the same set. */
  readonly script?: string;
  /** Named set of `deno.json`; default `operator`. */
  readonly set?: string;
  /** Permissions on top of the set, as flags. */
  readonly permissions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that runs, or has ended. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Everything it wrote to stdout and stderr so far. */
  said(): Promise<string>;
  /** Waits for a line that matches, and returns the match. */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
  signal(name: Deno.Signal): void;
  running(): boolean;
  /** The exit code, once it has ended. */
  readonly code: Promise<number>;
}

/** Variables that could lead the program to another cluster than the test's; an empty one counts as absent. */
const CLEARED = {
  KUBECONFIG: "",
  KUBERNETES_SERVICE_HOST: "",
  KUBERNETES_SERVICE_PORT: "",
  POD_NAME: "",
  POD_NAMESPACE: "",
  POD_SERVICE_ACCOUNT: "",
  WATCH_NAMESPACE: "",
};

/** Starts the program. Use with `await using`. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const log = await Deno.makeTempFile({ prefix: "matriarch-program-", suffix: ".log" });
  const { args, script = join(repository, "main.ts"), set = "operator", permissions = [], env = {} } =
    options;
  const guarded = spawnGuarded({
    program: Deno.execPath(),
    args: [
      "run",
      "-q",
      "--no-prompt",
      `--config=${join(repository, "deno.json")}`,
      `-P=${set}`,
      ...permissions,
      script,
      ...args,
    ],
    cwd: repository,
    env: { ...CLEARED, NO_COLOR: "1", ...env },
    log,
  });
  const said = () => Deno.readTextFile(log);
  return {
    pid: guarded.pid,
    said,
    async line(pattern) {
      let lastWords: string | undefined;
      const find = async () => {
        const ended = !guarded.running();
        const text = await said();
        if (ended) lastWords = `the program has ended and said: ${text}`;
        return text.match(pattern);
      };
      return await waitFor(`a line like ${pattern}`, find, { hopeless: () => lastWords });
    },
    signal: (name) => guarded.signal(name),
    running: () => guarded.running(),
    code: guarded.ended.then(({ code }) => code),
    async [Symbol.asyncDispose]() {
      await guarded.stop("SIGKILL");
      await Deno.remove(log);
    },
  };
}

/** Runs the program to its end. */
export async function runProgram(options: ProgramOptions): Promise<{ code: number; said: string }> {
  await using program = await startProgram(options);
  const timer = setTimeout(() => program.signal("SIGKILL"), 30_000);
  const code = await program.code;
  clearTimeout(timer);
  return { code, said: await program.said() };
}

/** A file with this content, until it is disposed of. */
export async function temporaryFile(content: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempFile({ prefix: "matriarch-test-" });
  await Deno.writeTextFile(path, content);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** What lets the program use a connection: its kubeconfig, and the permission to read that. */
export async function access(
  connection: Connection,
  namespace?: string,
): Promise<
  AsyncDisposable & { readonly path: string; readonly options: Pick<ProgramOptions, "env" | "permissions"> }
> {
  const file = await temporaryFile(kubeconfigOf(connection, namespace));
  return { ...file, options: { env: { KUBECONFIG: file.path }, permissions: [`--allow-read=${file.path}`] } };
}

/** Flags that keep programs from getting in each other's way: ports that the system chooses, and JSON logs. */
export const OWN_PORTS = [
  "--metrics-bind-address=127.0.0.1:0",
  "--health-probe-bind-address=127.0.0.1:0",
  "--zap-devel=false",
] as const;
