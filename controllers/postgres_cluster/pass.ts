/** One look at a cluster: what was seen, what was done about it, and what that means for its phase. */
import { type ActResult, describeStep, NAME_TAKEN } from "../../kube/act.ts";
import type { Clock } from "../../kube/clock.ts";
import type { Statement } from "../../kube/conditions.ts";
import { isPermanent } from "../../kube/errors.ts";
import { type Change, isDue } from "./change.ts";
import { contradicts, type Evidence } from "./evidence.ts";
import type { HandOver } from "./hand_over.ts";
import type { Obstacle } from "./obstacles.ts";
import type { Observation } from "./observe.ts";
import type { Autoscaling } from "./autoscaling/autoscale.ts";
import type { Backups } from "./backups/backups.ts";
import type { Cluster } from "./shape.ts";
import { type Facts, isWell } from "./state_machine.ts";

export interface Pass {
  /** The cluster as its user wants it. */
  readonly wanted: Cluster;
  readonly seen: Observation;
  /** Members that there should be. */
  readonly desired: number;
  readonly evidence: Evidence;
  readonly change: Change;
  readonly handOver: HandOver | undefined;
  readonly obstacle: Obstacle | undefined;
  readonly result: ActResult;
  readonly certificates: Statement | undefined;
  readonly autoscaling: Autoscaling;
  /** Undefined without backups, and while no member can be asked. */
  readonly backups: Backups | undefined;
}

/** A cluster that is not there after this many seconds says so. */
export const CREATING_SECONDS = 600;
export const CREATING_TIMEOUT = "CreatingTimeout";

/** Whether another cluster has taken this one's place: its objects are then left as they are. */
export function isSuperseded({ status }: Pick<Cluster, "status">): boolean {
  return status?.phase === "Superseded" || status?.successor !== undefined;
}

/** What decides about the phase. `failure` is what {@link failureOf} found. */
export function factsOf(pass: Pass, failure: Obstacle | undefined): Facts {
  const { seen: { cluster, statefulSet, members }, desired, evidence, change } = pass;
  const { status, metadata } = cluster;
  const staying = members.filter(({ ordinal }) => ordinal < desired);
  const standing = statefulSet?.spec?.replicas;
  return {
    deleting: false,
    superseded: isSuperseded(cluster),
    failed: failure !== undefined,
    applied: statefulSet !== undefined,
    ready: staying.filter(({ ready }) => ready).length,
    desired,
    contradicted: contradicts(evidence),
    countChanged: wasOther(status?.replicas, desired) || wasOther(standing, desired),
    surplus: members.length > staying.length,
    rolling: change.kind !== "held" && staying.some((member) => isDue(member, pass)),
    specChanged: metadata.generation !== status?.observedGeneration,
    stuck: staying.some(({ fault }) => fault !== undefined),
  };
}

/** A number that was not known before is no change. */
function wasOther(before: number | undefined, now: number): boolean {
  return before !== undefined && before !== 0 && before !== now;
}

/**
 * What makes the cluster Failed, the gravest first. A request that failed and may go well the next time does not: it is
 * tried again, and told in `lastError`.
 */
export function failureOf(pass: Pass, clock: Pick<Clock, "now">): Obstacle | undefined {
  const { obstacle, result } = pass;
  if (obstacle !== undefined) return obstacle;
  if (result.kind === "failed" && isPermanent(result.error)) {
    const message = `Cannot ${describeStep(result.step)}: ${result.error.message}`;
    return { reason: "ReconciliationFailed", message, afterSeconds: 0 };
  }
  if (result.kind === "waiting" && result.wait.reason === NAME_TAKEN) {
    const { message, afterSeconds } = result.wait;
    return { reason: NAME_TAKEN, message, afterSeconds };
  }
  return creatingTimeout(pass, clock);
}

/** Once said, it holds until the members are well: it names what to look at. */
function creatingTimeout(pass: Pass, clock: Pick<Clock, "now">): Obstacle | undefined {
  const { seen: { cluster, volumes, members } } = pass;
  const { phase, phaseStartedAt, conditions } = cluster.status ?? {};
  const ready = conditions?.find(({ type }) => type === "Ready");
  const isSaid = phase === "Failed" && ready?.reason === CREATING_TIMEOUT;
  const isLate = phase === "Creating" && secondsSince(phaseStartedAt, clock) > CREATING_SECONDS;
  if (!isSaid && !isLate) return undefined;
  if (isWell(factsOf(pass, undefined))) return undefined;
  const pending = volumes.find(({ claim }) => claim.status?.phase === "Pending");
  const fault = members.find((member) => member.fault !== undefined)?.fault;
  const storageClass = pending?.claim.spec?.storageClassName ?? "default";
  const why = pending !== undefined
    ? `claim ${pending.claim.metadata.name} is not bound: look at StorageClass ${storageClass} and its provisioner`
    : fault ?? "look at the events of its pods";
  const message = `The cluster is not there after ${CREATING_SECONDS / 60} minutes: ${why}.`;
  return { reason: CREATING_TIMEOUT, message, afterSeconds: 0 };
}

/** Seconds since a time in RFC 3339; 0 for none. */
export function secondsSince(time: string | undefined, clock: Pick<Clock, "now">): number {
  const since = Date.parse(time ?? "");
  return Number.isNaN(since) ? 0 : (clock.now().getTime() - since) / 1_000;
}
