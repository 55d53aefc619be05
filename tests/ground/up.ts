/**
 * A cluster to try Matriarch on: `deno task up`. Ctrl-C ends it and leaves nothing but the cache of built programs.
 *
 * With `KUBECONFIG` set nothing is started: the existing cluster is used.
 */
import { requireNode } from "./build.ts";
import { clusterInUse } from "./cluster_in_use.ts";
import { forever, onEnd } from "./signals.ts";

const started = performance.now();

/** One line, with the seconds since the start in front. */
function say(line: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`${seconds} s  ${line}`);
}

async function main(stack: AsyncDisposableStack): Promise<void> {
  await requireNode();
  const cluster = stack.use(await clusterInUse(say));
  say(`Cluster at ${cluster.connection.server} is up. In another terminal:

  export KUBECONFIG=${cluster.kubeconfigPath}
  ${cluster.kubectl} get nodes
`);
  say("Ctrl-C ends everything.");
  await forever();
}

const stack = new AsyncDisposableStack();
onEnd(async () => {
  say("Ending ...");
  await stack.disposeAsync();
});
try {
  await main(stack);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await stack.disposeAsync();
  Deno.exit(1);
}
