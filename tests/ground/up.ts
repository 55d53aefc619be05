/**
 * A cluster with the operator on it, to try things: `deno task up`. Ctrl-C ends it and leaves nothing but the cache of
 * built programs.
 *
 * With `KUBECONFIG` set no cluster is started: the operator runs against the existing one, which keeps our
 * CustomResourceDefinitions afterwards, and nothing else.
 */
import { join } from "node:path";
import { requireNode } from "./build.ts";
import { GroundClient, type Manifest } from "./client.ts";
import { type ClusterInUse, clusterInUse } from "./cluster_in_use.ts";
import { follow } from "./follow.ts";
import { type GuardedProcess, temporaryFolder } from "./guard.ts";
import { conditionStatus, stringAt } from "./json.ts";
import { installDefinitions, readManifests, repository, startOperator } from "./operator.ts";
import { freePort } from "./ports.ts";
import { onEnd } from "./signals.ts";
import { waitUntil } from "./wait_for.ts";

/** Where the sample lives. */
const namespace = "default";
const samplePath = join(repository, "manifests", "samples", "toposerver.yaml");

const started = performance.now();

/** One line, with the seconds since the start in front. */
function say(line: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`${seconds} s  ${line}`);
}

async function main(stack: AsyncDisposableStack): Promise<never> {
  await requireNode();
  const cluster = stack.use(await clusterInUse(say));
  say(
    `Cluster at ${cluster.connection.server} is up${
      cluster.existing ? " (the existing one of KUBECONFIG)" : ""
    }.`,
  );
  const client = stack.use(new GroundClient(cluster.connection));
  const definitions = await installDefinitions(client);
  say(`The API server serves ${definitions.length} kinds of ours.`);
  const folder = stack.use(await temporaryFolder("matriarch-up-"));
  const ports = { metricsPort: freePort(), probePort: freePort() };
  const log = join(folder.path, "operator.log");
  const operator = startOperator({ kubeconfigPath: cluster.kubeconfigPath, log, ...ports });
  stack.defer(() => operator.stop("SIGTERM", 10_000));
  say(`The operator starts. Log: ${log}; metrics: http://127.0.0.1:${ports.metricsPort}/metrics`);
  for (const sample of await readManifests(samplePath)) {
    await tryOut({ sample, client, cluster, operator, stack });
  }
  say(`Try it in another terminal; Ctrl-C here ends everything.

  export KUBECONFIG=${cluster.kubeconfigPath}
  ${cluster.kubectl} get toposervers,statefulsets,services,pods
`);
  await operator.ended;
  throw new Error(await lastWords(operator));
}

/** Applies a sample and tells how it becomes ready. */
async function tryOut(on: {
  readonly sample: Manifest;
  readonly client: GroundClient;
  readonly cluster: ClusterInUse;
  readonly operator: GuardedProcess;
  readonly stack: AsyncDisposableStack;
}): Promise<void> {
  const { sample, client, cluster, operator, stack } = on;
  const path = await client.pathOf(sample, namespace);
  const name = `${stringAt(sample, "kind")} ${stringAt(sample, "metadata", "name")}`;
  await client.apply(sample, namespace);
  // A cluster of ours goes as a whole; in an existing one the operator clears up first, as long as it still runs.
  if (cluster.existing) stack.defer(() => remove(client, path, name));
  say(`${name} is applied:`);
  const goOn = () => {
    if (!operator.running()) throw new Error("Cannot go on as the operator has ended");
  };
  const over = (object: unknown) => conditionStatus(object, "Ready") === "True";
  try {
    await follow(client, path, { say: (line) => say(`  ${line}`), goOn, over });
  } catch (error) {
    if (operator.running()) throw error;
    throw new Error(await lastWords(operator));
  }
}

async function remove(client: GroundClient, path: string, name: string): Promise<void> {
  say(`Deleting ${name} ...`);
  await client.request("DELETE", path);
  await waitUntil(`${name} to be gone`, () => client.get(path), (seen) => seen === undefined);
}

async function lastWords(operator: GuardedProcess): Promise<string> {
  const log = operator.log === undefined ? "" : await Deno.readTextFile(operator.log);
  return `The operator has ended by itself. Its log ends with\n${
    log.trimEnd().split("\n").slice(-15).join("\n")
  }`;
}

const stack = new AsyncDisposableStack();
const ending = onEnd(async () => {
  say("Ending ...");
  await stack.disposeAsync();
});
try {
  await main(stack);
} catch (error) {
  await ending.leaveItTo();
  console.error(error instanceof Error ? error.message : error);
  await stack.disposeAsync();
  Deno.exit(1);
}
