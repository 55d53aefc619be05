/** The plugin as a process, from source, against the shared cluster. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { kubeconfigOf } from "../../ground/connection.ts";
import { ground, sharedCluster } from "../../ground/ground.ts";
import { temporaryFile } from "../../support/program.ts";

export const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PluginOptions {
  /** The cluster's administrator unless told. */
  readonly connection?: Parameters<typeof kubeconfigOf>[0];
  /** Of the kubeconfig's context. */
  readonly namespace?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it may write. */
  readonly cwd?: string;
}

/** Runs a program by sh, whose arguments it gets as they are. */
export async function runBySh(
  words: readonly string[],
  { env = {}, cwd = repository }: Pick<PluginOptions, "env" | "cwd">,
): Promise<Ended> {
  const child = new Deno.Command("sh", {
    args: ["-c", 'cd "$1" && shift && exec "$@"', "sh", cwd, ...words],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Runs `kubectl-matriarch` to its end. */
export async function plugin(args: readonly string[], options: PluginOptions = {}): Promise<Ended> {
  const { connection = sharedCluster().connection, namespace, env = {}, cwd = repository } = options;
  await using kubeconfig = await temporaryFile(kubeconfigOf(connection, namespace));
  const words = [
    Deno.execPath(),
    "run",
    "-q",
    "--no-prompt",
    `--config=${join(repository, "deno.json")}`,
    "-P=plugin",
    // In a named set a folder is one beside deno.json; for the program that is made it is where it is started.
    "--allow-write=.",
    join(repository, "plugin.ts"),
    ...args,
  ];
  return await runBySh(words, { cwd, env: { ...surroundings(), KUBECONFIG: kubeconfig.path, ...env } });
}

/** kubectl of the ground is the first on PATH. */
export function surroundings(...folders: readonly string[]): Record<string, string> {
  const { kubectl = "" } = ground().binaries;
  const path = [...folders, dirname(kubectl), dirname(Deno.execPath()), "/usr/local/bin", "/usr/bin", "/bin"];
  return { PATH: path.join(":"), NO_COLOR: "1", KUBERC: "off", KUBERNETES_SERVICE_HOST: "" };
}

/** The plugin's answer to `status -o json`, as it came. */
export async function documentOf(args: readonly string[], options: PluginOptions): Promise<unknown> {
  const { code, stdout, stderr } = await plugin(["status", "-o", "json", ...args], options);
  if (code !== 0) throw new Error(`Cannot look at ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}
