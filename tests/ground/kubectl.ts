/** Runs kubectl, as a user would. */
import { ground, sharedCluster } from "./ground.ts";

/** What a run of kubectl left. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run kubectl. */
export interface KubectlOptions {
  /** The shared cluster's when absent. */
  readonly kubeconfigPath?: string;
  readonly namespace?: string;
  /** Text for standard input, for `-f -`. */
  readonly stdin?: string;
}

/** Runs kubectl and returns what it said. @throws Error with its standard error when it fails. */
export async function kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
  const result = await tryKubectl(args, options);
  if (result.code !== 0) throw new Error(`Cannot kubectl ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout;
}

/** As {@link kubectl}, for runs that may fail. */
export async function tryKubectl(
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<KubectlResult> {
  const program = ground().binaries.kubectl;
  if (program === undefined) throw new Error("Cannot run kubectl as the ground has none");
  const { kubeconfigPath = sharedCluster().kubeconfigPath, namespace, stdin } = options;
  const namespaceArgs = namespace === undefined ? [] : [`--namespace=${namespace}`];
  const child = new Deno.Command(program, {
    // The cache of what a cluster serves goes nowhere: nothing of one cluster may be believed of another.
    args: ["--cache-dir=/dev/null/cache", ...namespaceArgs, ...args],
    clearEnv: true,
    env: { HOME: "/nonexistent", KUBECONFIG: kubeconfigPath, KUBERC: "off" },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) await new Blob([stdin]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
