/** The life of a fleet under an operator, from its creation to its end, and what was seen of it. */
import type { AuditedRequest } from "../ground/audit.ts";
import type { GroundClient } from "../ground/client.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";
import type { Stage } from "./benchmark.ts";
import {
  type Collection,
  countLeft,
  countPods,
  createClusters,
  deleteClusters,
  type Fleet,
  healthyClusters,
} from "./fleet_clusters.ts";
import { lookEveryMs, type Sample, takeSample } from "./fleet_limit.ts";
import { isQuiet, type RunningOperator, whyEnded } from "./operator.ts";
import { type ProcessUsage, usageOf } from "./process.ts";

/** After the last cluster is Healthy, statuses and events may still be under way for this long. */
const afterglowMs = 5_000;
/**
 * The fake kubelet runs no poolers. Shards take that for healthy until two minutes after their pods are Ready, and then say
 * that they do not know; the operator is silent when the last one has said so.
 */
const graceMs = 130_000;
/** How long it is then listened to whether the operator is silent. */
const listenMs = 30_000;
const patienceMs = 900_000;

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
  // The default policy for them is Delete.
  "claims",
];

export interface Scene {
  readonly stage: Stage;
  readonly client: GroundClient;
  readonly operator: RunningOperator;
  readonly fleet: Fleet;
}

/** What was seen of a fleet from its creation to its end. */
export interface Life {
  readonly count: number;
  readonly sample: Sample;
  /** From the first cluster until all pods were Ready, and until each cluster was Healthy. */
  readonly readySeconds: number;
  readonly settleSeconds: number;
  readonly removalSeconds: number;
  /** Before the first cluster, when all are Healthy, before and after it is listened, and when all are gone. */
  readonly usage: Readonly<Record<"before" | "settled" | "resting" | "silent" | "gone", ProcessUsage>>;
  readonly requests: Readonly<Record<"settling" | "silent" | "removing", readonly AuditedRequest[]>>;
}

/** Creates a fleet, waits until it is Healthy and at rest, and deletes it. */
export async function lifeOf(scene: Scene): Promise<Life> {
  const { stage, client, operator, fleet } = scene;
  const { count } = fleet;
  const usage = () => usageOf(operator.process.pid);
  await waitFor("the operator to watch", () => watches(stage), { hopeless: () => whyEnded(operator) });
  await delay(afterglowMs);
  const before = await usage();
  stage.say(`${count} clusters are created ...`);
  const created = Date.now();
  await createClusters(client, fleet);
  const growth = await follow(scene, created);
  await delay(afterglowMs);
  const settled = await usage();
  const healthy = Date.now();
  const sample = await takeSample(client, fleet);
  const settleSeconds = (growth.at(-1)?.atMs ?? NaN) / 1000;
  const readySeconds = (growth.find(({ ready }) => ready >= count * sample.pods)?.atMs ?? NaN) / 1000;
  stage.say(`Healthy after ${settleSeconds.toFixed(1)} s; is there silence in the end?`);
  await delay(graceMs);
  const [resting, listening] = [await usage(), Date.now()];
  await delay(listenMs);
  const [silent, deleting] = [await usage(), Date.now()];
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
    readySeconds,
    settleSeconds,
    removalSeconds,
    usage: { before, settled, resting, silent, gone: await usage() },
    requests: {
      settling: between(created, healthy),
      silent: between(listening, deleting),
      removing: between(deleting, Infinity),
    },
  };
}

interface Moment {
  /** Since the first cluster was created. */
  readonly atMs: number;
  /** Pods that run. */
  readonly ready: number;
}

/** While pods are missing, clusters are looked at this seldom, in milliseconds; they stay Healthy for two minutes. */
const clustersEveryMs = 10_000;

/** Follows a fleet until each of its clusters was seen Healthy. */
async function follow(scene: Scene, created: number): Promise<Moment[]> {
  const { client, fleet, stage } = scene;
  const seen = new Set<string>();
  const moments: Moment[] = [];
  let looked = created;
  await until("the clusters to be Healthy", scene, async () => {
    const { running, pending } = await countPods(client, fleet);
    const note = () => moments.push({ atMs: Date.now() - created, ready: running });
    note();
    if (pending > 0 && Date.now() - looked < clustersEveryMs) return fleet.count - seen.size;
    for (const name of await healthyClusters(client)) seen.add(name);
    note();
    looked = Date.now();
    const seconds = Math.round((looked - created) / 1000);
    stage.say(
      `  ${seconds} s: ${running} pods run, ${pending} do not yet, ${seen.size} clusters are Healthy`,
    );
    return fleet.count - seen.size;
  });
  return moments;
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
