/** What a cluster's status, condition and events say of its backups. */
import type { BackupStatus } from "../../../api/smoketurner/postgres_cluster/backup_status.ts";
import type { Clock } from "../../../kube/clock.ts";
import { type Statement, timestamp } from "../../../kube/conditions.ts";
import type { Notice } from "../../../kube/events.ts";
import type { Cluster } from "../shape.ts";
import { isHealthy } from "./archiver.ts";
import type { Backups } from "./backups.ts";
import type { BackupReport } from "./look.ts";

/** Condition that tells whether the cluster could be restored; absent without backups. */
export const BACKUPS = "BackupsHealthy";

type Manual = Pick<
  BackupStatus,
  "lastManualBackupTrigger" | "lastManualBackupStatus" | "lastManualBackupMessage"
>;

/** The status; undefined without backups. Without a new look what was said before stays. */
export function backupStatusOf(
  { spec: { backup }, status }: Cluster,
  backups: Backups | undefined,
  clock: Pick<Clock, "now">,
): BackupStatus | undefined {
  if (backup?.destination === undefined) return undefined;
  const before = status?.backup ?? { enabled: true };
  return {
    ...(backups?.report === undefined ? withoutManual(before) : reported(backups.report, before, clock)),
    ...manual(before, backups?.job),
    enabled: true,
    destinationType: backup.destination.type,
  };
}

function withoutManual(before: BackupStatus): BackupStatus {
  const {
    lastManualBackupTrigger: _trigger,
    lastManualBackupStatus: _status,
    lastManualBackupMessage: _message,
    ...rest
  } = before;
  return rest;
}

function reported(report: BackupReport, before: BackupStatus, clock: Pick<Clock, "now">): BackupStatus {
  return { enabled: true, ...listed(report, before, clock), ...archived(report, before) };
}

function listed(
  { backups, listError }: BackupReport,
  before: BackupStatus,
  clock: Pick<Clock, "now">,
): Partial<BackupStatus> {
  if (backups === undefined) {
    const { lastBackupTime, lastBackupName, lastBackupSizeBytes, oldestBackupTime, backupCount } = before;
    const isSaid = before.lastError === listError && before.lastErrorTime !== undefined;
    return present({
      lastBackupTime,
      lastBackupName,
      lastBackupSizeBytes,
      oldestBackupTime,
      backupCount,
      recoveryWindowStart: before.recoveryWindowStart,
      lastError: listError,
      lastErrorTime: isSaid ? before.lastErrorTime : timestamp(clock.now()),
    });
  }
  const [oldest, newest] = [backups.at(0), backups.at(-1)];
  return present({
    backupCount: backups.length,
    lastBackupTime: newest?.time,
    lastBackupName: newest?.name,
    lastBackupSizeBytes: newest?.sizeBytes,
    oldestBackupTime: oldest?.time,
    recoveryWindowStart: oldest?.time,
  });
}

function archived({ archiver }: BackupReport, before: BackupStatus): Partial<BackupStatus> {
  if (archiver === undefined) {
    const { lastWalArchived, lastWalArchiveTime, recoveryWindowEnd } = before;
    return present({ lastWalArchived, lastWalArchiveTime, recoveryWindowEnd, walArchivingHealthy: false });
  }
  return present({
    lastWalArchived: archiver.lastWal,
    lastWalArchiveTime: archiver.lastTime,
    recoveryWindowEnd: archiver.lastTime,
    walArchivingHealthy: isHealthy(archiver),
  });
}

function present(fields: { [K in keyof BackupStatus]?: BackupStatus[K] | undefined }): Partial<BackupStatus> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function manual(before: BackupStatus, work: Backups["job"]): Manual {
  const { lastManualBackupTrigger, lastManualBackupStatus, lastManualBackupMessage } = before;
  if (work?.job.kind !== "manual") {
    return present({ lastManualBackupTrigger, lastManualBackupStatus, lastManualBackupMessage });
  }
  const { job: { trigger }, progress } = work;
  switch (progress.kind) {
    case "pending":
      return { lastManualBackupTrigger: trigger, lastManualBackupStatus: "running" };
    case "failed":
      return {
        lastManualBackupTrigger: trigger,
        lastManualBackupStatus: "pending",
        lastManualBackupMessage: progress.error.message,
      };
    case "done": {
      const { isGood, message } = progress.result;
      return {
        lastManualBackupTrigger: trigger,
        lastManualBackupStatus: isGood ? "completed" : "failed",
        ...(message === "" ? {} : { lastManualBackupMessage: message }),
      };
    }
  }
}

/** Whether the cluster could be restored to now. */
export function backupStatement({ spec: { backup } }: Cluster, backups: Backups | undefined): Statement[] {
  if (backup?.destination === undefined || backups === undefined) return [];
  const { report, job } = backups;
  if (report === undefined) {
    return [{
      type: BACKUPS,
      status: "Unknown",
      reason: "NotYetKnown",
      message: "The primary is being asked",
    }];
  }
  const failed = job?.progress.kind === "done" && !job.progress.result.isGood
    ? job.progress.result
    : undefined;
  const fault = faultOf(report) ??
    (failed === undefined ? undefined : ["BackupFailed", failed.message] as const);
  if (fault === undefined) {
    const message = "There is a base backup, and the write-ahead log arrives";
    return [{ type: BACKUPS, status: "True", reason: "Recoverable", message }];
  }
  return [{ type: BACKUPS, status: "False", reason: fault[0], message: fault[1] }];
}

function faultOf(report: BackupReport): readonly [reason: string, message: string] | undefined {
  const { backups, listError = "no reason is given", archiver, archiverError = "no reason is given" } =
    report;
  if (backups === undefined) return ["ListingFailed", `Backups cannot be listed: ${listError}`];
  if (archiver === undefined) {
    return ["ArchivingUnknown", `The server does not tell of archiving: ${archiverError}`];
  }
  if (isHealthy(archiver) === false) {
    return [
      "ArchivingFailed",
      `The latest segment could not be archived: ${archiver.lastFailedWal ?? "unknown"}`,
    ];
  }
  return backups.length === 0 ? ["NoBackupYet", "There is no base backup yet"] : undefined;
}

/** What is news of backups. */
export function backupNotices(before: BackupStatus | undefined, now: BackupStatus | undefined): Notice[] {
  if (now === undefined) return [];
  return [...backupNews(before, now), ...archivingNews(before, now), ...manualNews(before, now)];
}

function backupNews(before: BackupStatus | undefined, now: BackupStatus): Notice[] {
  const notices: Notice[] = [];
  const { lastBackupName: name, lastBackupTime: time } = now;
  if (name !== undefined && name !== before?.lastBackupName) {
    notices.push({ type: "Normal", reason: "BackupCompleted", message: `Base backup ${name} of ${time}` });
  }
  if (now.lastError !== undefined && now.lastError !== before?.lastError) {
    notices.push({ type: "Warning", reason: "BackupFailed", message: now.lastError });
  }
  return notices;
}

function archivingNews(before: BackupStatus | undefined, now: BackupStatus): Notice[] {
  const [was, is] = [before?.walArchivingHealthy, now.walArchivingHealthy];
  if (was === false && is === true) {
    return [{ type: "Normal", reason: "WALArchivingHealthy", message: "Segments arrive again" }];
  }
  if (was === true && is === false) {
    return [{ type: "Warning", reason: "WALArchivingFailed", message: "Segments do not arrive any more" }];
  }
  return [];
}

const MANUAL: Readonly<Partial<Record<string, Pick<Notice, "type" | "reason">>>> = {
  running: { type: "Normal", reason: "ManualBackupStarted" },
  completed: { type: "Normal", reason: "ManualBackupCompleted" },
  failed: { type: "Warning", reason: "ManualBackupFailed" },
  pending: { type: "Warning", reason: "ManualBackupFailed" },
};

function manualNews(before: BackupStatus | undefined, now: BackupStatus): Notice[] {
  const { lastManualBackupTrigger: trigger, lastManualBackupStatus: stage } = now;
  const isSame = before?.lastManualBackupTrigger === trigger && before?.lastManualBackupStatus === stage;
  const words = MANUAL[stage ?? ""];
  if (isSame || words === undefined || trigger === undefined) return [];
  const message = now.lastManualBackupMessage ?? `Base backup asked for by ${trigger}`;
  return [{ ...words, message }];
}
