/** What the status of a PostgresCluster says about backups, and about the backup that it came from. */
import { defaulted, optional, type Output, struct } from "../../schema/fields.ts";
import { flag, int32, int64, oneOf, text } from "../../schema/values.ts";

export const backupStatus = struct({
  enabled: defaulted(flag(), false, "Whether the cluster has backups."),
  destinationType: optional(text(), "Kind of object store: S3."),
  lastBackupTime: optional(text(), "When the newest base backup was taken, in RFC 3339."),
  lastBackupSizeBytes: optional(int64(), "Compressed size of the newest base backup."),
  lastBackupName: optional(text(), "Name of the newest base backup."),
  oldestBackupTime: optional(text(), "When the oldest base backup was taken, in RFC 3339."),
  backupCount: optional(int32(), "Number of base backups."),
  lastWalArchived: optional(text(), "Newest segment of the write-ahead log in the bucket."),
  lastWalArchiveTime: optional(text(), "When that segment arrived, in RFC 3339."),
  walArchivingHealthy: optional(flag(), "Whether segments arrive."),
  lastError: optional(text(), "Why the backups could not be listed."),
  lastErrorTime: optional(text(), "When listing failed, in RFC 3339."),
  recoveryWindowStart: optional(text(), "Earliest moment that can be recovered, in RFC 3339."),
  recoveryWindowEnd: optional(text(), "Latest moment that can be recovered, in RFC 3339."),
  lastManualBackupTrigger: optional(text(), "Value of the trigger annotation that was dealt with last."),
  lastManualBackupStatus: optional(
    oneOf("pending", "running", "completed", "failed"),
    "How the backup asked for by annotation went.",
  ),
  lastManualBackupMessage: optional(text(), "What became of it, in words."),
});
export type BackupStatus = Output<typeof backupStatus>;

export const restoredFrom = struct({
  sourcePrefix: optional(text(), "Prefix of the backups that were restored."),
  sourceType: optional(text(), "Kind of object store: S3."),
  recoveryTargetTime: optional(text(), "Moment that was recovered to."),
  restoreStartedAt: optional(text(), "When restoring began, in RFC 3339."),
  restoreCompletedAt: optional(text(), "When restoring ended, in RFC 3339."),
});
export type RestoredFrom = Output<typeof restoredFrom>;
