/** How far standbys are behind, and how that is told without a write for every byte. */
import type { ReplicaLag } from "../../api/smoketurner/postgres_cluster/pod_status.ts";
import type { Scaling } from "../../api/smoketurner/postgres_cluster/scaling.ts";
import type { PostgresClusterStatus } from "../../api/smoketurner/postgres_cluster/status.ts";
import type { Clock } from "../../kube/clock.ts";
import { timestamp } from "../../kube/conditions.ts";
import { isLeader, type PatroniCluster } from "../../postgres/patroni/report.ts";

const DEFAULT_THRESHOLD_SECONDS = 30;
const DEFAULT_MEGABYTES = 100;
/** A megabyte of `estimatedThroughputMbPerSec`, in bytes. */
const MEGABYTE = 1_000_000;
/** Numbers that changed but mean the same are written again after so many milliseconds at the earliest. */
const REFRESH_MS = 60_000;

/** Seconds of `30s`, `5m` or `1m30s`, in any case; undefined when the text is none of these. */
export function secondsOf(text: string): number | undefined {
  const parts = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(text.trim().toLowerCase());
  if (parts === null || (parts[1] === undefined && parts[2] === undefined)) return undefined;
  return Number(parts[1] ?? 0) * 60 + Number(parts[2] ?? 0);
}

/** Lag from which on a standby is too far behind, in bytes. */
export function lagLimit(scaling: Scaling | undefined): number {
  const { lagThresholdBytes, replicationLagThreshold = "", estimatedThroughputMbPerSec } = scaling ?? {};
  if (lagThresholdBytes !== undefined) return lagThresholdBytes;
  const seconds = secondsOf(replicationLagThreshold) ?? DEFAULT_THRESHOLD_SECONDS;
  return Math.trunc(seconds * (estimatedThroughputMbPerSec ?? DEFAULT_MEGABYTES) * MEGABYTE);
}

type LagStatus = Pick<PostgresClusterStatus, "replicationLag" | "maxReplicationLagBytes" | "replicasLagging">;

/**
 * What is said of lags. What was said stays while it means the same, and is not a minute old: Patroni counts bytes, and
 * each write of a status costs everybody who watches it.
 */
export function lagStatus(
  report: PatroniCluster,
  scaling: Scaling | undefined,
  before: PostgresClusterStatus | undefined,
  clock: Clock,
): LagStatus {
  const now = clock.now();
  const standbys = report.members.filter((member) => !isLeader(member));
  const limit = lagLimit(scaling);
  const measured: ReplicaLag[] = standbys.map(({ name, lagBytes, state }) => ({
    podName: name,
    ...(lagBytes === undefined ? {} : { lagBytes, lagTime: timeOf(lagBytes, scaling) }),
    exceedsThreshold: lagBytes !== undefined && lagBytes > limit,
    lastMeasured: timestamp(now),
    state,
  })).sort((a, b) => a.podName < b.podName ? -1 : 1);
  const said = before?.replicationLag;
  const lags = said !== undefined && isStillTrue(said, measured, now) ? [...said] : measured;
  const known = lags.flatMap(({ lagBytes }) => lagBytes ?? []);
  return {
    replicationLag: lags,
    ...(known.length === 0 ? {} : { maxReplicationLagBytes: Math.max(...known) }),
    replicasLagging: lags.some(({ exceedsThreshold }) => exceedsThreshold),
  };
}

function isStillTrue(said: readonly ReplicaLag[], measured: readonly ReplicaLag[], now: Date): boolean {
  const meaning = ({ podName, exceedsThreshold, state, lagBytes }: ReplicaLag) =>
    [podName, exceedsThreshold, state, lagBytes === undefined].join();
  if (said.map(meaning).join(";") !== measured.map(meaning).join(";")) return false;
  const same = measured.every(({ lagBytes }, at) => lagBytes === said[at]?.lagBytes);
  const oldest = Math.min(...said.map(({ lastMeasured }) => Date.parse(lastMeasured ?? "") || 0));
  return same || now.getTime() - oldest < REFRESH_MS;
}

/** Bytes as the time that the primary takes to write them: `250ms`, `4.5s` or `2.0m`. */
function timeOf(bytes: number, scaling: Scaling | undefined): string {
  const seconds = bytes / ((scaling?.estimatedThroughputMbPerSec ?? DEFAULT_MEGABYTES) * MEGABYTE);
  if (seconds < 1) return `${Math.round(seconds * 1_000)}ms`;
  return seconds < 60 ? `${seconds.toFixed(1)}s` : `${(seconds / 60).toFixed(1)}m`;
}
