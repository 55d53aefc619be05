/** From messages of poolers to the terms of the seam. */
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { ID } from "../gen/clustermetadata_pb.ts";
import {
  type BackupMetadata,
  BackupStatus,
  PostgresAction as Action,
  PostgresStatus,
  type PrimaryStatus,
  type ReloadConfigResponse,
  type StandbyReplicationStatus,
  type Status,
  type StatusResponse,
} from "../gen/multipooler_manager_pb.ts";
import {
  type AvailabilityStatus,
  CohortEligibilitySignal as Eligibility,
  LeadershipSignal,
  type ShardRule,
} from "../gen/shard_rule_pb.ts";
import type {
  BackupEntry,
  BackupState,
  LeadershipRule,
  PoolerId,
  PoolerStatus,
  PostgresAction,
  PostgresState,
  PrimaryState,
  ReloadVerdict,
  StandbyState,
} from "./answers.ts";
import { parseLsn } from "./lsn.ts";

/** Numbers of a later version are unknown states. */
const states = new Map<PostgresStatus, PostgresState>([
  [PostgresStatus.STARTING, "starting"],
  [PostgresStatus.STANDBY, "standby"],
  [PostgresStatus.PROMOTING, "promoting"],
  [PostgresStatus.PRIMARY, "primary"],
]);

const actions = new Map<Action, PostgresAction>([
  [Action.STARTING, "starting"],
  [Action.RESTORING_FROM_BACKUP, "restoring"],
  [Action.CREATING_FIRST_BACKUP, "first_backup"],
]);

const backupStates = new Map<BackupStatus, BackupState>([
  [BackupStatus.INCOMPLETE, "incomplete"],
  [BackupStatus.COMPLETE, "complete"],
]);

/** @returns undefined for an answer that says nothing of the instance */
export function statusOf(answer: StatusResponse): PoolerStatus | undefined {
  const { status, availabilityStatus, consensusStatus } = answer;
  if (status === undefined) return undefined;
  const { primaryStatus, replicationStatus } = status;
  const rule = consensusStatus?.currentPosition?.position?.decision;
  return {
    ...instanceOf(status),
    ...availabilityOf(availabilityStatus),
    ...(primaryStatus === undefined ? {} : { asPrimary: primaryOf(primaryStatus) }),
    ...(replicationStatus === undefined ? {} : { asStandby: standbyOf(replicationStatus) }),
    ...(rule === undefined ? {} : { rule: ruleOf(rule) }),
  };
}

function instanceOf(status: Status) {
  const { postgresActionDuration: duration } = status;
  return {
    postgres: states.get(status.postgresStatus) ?? "unknown",
    running: status.postgresRunning,
    ready: status.postgresReady,
    action: actions.get(status.postgresAction) ?? "none",
    actionSeconds: duration === undefined ? 0 : Number(duration.seconds) + duration.nanos / 1e9,
    hasData: status.hasDataDirectory,
    initialized: status.isInitialized,
  } as const;
}

function availabilityOf(status: AvailabilityStatus | undefined) {
  const eligibility = status?.cohortEligibilityStatus?.signal ?? Eligibility.UNKNOWN;
  return {
    resigning: status?.leadershipStatus?.signal === LeadershipSignal.REQUESTING_DEMOTION,
    diverged: status?.suspectedDivergence ?? false,
    ...(eligibility === Eligibility.UNKNOWN ? {} : { eligible: eligibility === Eligibility.ELIGIBLE }),
  };
}

function primaryOf(
  { lsn, ready, connectedFollowers, syncReplicationConfig: sync }: PrimaryStatus,
): PrimaryState {
  const synchronous = sync === undefined || sync.numSync === 0
    ? {}
    : { synchronous: { count: sync.numSync, standbys: sync.standbyIds.map(idOf) } };
  return { ...positionOf("position", lsn), ready, followers: connectedFollowers.map(idOf), ...synchronous };
}

function standbyOf(status: StandbyReplicationStatus): StandbyState {
  const { primaryConnInfo: source, lastMsgReceiveTime } = status;
  return {
    ...positionOf("received", status.lastReceiveLsn),
    ...positionOf("replayed", status.lastReplayLsn),
    replayPaused: status.isWalReplayPaused,
    receiver: status.walReceiverStatus,
    ...timeOf("lastMessageAt", lastMsgReceiveTime),
    ...(source === undefined || source.host === ""
      ? {}
      : { source: { host: source.host, port: source.port } }),
  };
}

function ruleOf({ ruleNumber, leaderId, cohortMembers, durabilityPolicy }: ShardRule): LeadershipRule {
  return {
    term: ruleNumber?.coordinatorTerm ?? 0n,
    subterm: ruleNumber?.leaderSubterm ?? 0n,
    ...(leaderId === undefined ? {} : { leader: idOf(leaderId) }),
    cohort: cohortMembers.map(idOf),
    ...(durabilityPolicy === undefined
      ? {}
      : { durability: { type: durabilityPolicy.quorumType, count: durabilityPolicy.requiredCount } }),
  };
}

function idOf({ cell, name }: ID): PoolerId {
  return { cell, name };
}

export function backupOf(backup: BackupMetadata): BackupEntry {
  return {
    id: backup.backupId,
    state: backupStates.get(backup.status) ?? "unknown",
    type: backup.type,
    ...timeOf("startedAt", backup.startTimestamp),
    ...timeOf("stoppedAt", backup.stopTimestamp),
    size: backup.backupSizeBytes,
    jobId: backup.jobId,
    takenBy: backup.multipoolerId,
    postgresVersion: backup.pgVersion,
  };
}

/**
 * | needs restart | loaded at | mismatches | verdict          |
 * | ------------- | --------- | ---------- | ---------------- |
 * | yes           |           |            | `restart_needed` |
 * | no            | yes       | none       | `applied`        |
 * | no            | others    |            | `not_yet`        |
 */
export function verdictOf({ needsRestart, configLoadTime, mismatches }: ReloadConfigResponse): ReloadVerdict {
  if (needsRestart) {
    const refused = mismatches.filter(({ requiresRestart, error }) => requiresRestart || error !== "");
    const reason = refused.map(({ name, error }) => `${name}: ${error || "takes a restart"}`).join("; ");
    const settings = refused.map(({ name }) => name);
    return { kind: "restart_needed", settings, reason: reason || "the pooler names no setting" };
  }
  if (configLoadTime !== undefined && mismatches.length === 0) {
    return { kind: "applied", at: timestampDate(configLoadTime) };
  }
  return { kind: "not_yet", settings: mismatches.map(({ name }) => name) };
}

function positionOf<Key extends string>(key: Key, text: string): { readonly [K in Key]?: bigint } {
  const position = parseLsn(text);
  return position === undefined ? {} : optional(key, position);
}

function timeOf<Key extends string>(key: Key, time: Timestamp | undefined): { readonly [K in Key]?: Date } {
  return time === undefined ? {} : optional(key, timestampDate(time));
}

function optional<Key extends string, T>(key: Key, value: T): { readonly [K in Key]?: T };
function optional<T>(key: string, value: T): Readonly<Record<string, T>> {
  return { [key]: value };
}
