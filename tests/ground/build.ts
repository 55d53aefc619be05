/** Builds the programs of the ground once, from Go modules pinned in `modules/`, into a shared cache folder. */
import { join } from "node:path";
import {
  type Binaries,
  buildDigest,
  cacheRoot,
  givenBinaries,
  isFile,
  moduleFolder,
  type Program,
  type Source,
  sources,
} from "./binaries.ts";
import { spawnGuarded, temporaryFolder } from "./guard.ts";

/** Receives one line of progress at a time. */
export type Progress = (line: string) => void;

/** How often a running build says that it still runs. */
const progressEverySeconds = 15;

/** The oldest Go that can build the pinned modules. */
const oldestGo = { major: 1, minor: 26 };

/**
 * Finds or builds the wanted programs. Of several runs at once, one builds and the others wait for it.
 * @throws Error in one line when Go is missing or too old, or with the compiler's words when a build fails.
 */
export async function ensureBinaries(wanted: readonly Program[], progress: Progress): Promise<Binaries> {
  const given = await givenBinaries(wanted);
  const missing = wanted.filter((program) => given[program] === undefined);
  if (missing.length === 0) return given;
  const goVersion = await goVersionFor(missing);
  const folder = join(cacheRoot(), await buildDigest(goVersion));
  await Deno.mkdir(folder, { recursive: true });
  const built: Partial<Record<Program, string>> = { ...given };
  for (const program of missing) built[program] = join(folder, program);
  if (await allThere(built)) return built;
  await underLock(join(folder, "lock"), progress, async () => {
    for (const [index, program] of missing.entries()) {
      const path = join(folder, program);
      if (!await isFile(path)) {
        const numbered = (line: string) => progress(`[${index + 1}/${missing.length}] ${line}`);
        await buildProgram(program, sources[program], path, numbered);
      }
    }
  });
  return built;
}

async function allThere(binaries: Binaries): Promise<boolean> {
  for (const path of Object.values(binaries)) {
    if (!await isFile(path)) return false;
  }
  return true;
}

/** The lock belongs to an open file, so the kernel frees it when its holder dies, however it dies. */
export async function underLock(path: string, progress: Progress, work: () => Promise<void>): Promise<void> {
  using file = await Deno.open(path, { create: true, write: true });
  const waiting = setTimeout(() => progress("Waiting for another run that is building ..."), 1000);
  await file.lock(true);
  clearTimeout(waiting);
  await work();
}

/**
 * Builds one program.
 * @throws Error with the compiler's words when it cannot be built
 */
export async function buildProgram(
  program: string,
  source: Source,
  path: string,
  progress: Progress,
): Promise<void> {
  await using scratch = await temporaryFolder("matriarch-build-");
  const log = join(scratch.path, "log");
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  progress(`Building ${program} (about ${source.coldSeconds} s the first time on two cores) ...`);
  const partial = `${path}.partial`;
  const compiler = spawnGuarded({
    program: "go",
    args: [
      "build",
      "-mod=readonly",
      "-trimpath",
      "-buildvcs=false",
      "-ldflags",
      source.ldflags,
      "-o",
      partial,
      source.package,
    ],
    cwd: moduleFolder(source.module),
    env: goEnvironment(),
    log,
  });
  const ticker = setInterval(() => progress(`  ${program}: ${seconds()} s`), progressEverySeconds * 1000);
  const status = await compiler.ended;
  clearInterval(ticker);
  if (!status.success) {
    throw new Error(`Cannot build ${program} as go build failed:\n${await Deno.readTextFile(log)}`);
  }
  // The name appears only when the content is complete.
  await Deno.rename(partial, path);
  progress(`  ${program}: built in ${seconds()} s`);
}

/** Nothing of the user's own Go settings may change what is built; Go needs a cache even where there is no home. */
function goEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {
    CGO_ENABLED: "0",
    GOFLAGS: "",
    GOWORK: "off",
    GOTOOLCHAIN: "local",
  };
  if (!Deno.env.get("HOME")) {
    environment["GOCACHE"] = join(cacheRoot(), "go-build");
    environment["GOPATH"] = join(cacheRoot(), "go");
  }
  return environment;
}

/**
 * What Go says of its version.
 * @throws Error in one line when Go is missing or too old to build the programs
 */
export async function goVersionFor(missing: readonly string[]): Promise<string> {
  const need = `Go ${oldestGo.major}.${oldestGo.minor} or newer`;
  const purpose = `to build ${missing.join(", ")}`;
  const remedy =
    "install it, or point KUBEBUILDER_ASSETS at a folder that has these programs, or KUBECONFIG at a cluster";
  const text = await versionOf("go", "version");
  if (text === undefined) throw new Error(`Cannot find Go: ${need} is needed ${purpose}; ${remedy}.`);
  const match = /go(\d+)\.(\d+)/.exec(text);
  const major = Number(match?.[1]);
  const minor = Number(match?.[2]);
  if (major < oldestGo.major || (major === oldestGo.major && minor < oldestGo.minor)) {
    throw new Error(`Cannot use ${text}: ${need} is needed ${purpose}; ${remedy}.`);
  }
  return text;
}

/** @throws Error in one line when the Node that started us is too old for npx to be relied on. */
export async function requireNode(): Promise<void> {
  const text = await versionOf("node", "--version");
  const major = Number(/^v(\d+)\./.exec(text ?? "")?.[1] ?? Number.NaN);
  if (major < 20) throw new Error(`Cannot use Node ${text}: Node 20 or newer is needed; install it.`);
}

/** What a program says of its version in one line, or undefined when it is not there. */
async function versionOf(program: string, argument: string): Promise<string | undefined> {
  const output = await new Deno.Command("sh", {
    args: ["-c", 'command -v "$1" >/dev/null && "$@"', "version", program, argument],
    env: { GOTOOLCHAIN: "local" },
    stdin: "null",
  }).output();
  return output.success ? new TextDecoder().decode(output.stdout).trim() : undefined;
}
