/** What an operator sees of a world: objects through a cache that may be behind, instances by their own answers. */
import type {
  Drift,
  Evidence,
  LifeClaim,
  LifePod,
  LifeShard,
  PodState,
  StrayPooler,
} from "../../../controllers/shard/life/model.ts";
import { leaderOf } from "./turn.ts";
import {
  drainAt,
  GRACE_SECONDS,
  groupKey,
  type Process,
  type World,
  type WorldClaim,
  type WorldPod,
} from "./world.ts";

/** Copies of objects as they were when they were last heard of. */
export interface Cache {
  pods: Map<string, WorldPod>;
  claims: Map<string, WorldClaim>;
}

export function freshCache(world: World): Cache {
  const copy = <T>(objects: Map<string, T>) =>
    new Map([...objects].map(([name, object]) => [name, { ...object }]));
  return { pods: copy(world.pods), claims: copy(world.claims) };
}

/** The model as the controller would fill it. */
export function observe(world: World, cache: Cache, withoutPrimarySeconds: number): LifeShard {
  const { wanted, faults, removal, orchestrators, now } = world;
  const { policy } = wanted;
  return {
    durability: world.need,
    pools: world.groups.map(({ pool, cell }) => ({
      pool,
      cell,
      replicas: wanted.replicas.get(groupKey({ pool, cell })) ?? 0,
      policy,
    })),
    pods: [...cache.pods.values()].map((pod) => lifePod(world, pod)),
    claims: [...cache.claims.values()].map((claim) => lifeClaim(world, claim)),
    strays: strays(world, cache),
    topology: faults.topologyDown
      ? { kind: "unreachable", why: "connection refused" }
      : { kind: world.records.size === 0 ? "empty" : "known" },
    withoutPrimarySeconds,
    backupHealthy: !faults.backupUnhealthy,
    adoptOperatorChanges: wanted.adopt,
    policy,
    orchestrators: orchestrators.present
      ? { kind: "present" }
      : orchestrators.endingAt === undefined
      ? { kind: "gone" }
      : { kind: "ending", sinceSeconds: now - orchestrators.endingAt },
    ...(removal === undefined ? {} : { removal: { kind: removal.kind, sinceSeconds: now - removal.at } }),
  };
}

function lifePod(world: World, pod: WorldPod): LifePod {
  const { now, faults } = world;
  const pending = pod.fileSystemPendingAt;
  return {
    name: pod.name,
    pool: pod.pool,
    cell: pod.cell,
    index: pod.index,
    state: stateOf(world, pod),
    ageSeconds: now - pod.createdAt,
    drift: driftOf(world, pod),
    ...drainAt(pod.drain, now),
    evidence: evidenceOf(world, pod.name),
    ...(faults.lostNodes.has(pod.name) ? { lostNode: "node" } : {}),
    ...(pending === undefined ? {} : { fileSystemPendingSeconds: now - pending }),
    ...(pod.drained ? { aside: "drained" as const } : {}),
    ...(isQuarantined(world, pod) ? { aside: "quarantined" as const } : {}),
  };
}

function isQuarantined(world: World, pod: WorldPod): boolean {
  return pod.quarantined && !world.faults.topologyDown;
}

function stateOf({ now }: World, pod: WorldPod): PodState {
  const seconds = now - pod.phaseAt;
  if (pod.deletedAt !== undefined) {
    return { kind: "terminating", sinceSeconds: now - pod.deletedAt, graceSeconds: GRACE_SECONDS };
  }
  switch (pod.phase) {
    case "pending":
      return { kind: "pending", unschedulable: seconds > 5, seconds };
    case "starting":
    case "notReady":
      return { kind: pod.phase, seconds };
    case "crashLooping":
      return { kind: "crashLooping", vital: true, why: "container postgres", seconds };
    case "failed":
      return { kind: "failed", why: "evicted" };
    case "ready":
      return { kind: "ready" };
  }
}

function driftOf({ wanted }: World, { made, reloaded }: WorldPod): Drift {
  if (made.user !== wanted.generations.user) return "user";
  if (reloaded !== wanted.reload) return "config-reload";
  return made.operator === wanted.generations.operator ? "none" : "operator";
}

function evidenceOf(world: World, name: string): Evidence {
  const record = world.records.get(name);
  if (world.faults.topologyDown) return { kind: "stale" };
  if (record === undefined) return { kind: "none" };
  const pod = world.pods.get(name);
  if (pod?.process === undefined || world.faults.unanswered.has(name)) {
    return { kind: "stale", ...(record.term === undefined ? {} : { claim: record.term }) };
  }
  return answerOf(world, pod, pod.process);
}

function answerOf(world: World, pod: WorldPod, process: Process): Evidence {
  const leads = leaderOf(world) === pod;
  const ready = process.initializedAt <= world.now;
  const role = ready ? "standby" : "unknown";
  return {
    kind: "fresh",
    role: leads ? "primary" : role,
    ...(leads && process.term !== undefined ? { term: process.term } : {}),
    streaming: process.streaming,
    inCohort: world.cohort.has(pod.name),
    active: ready && pod.deletedAt === undefined && !pod.quarantined,
    resigning: process.resigning,
    lagBytes: process.lagBytes,
  };
}

function lifeClaim({ wanted, faults }: World, claim: WorldClaim): LifeClaim {
  return {
    name: claim.name,
    ...(claim.slot === undefined ? {} : { slot: claim.slot }),
    requestedBytes: claim.bytes,
    wantedBytes: wanted.bytes,
    growable: !faults.rigidClass,
    orphan: claim.orphan,
    owned: claim.owned,
    lost: claim.lost,
    terminating: claim.deleted,
  };
}

function strays(world: World, cache: Cache): StrayPooler[] {
  return [...world.records].filter(([name, { shutdown }]) => !shutdown && !cache.pods.has(name))
    .map(([name, { slot }]) => ({ id: name, slot }));
}
