/** Fills the model that decisions are made from with what the stores and the poolers tell. */
import {
  drainRequestedAtAnnotation,
  drainStateAnnotation,
  pendingDeletionAnnotation,
  postgresReloadHashAnnotation,
} from "../../api/multigres/annotations.ts";
import {
  cellLabel,
  drainedRole,
  orphanSinceLabel,
  poolLabel,
  roleLabel,
} from "../../api/multigres/labels.ts";
import { poolPodName } from "../../api/multigres/names.ts";
import { parseQuantity } from "../../kube/quantity.ts";
import type { Cache } from "../../kube/cache.ts";
import { Nodes, StorageClasses } from "../../kube/kinds.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { isCertificateDue } from "./certificate_terms.ts";
import { backupClaimSize, dataClaimSize, poolPolicy, shardPolicy } from "./desired_claims.ts";
import { desiredPod } from "./desired_pod.ts";
import { adoptsOperatorChanges, driftOf } from "./drift.ts";
import type { Instances } from "./instances.ts";
import {
  type Drain,
  type DrainState,
  type Drift,
  durabilityOf,
  type LifeClaim,
  type LifePod,
  type LifeShard,
  type Orchestrators,
  type Removal,
  type Slot,
} from "./life/model.ts";
import type { Observation, SeenClaim, SeenPod } from "./observe.ts";
import { conditionOf, podStateOf, secondsSince } from "./pod_state.ts";
import { poolPath, type PoolView, poolViews, replicasOf } from "./view.ts";

export interface ModelSources {
  readonly seen: Observation;
  readonly instances: Instances;
  /** Whether the newest complete backup is recent; by what was said of it last, when absent. */
  readonly backupHealthy?: boolean;
  /** For nodes and storage classes. */
  readonly cache: Cache;
  /** Wall clock. */
  readonly now: Date;
}

export function lifeModelOf(sources: ModelSources): LifeShard {
  const { seen, instances, now } = sources;
  const { owner } = seen.view;
  const pools = poolViews(seen.view);
  const removal = removalOf(owner, now);
  return {
    durability: durabilityOf(owner.spec.durabilityPolicy),
    pools: pools.map((pool) => ({
      pool: pool.name,
      cell: pool.cell,
      replicas: replicasOf(pool),
      policy: poolPolicy(pool),
    })),
    pods: seen.pods.map((pod) => lifePod(pod, { pools, leaves: removal !== undefined }, sources)),
    claims: seen.claims.map((claim) => lifeClaim(claim, pools, sources)),
    strays: instances.strays,
    topology: instances.topology,
    withoutPrimarySeconds: withoutPrimary(owner, now),
    backupHealthy: sources.backupHealthy ?? conditionOf(owner, "BackupHealthy")?.status === "True",
    adoptOperatorChanges: adoptsOperatorChanges(owner),
    policy: shardPolicy(seen.view),
    orchestrators: orchestratorsOf(seen, removal, now),
    ...(removal === undefined ? {} : { removal }),
  };
}

interface Surroundings {
  readonly pools: readonly PoolView[];
  /** Whether the shard is being removed: then nobody asks what its pods should be like. */
  readonly leaves: boolean;
}

function lifePod(
  pod: SeenPod,
  { pools, leaves }: Surroundings,
  { seen, instances, cache, now }: ModelSources,
): LifePod {
  const { metadata } = pod;
  const slot = slotOf(metadata);
  const drain = drainOf(metadata.annotations, now);
  const lostNode = lostNodeOf(pod, cache);
  const claim = seen.claims.find((each) => each.metadata.name === `data-${metadata.name}`);
  const resizing = claim === undefined ? undefined : conditionOf(claim, "FileSystemResizePending");
  const aside = asideOf(pod, instances);
  const pool = pools.find(({ name, cell }) => name === slot.pool && cell === slot.cell);
  return {
    ...slot,
    name: metadata.name,
    state: podStateOf(pod, now),
    ageSeconds: secondsSince(metadata.creationTimestamp, now),
    drift: leaves ? "none" : driftOfPod(pod, pool, slot.index, now),
    ...(drain === undefined ? {} : { drain }),
    evidence: instances.byPod.get(metadata.name) ?? { kind: "none" },
    ...(lostNode === undefined ? {} : { lostNode }),
    ...(resizing?.status === "True"
      ? { fileSystemPendingSeconds: secondsSince(resizing.lastTransitionTime, now) }
      : {}),
    ...(aside === undefined ? {} : { aside }),
  };
}

type Named = Frozen<KubeObject>["metadata"];

/** `<pool's name>-<index>`; what ends in no number is the last of all. */
function slotOf({ name, labels = {} }: Named): Slot {
  const index = /-(\d+)$/.exec(name)?.[1];
  return {
    pool: labels[poolLabel] ?? "",
    cell: labels[cellLabel] ?? "",
    index: index === undefined ? Infinity : Number(index),
  };
}

const drainStates: ReadonlyMap<string, DrainState> = new Map([
  ["requested", "requested"],
  ["draining", "draining"],
  ["acknowledged", "acknowledged"],
  ["ready-for-deletion", "readyForDeletion"],
]);

/** A state that nobody knows counts as the first: whoever wrote it wanted the pod to go. */
function drainOf(annotations: Named["annotations"] = {}, now: Date): Drain | undefined {
  const state = annotations[drainStateAnnotation];
  if (state === undefined) return undefined;
  return {
    state: drainStates.get(state) ?? "requested",
    sinceSeconds: secondsSince(annotations[drainRequestedAtAnnotation], now),
  };
}

/** How a state stands in the annotation. */
export function drainStateText(state: DrainState): string {
  return state === "readyForDeletion" ? "ready-for-deletion" : state;
}

function lostNodeOf(pod: SeenPod, cache: Cache): string | undefined {
  const name = pod.spec?.nodeName;
  if (name === undefined) return undefined;
  const node = cache.get(Nodes, { name });
  if (node === undefined) return cache.isCurrent(Nodes) ? name : undefined;
  const ready = conditionOf(node, "Ready");
  return ready === undefined || ready.status === "True" ? undefined : name;
}

function asideOf({ metadata }: SeenPod, instances: Instances): LifePod["aside"] {
  if (metadata.labels?.[roleLabel] === drainedRole) return "drained";
  return instances.quarantined.has(metadata.name) ? "quarantined" : undefined;
}

function driftOfPod(pod: SeenPod, pool: PoolView | undefined, index: number, now: Date): Drift {
  if (pool === undefined || !Number.isFinite(index)) return "none";
  const desired = desiredPod(pool, index);
  if (!desired.ok) return "none";
  const { config, instanceCertificate } = pool.shard;
  // Without settings no other pod could take its place.
  if (config !== undefined && isCertificateDue(pod, instanceCertificate, now)) return "user";
  const drift = driftOf(pod, desired.pod);
  const wanted = desired.pod.metadata.annotations?.[postgresReloadHashAnnotation];
  const has = pod.metadata.annotations?.[postgresReloadHashAnnotation];
  const reloads = wanted !== undefined && has !== wanted && pod.metadata.deletionTimestamp === undefined;
  return drift !== "user" && reloads ? "config-reload" : drift;
}

function lifeClaim(claim: SeenClaim, pools: readonly PoolView[], { seen, cache }: ModelSources): LifeClaim {
  const { metadata, spec, status } = claim;
  const isBackup = claim.metadata.name === seen.backupClaim?.metadata.name;
  const slot = isBackup || metadata.labels?.[poolLabel] === undefined ? undefined : slotOf(metadata);
  const pool = pools.find(({ name, cell }) => name === slot?.pool && cell === slot.cell);
  const wanted = parseQuantity(isBackup ? backupClaimSize(seen.view) : pool && dataClaimSize(pool));
  return {
    name: metadata.name,
    ...(slot === undefined ? {} : { slot }),
    requestedBytes: parseQuantity(spec?.resources?.requests?.["storage"]) ?? 0,
    ...(wanted === undefined ? {} : { wantedBytes: wanted }),
    growable: isGrowable(spec?.storageClassName, cache),
    orphan: metadata.labels?.[orphanSinceLabel] !== undefined,
    owned: metadata.ownerReferences?.some(({ uid }) => uid === seen.view.owner.metadata.uid) ?? false,
    lost: status?.phase === "Lost",
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** Where classes cannot be read, the API server is the judge. */
function isGrowable(name: string | undefined, cache: Cache): boolean {
  const found = name === undefined ? undefined : cache.get(StorageClasses, { name });
  return found === undefined || found.allowVolumeExpansion === true;
}

function withoutPrimary(owner: Observation["view"]["owner"], now: Date): number {
  const primary = conditionOf(owner, "PrimaryAvailable");
  if (primary?.status === "True") return 0;
  return secondsSince(primary?.lastTransitionTime ?? owner.metadata.creationTimestamp, now);
}

/** Pods that the garbage collector has not come to yet end since the shard's removal began. */
function orchestratorsOf(
  { orchestrators, orchestratorPods }: Observation,
  removal: Removal | undefined,
  now: Date,
): Orchestrators {
  if (orchestrators.length === 0 && orchestratorPods.length === 0) return { kind: "gone" };
  const ending = orchestrators.map(({ metadata }) => metadata.deletionTimestamp);
  if (ending.some((time) => time === undefined)) return { kind: "present" };
  const times = [...ending, ...orchestratorPods.map(({ metadata }) => metadata.deletionTimestamp)];
  const [first] = times.filter((time) => time !== undefined).sort();
  const sinceSeconds = first === undefined ? removal?.sinceSeconds ?? 0 : secondsSince(first, now);
  return { kind: "ending", sinceSeconds };
}

function removalOf({ metadata }: Observation["view"]["owner"], now: Date): Removal | undefined {
  if (metadata.deletionTimestamp !== undefined) {
    return { kind: "delete", sinceSeconds: secondsSince(metadata.deletionTimestamp, now) };
  }
  const asked = metadata.annotations?.[pendingDeletionAnnotation];
  return asked === undefined ? undefined : { kind: "prepare", sinceSeconds: secondsSince(asked, now) };
}

/** Name of the pod of a slot. */
export function podNameOf(pool: PoolView, index: number): string {
  return poolPodName(poolPath(pool), index);
}
