/** Real nodes to try things on: `deno task nodes [1|2|3]`, until Ctrl-C. */
import { forever, onEnd } from "../signals.ts";
import { nodeName } from "./layout.ts";
import { startRealCluster } from "./real_cluster.ts";

const started = performance.now();

/** One line, with the seconds since the start in front. */
function say(line: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
}

const stack = new AsyncDisposableStack();
const ending = onEnd(() => stack.disposeAsync());
try {
  const { description } = stack.use(await startRealCluster(Number(Deno.args[0] ?? "1"), say));
  const enter = description.machines.map(({ index, pid }) =>
    `  nsenter -t ${pid} -m -n -p -u -- ctr -n k8s.io containers list   # in ${nodeName(index)}`
  );
  say(`All nodes are Ready. Logs: ${description.folder}. Ctrl-C ends everything.

  export KUBECONFIG=${description.kubeconfigPath}
  ${description.kubectl} get nodes
${enter.join("\n")}
`);
  await ending.leaveItTo();
  await forever();
} catch (error) {
  await ending.leaveItTo();
  console.error(error instanceof Error ? error.message : error);
  await stack.disposeAsync();
  Deno.exit(1);
}
