/**
 * Fifty PostgresClusters of three members at once, on a control plane that reacts to everything the operator makes: how
 * long until all are Running, whether any is forgotten, what that costs, and whether there is silence afterwards. The
 * figures in the notes are those of the Rust operator 0.2.0 with the same clusters on the same machine.
 */
import type { AuditedRequest } from "../ground/audit.ts";
import { GroundClient, type Manifest } from "../ground/client.ts";
import { stringAt } from "../ground/json.ts";
import { installDefinitions } from "../ground/operator.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { eachOf } from "./fleet_clusters.ts";
import {
  fillCache,
  isQuiet,
  isWork,
  type RunningOperator,
  startOperator,
  user,
  usualVariant,
  whyEnded,
} from "./operator.ts";
import { type ProcessUsage, usageOf } from "./process.ts";
import { breakdown, isRead } from "./requests.ts";

const count = 50;
const namespace = "patroni";
const clusters = "/apis/postgres-operator.smoketurner.com/v1alpha1";

/** After the last cluster is Running, statuses and events may still be under way for this long. */
const afterglowMs = 5_000;
/**
 * The fake kubelet runs no Patroni. Clusters are taken for well by their pods alone for two minutes, and then say that
 * nobody knows; the operator is silent when the last one has said so.
 */
const graceMs = 135_000;
/** How long it is then listened to whether the operator is silent. */
const listenMs = 30_000;
const patienceMs = 300_000;

export const patroni: Benchmark = {
  name: "patroni",
  parts: "all",
  options: { auditedUser: user },
  run,
};

interface Life {
  /** From the first cluster until all were Running. */
  readonly seconds: number;
  readonly usage: Readonly<Record<"before" | "running" | "resting" | "silent", ProcessUsage>>;
  readonly requests: Readonly<Record<"settling" | "silent", readonly AuditedRequest[]>>;
}

async function run(stage: Stage): Promise<readonly Table[]> {
  using client = new GroundClient(stage.plane.connection);
  await installDefinitions(client);
  const variant = await usualVariant(stage);
  await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await fillCache(variant);
  const operator = await startOperator(stage, variant);
  const life = await lifeOf(stage, client, operator).finally(() => operator.process.stop("SIGTERM", 15_000));
  const title = `patroni: ${count} PostgresClusters of three, operator ${variant.name}`;
  return [{ title, rows: [...speed(life), ...silence(life)] }];
}

async function lifeOf(stage: Stage, client: GroundClient, operator: RunningOperator): Promise<Life> {
  const usage = () => usageOf(operator.process.pid);
  const hopeless = () => whyEnded(operator);
  await waitFor("the operator to watch", () => watches(stage), { hopeless });
  await delay(afterglowMs);
  const before = await usage();
  const created = Date.now();
  await eachOf(count, (index) => client.apply(cluster(index)));
  const options = { timeoutMs: patienceMs, intervalMs: 500, hopeless };
  await waitUntil("all clusters to be Running", () => running(client), (seen) => seen === count, options);
  const seconds = (Date.now() - created) / 1_000;
  stage.say(`Running after ${seconds.toFixed(1)} s; is there silence in the end?`);
  await delay(afterglowMs);
  const [atRunning, settled] = [await usage(), Date.now()];
  await delay(graceMs);
  const [resting, listening] = [await usage(), Date.now()];
  await delay(listenMs);
  const [silent, end] = [await usage(), Date.now()];
  const requests = (await stage.plane.auditedRequests()).filter((request) => !isQuiet(request));
  const between = (from: number, to: number) => requests.filter(({ at }) => at >= from && at < to);
  return {
    seconds,
    usage: { before, running: atRunning, resting, silent },
    requests: { settling: between(created, settled), silent: between(listening, end) },
  };
}

function cluster(index: number): Manifest {
  return {
    apiVersion: "postgres-operator.smoketurner.com/v1alpha1",
    kind: "PostgresCluster",
    metadata: { namespace, name: `orders${String(index).padStart(2, "0")}` },
    spec: { version: "16", replicas: 3, storage: { size: "1Gi" }, tls: { enabled: false } },
  };
}

async function running(client: GroundClient): Promise<number> {
  const listed = await client.list(`${clusters}/namespaces/${namespace}/postgresclusters`);
  return listed.filter((each) => stringAt(each, "status", "phase") === "Running").length;
}

async function watches(stage: Stage): Promise<boolean> {
  const requests = await stage.plane.auditedRequests();
  return requests.some(({ verb, resource }) => verb === "watch" && resource === "postgresclusters");
}

function speed({ seconds, usage: { before, running }, requests: { settling } }: Life): Row[] {
  const reads = settling.filter(isRead);
  const writes = settling.filter((request) => !isRead(request));
  return [
    {
      what: "time until all clusters were Running",
      value: seconds,
      unit: "s",
      target: { is: "at most", limit: 26 },
      note: "none forgotten",
    },
    {
      what: "CPU time for it",
      value: running.cpuSeconds - before.cpuSeconds,
      unit: "s",
      target: { is: "at most", limit: 5 },
      note: "there 2.6 s",
    },
    { what: "resident memory then", value: running.residentMb, unit: "MB", note: "there 27 MB" },
    { what: "writes for each", value: writes.length / count, unit: "", note: breakdown(writes, count) },
    { what: "reads for each", value: reads.length / count, unit: "", note: breakdown(reads, count) },
  ];
}

function silence({ usage: { resting, silent }, requests }: Life): Row[] {
  const writes = requests.silent.filter(isWork);
  return [
    {
      what: "writes in 30 s at rest",
      value: writes.length,
      unit: "",
      target: { is: "at most", limit: 0 },
      note: writes[0] === undefined ? "there 1.7 a second" : `${writes[0].verb} ${writes[0].uri}`,
    },
    { what: "reads in these 30 s", value: requests.silent.filter(isRead).length, unit: "" },
    { what: "CPU time in these 30 s", value: (silent.cpuSeconds - resting.cpuSeconds) * 1_000, unit: "ms" },
    { what: "resident memory then", value: silent.residentMb, unit: "MB" },
  ];
}
