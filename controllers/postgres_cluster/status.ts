/** The status of a cluster, worked out from one look and written as a whole: what is not said any more is gone. */
import { clusterAddresses } from "../../api/smoketurner/names.ts";
import type { PostgresClusterStatus } from "../../api/smoketurner/postgres_cluster/status.ts";
import type { RestoredFrom } from "../../api/smoketurner/postgres_cluster/backup_status.ts";
import type { Clock } from "../../kube/clock.ts";
import { mergeConditions, timestamp } from "../../kube/conditions.ts";
import { backupStatusOf } from "./backups/status.ts";
import { wantedPoolers } from "./desired_pooler.ts";
import { reportOf } from "./evidence.ts";
import { errorsOf, errorText } from "./errors.ts";
import { lagStatus } from "./lag.ts";
import { primaryOf } from "./members.ts";
import type { Obstacle } from "./obstacles.ts";
import { factsOf, failureOf, type Pass } from "./pass.ts";
import { podInfos, podResizes } from "./pod_statuses.ts";
import { type Cluster, nameOf, namesOf, namespaceOf } from "./shape.ts";
import { nextTransition, type Phase, type Transition } from "./state_machine.ts";
import { statementsOf } from "./statements.ts";

/** Belongs to whoever replaces clusters, and is never written here. */
export type OwnStatus = Omit<PostgresClusterStatus, "successor" | "origin">;

export interface Judgement {
  readonly status: OwnStatus;
  readonly failure: Obstacle | undefined;
  readonly transition: Transition | undefined;
  /** Whether the phase passes over to another at once, at the next look, even if nothing else changes. */
  readonly isPassing: boolean;
}

/** The status to write, and how the phase came about. */
export function judgementOf(pass: Pass, clock: Clock): Judgement {
  const { wanted } = pass;
  const before = wanted.status;
  const failure = failureOf(pass, clock);
  const facts = factsOf(pass, failure);
  const phaseBefore = before?.phase ?? "Pending";
  const transition = nextTransition(phaseBefore, facts);
  const phase = transition?.to ?? phaseBefore;
  const { generation } = wanted.metadata;
  const conditions = mergeConditions(before?.conditions, statementsOf(pass, phase, failure), {
    generation,
    clock,
  });
  const status: OwnStatus = {
    phase,
    phaseStartedAt: before?.phase === phase ? before.phaseStartedAt ?? now(clock) : now(clock),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    replicas: pass.desired,
    readyReplicas: pass.seen.members.filter(({ ready }) => ready).length,
    previousReplicas: previousReplicas(before, pass.desired),
    ...rolesOf(pass),
    ...versionOf(wanted, pass, phase),
    ...errorsOf(before, errorText(pass, failure), { isFailed: failure !== undefined, phase, clock }),
    ...poolingOf(wanted, pass),
    pods: podInfos(pass.seen.members),
    resizeStatus: podResizes(pass.seen.members, before?.resizeStatus, clock),
    allPodsSynced: podInfos(pass.seen.members).every(({ specApplied }) => specApplied),
    ...lagsOf(pass, before, clock),
    connectionInfo: connectionInfo(wanted, pass.desired),
    ...backupOf(pass, clock),
    ...restoredFrom(wanted, phase, clock),
    conditions,
  };
  return { status, failure, transition, isPassing: isPassing(pass, status, failure) };
}

function isPassing(pass: Pass, status: OwnStatus, failure: Obstacle | undefined): boolean {
  const { seen } = pass;
  const next: Pass = { ...pass, seen: { ...seen, cluster: { ...seen.cluster, status } } };
  return nextTransition(status.phase, factsOf(next, failure)) !== undefined;
}

function now(clock: Pick<Clock, "now">): string {
  return timestamp(clock.now());
}

function previousReplicas(before: PostgresClusterStatus | undefined, desired: number): number {
  if (before === undefined || before.replicas === 0) return desired;
  return before.replicas === desired ? before.previousReplicas ?? desired : before.replicas;
}

/** As Patroni labelled the pods: Services follow the same labels. */
function rolesOf({ seen: { members } }: Pass): Pick<OwnStatus, "primaryPod" | "replicaPods"> {
  const primary = primaryOf(members);
  const standbys = members.filter(({ role, leaving }) => role === "standby" && !leaving).map(({ name }) =>
    name
  );
  return {
    ...(primary === undefined ? {} : { primaryPod: primary.name }),
    ...(standbys.length === 0 ? {} : { replicaPods: standbys }),
  };
}

/** What has run once is known from then on, whatever is wished later. */
function versionOf(
  { status }: Cluster,
  { seen }: Pass,
  phase: Phase,
): Pick<OwnStatus, "currentVersion"> {
  const hasRun = phase === "Running" ? seen.cluster.spec.version : undefined;
  const currentVersion = status?.currentVersion ?? hasRun;
  return currentVersion === undefined ? {} : { currentVersion };
}

function poolingOf(
  { spec }: Cluster,
  { seen: { poolers, cluster } }: Pass,
): Pick<OwnStatus, "tlsEnabled" | "pgbouncerEnabled" | "pgbouncerReadyReplicas"> {
  const targets = wantedPoolers(cluster);
  const ready = targets.reduce((sum, target) => sum + poolers[target].ready, 0);
  return {
    tlsEnabled: spec.tls.enabled,
    pgbouncerEnabled: spec.pgbouncer?.enabled ?? false,
    ...(targets.length === 0 ? {} : { pgbouncerReadyReplicas: ready }),
  };
}

/** Without a list what was said last stays, while there is anybody to have a lag. */
function lagsOf(pass: Pass, before: PostgresClusterStatus | undefined, clock: Clock): Partial<OwnStatus> {
  const report = reportOf(pass.evidence);
  if (report !== undefined) return lagStatus(report, pass.seen.cluster.spec.scaling, before, clock);
  if (before?.replicationLag === undefined || pass.desired < 2) return {};
  const { replicationLag, maxReplicationLagBytes, replicasLagging } = before;
  return {
    replicationLag,
    ...(maxReplicationLagBytes === undefined ? {} : { maxReplicationLagBytes }),
    ...(replicasLagging === undefined ? {} : { replicasLagging }),
  };
}

function connectionInfo(cluster: Cluster, desired: number): NonNullable<OwnStatus["connectionInfo"]> {
  const { primary, replicas, pooler, poolerReplicas } = clusterAddresses(
    nameOf(cluster),
    namespaceOf(cluster),
  );
  const targets = wantedPoolers(cluster);
  return {
    primary,
    ...(desired > 1 ? { replicas } : {}),
    ...(targets.includes("primary") ? { pooler } : {}),
    ...(targets.includes("replicas") ? { poolerReplicas } : {}),
    credentialsSecret: namesOf(cluster).credentialsSecret,
    database: "postgres",
  };
}

function backupOf({ wanted, backups }: Pass, clock: Clock): Pick<OwnStatus, "backup"> {
  const backup = backupStatusOf(wanted, backups, clock);
  return backup === undefined ? {} : { backup };
}

/** Where the data came from, and how long that took. */
function restoredFrom(
  { spec: { restore }, status }: Cluster,
  phase: Phase,
  clock: Clock,
): { restoredFrom?: RestoredFrom } {
  const known = status?.restoredFrom;
  if (known === undefined && (restore === undefined || status?.currentVersion !== undefined)) return {};
  const begun = known ?? {
    ...(restore === undefined ? {} : { sourcePrefix: restore.source.s3.prefix, sourceType: "S3" }),
    ...(restore?.recoveryTarget?.time === undefined
      ? {}
      : { recoveryTargetTime: restore.recoveryTarget.time }),
    restoreStartedAt: now(clock),
  };
  const isDone = phase === "Running" && begun.restoreCompletedAt === undefined;
  return { restoredFrom: isDone ? { ...begun, restoreCompletedAt: now(clock) } : begun };
}
