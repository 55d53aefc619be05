/**
 * Many minimal MultigresClusters at once, on a control plane that reacts to everything the operator makes: how long until
 * all are Healthy, what that costs, whether there is silence afterwards, and how long until nothing is left of them.
 * The limit is taken in the same run (`fleet_limit.ts`): the rest is the operator's.
 */
import type { AuditedRequest } from "../ground/audit.ts";
import { GroundClient } from "../ground/client.ts";
import { installDefinitions } from "../ground/operator.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import {
  type Collection,
  countLeft,
  createClusters,
  deleteClusters,
  type Fleet,
  fleetOf,
  healthyClusters,
  prepareNamespaces,
} from "./fleet_clusters.ts";
import { measureLimit, type Sample, takeSample } from "./fleet_limit.ts";
import {
  fillCache,
  isQuiet,
  type RunningOperator,
  startOperator,
  user,
  variants,
  whyEnded,
} from "./operator.ts";
import { type ProcessUsage, usageOf } from "./process.ts";
import { breakdown, isRead } from "./requests.ts";

/** What must keep to which limits, by the number of clusters. */
interface Size {
  readonly count: number;
  readonly cpuSeconds: number;
  readonly residentMb: number;
}

export const fleet50: Benchmark = fleetOfSize({ count: 50, cpuSeconds: 10, residentMb: 100 });
export const fleet200: Benchmark = fleetOfSize({ count: 200, cpuSeconds: 40, residentMb: 130 });

/** How many times the limit of the control plane the operator may take. */
const mostTimesLimit = 1.5;

/** After the last cluster is Healthy, statuses and events may still be under way for this long. */
const afterglowMs = 5_000;
/** How long it is then listened to whether the operator is silent. */
const listenMs = 30_000;
const patienceMs = 900_000;
const lookEveryMs = 500;

/** Kinds in the order in which they are last seen when clusters go. */
const leaving: readonly Collection[] = [
  "clusters",
  "shards",
  "tableGroups",
  "cells",
  "topoServers",
  "deployments",
  "statefulSets",
  "services",
  "configMaps",
  "secrets",
  "budgets",
  "pods",
];

function fleetOfSize(size: Size): Benchmark {
  return {
    name: `fleet-${size.count}`,
    parts: "all",
    options: { auditedUser: user },
    run: (stage) => run(stage, size),
  };
}

async function run(stage: Stage, size: Size): Promise<readonly Table[]> {
  using client = new GroundClient(stage.plane.connection);
  await installDefinitions(client);
  const variant = (await variants(stage)).at(-1);
  if (variant === undefined) throw new Error("Cannot measure as there is no way to run the operator");
  const fleet = fleetOf(size.count, "fleet", stage.plane.etcd);
  await prepareNamespaces(client, fleet);
  await fillCache(variant);
  const operator = await startOperator(stage, variant);
  const life = await lifeOf({ stage, client, operator, fleet }).finally(() =>
    operator.process.stop("SIGTERM", 15_000)
  );
  stage.say(`${life.sample.objects.length} objects a cluster, applied straight ...`);
  const limit = await measureLimit(client, fleetOf(size.count, "limit", stage.plane.etcd), life.sample);
  const rows = [...speed(life, limit), ...cost(life, size), ...silence(life), ...end(life)];
  return [{ title: `fleet: ${size.count} minimal MultigresClusters, operator ${variant.name}`, rows }];
}

interface Scene {
  readonly stage: Stage;
  readonly client: GroundClient;
  readonly operator: RunningOperator;
  readonly fleet: Fleet;
}

/** What was seen of a fleet from its creation to its end. */
interface Life {
  readonly count: number;
  readonly sample: Sample;
  readonly settleSeconds: number;
  readonly removalSeconds: number;
  /** Before the first cluster, when all are Healthy, and when all are gone. */
  readonly usage: Readonly<Record<"before" | "settled" | "silent" | "gone", ProcessUsage>>;
  readonly requests: Readonly<Record<"settling" | "silent" | "removing", readonly AuditedRequest[]>>;
}

async function lifeOf(scene: Scene): Promise<Life> {
  const { stage, client, operator, fleet } = scene;
  const { count } = fleet;
  const usage = () => usageOf(operator.process.pid);
  await waitFor("the operator to watch", () => watches(stage), { hopeless: () => whyEnded(operator) });
  await delay(afterglowMs);
  const before = await usage();
  stage.say(`${count} clusters are created ...`);
  const created = Date.now();
  const settleSeconds = await timed(async () => {
    await createClusters(client, fleet);
    await until("the clusters to be Healthy", scene, async () => count - await healthyClusters(client));
  });
  await delay(afterglowMs);
  const settled = await usage();
  const listening = Date.now();
  stage.say(`Healthy after ${settleSeconds.toFixed(1)} s; is there silence for ${listenMs / 1000} s?`);
  await delay(listenMs);
  const [silent, deleting, sample] = [await usage(), Date.now(), await takeSample(client, fleet)];
  stage.say("They are deleted ...");
  const removalSeconds = await timed(async () => {
    await deleteClusters(client, fleet);
    for (const kind of leaving) {
      await until(`${kind} to be gone`, scene, () => countLeft(client, fleet, kind));
    }
  });
  const requests = (await stage.plane.auditedRequests()).filter((request) => !isQuiet(request));
  const between = (from: number, to: number) => requests.filter(({ at }) => at >= from && at < to);
  return {
    count,
    sample,
    settleSeconds,
    removalSeconds,
    usage: { before, settled, silent, gone: await usage() },
    requests: {
      settling: between(created, listening),
      silent: between(listening, deleting),
      removing: between(deleting, Infinity),
    },
  };
}

/** Waits until a count has come down to nothing. */
async function until(what: string, { operator }: Scene, count: () => Promise<number>): Promise<void> {
  const options = { timeoutMs: patienceMs, intervalMs: lookEveryMs, hopeless: () => whyEnded(operator) };
  await waitUntil(what, count, (left) => left === 0, options);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function watches(stage: Stage): Promise<boolean> {
  const requests = await stage.plane.auditedRequests();
  return requests.some(({ verb, resource }) => verb === "watch" && resource === "multigresclusters");
}

function speed({ count, sample, settleSeconds }: Life, limit: number): Row[] {
  const objects = sample.objects.length;
  const note = `${count * objects} objects, ${count * sample.pods} pods`;
  return [
    { what: "time until all clusters were Healthy", value: settleSeconds, unit: "s" },
    { what: "the same objects applied straight", value: limit, unit: "s", note },
    {
      what: "times the limit of the control plane",
      value: settleSeconds / limit,
      unit: "",
      target: { is: "at most", limit: mostTimesLimit },
    },
  ];
}

function cost(
  { count, usage: { before, settled, silent }, requests: { settling } }: Life,
  size: Size,
): Row[] {
  const reads = settling.filter(isRead);
  const writes = settling.filter((request) => !isRead(request));
  return [
    {
      what: "CPU time until all clusters were Healthy",
      value: settled.cpuSeconds - before.cpuSeconds,
      unit: "s",
      target: { is: "at most", limit: size.cpuSeconds },
    },
    { what: "resident memory before", value: before.residentMb, unit: "MB" },
    {
      what: "resident memory when all are Healthy",
      value: settled.residentMb,
      unit: "MB",
      target: { is: "at most", limit: size.residentMb },
    },
    { what: "resident memory after 30 s more", value: silent.residentMb, unit: "MB" },
    { what: "resident memory at most", value: silent.peakMb, unit: "MB" },
    {
      what: "growth for each cluster",
      value: 1000 * (silent.residentMb - before.residentMb) / count,
      unit: "KB",
    },
    { what: "writes for each", value: writes.length / count, unit: "", note: breakdown(writes, count) },
    { what: "reads for each", value: reads.length / count, unit: "", note: breakdown(reads, count) },
  ];
}

function silence({ usage: { settled, silent }, requests }: Life): Row[] {
  const [first, second] = requests.silent.map(({ verb, uri }) => `${verb} ${uri}`);
  return [
    {
      what: "requests in the next 30 s besides watches and the lease",
      value: requests.silent.length,
      unit: "",
      target: { is: "at most", limit: 0 },
      ...(first === undefined
        ? {}
        : { note: [first, second].filter((each) => each !== undefined).join(", ") }),
    },
    { what: "CPU time in these 30 s", value: (silent.cpuSeconds - settled.cpuSeconds) * 1000, unit: "ms" },
  ];
}

function end({ count, removalSeconds, usage: { silent, gone }, requests: { removing } }: Life): Row[] {
  return [
    {
      what: "time until nothing was left",
      value: removalSeconds,
      unit: "s",
      note: "but claims that are to stay",
    },
    { what: "CPU time for it", value: gone.cpuSeconds - silent.cpuSeconds, unit: "s" },
    {
      what: "requests for each that goes",
      value: removing.length / count,
      unit: "",
      note: breakdown(removing, count),
    },
    { what: "resident memory when all are gone", value: gone.residentMb, unit: "MB" },
  ];
}
