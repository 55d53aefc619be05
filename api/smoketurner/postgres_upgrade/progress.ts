/** What the status of a PostgresUpgrade says about replication, verification, sequences and the way back. */
import { defaulted, optional, type Output, required, struct } from "../../schema/fields.ts";
import { flag, int32, int64, listOf, oneOf, text } from "../../schema/values.ts";

export const REPLICATION_STATES = [
  "NotConfigured",
  "Syncing",
  "Active",
  "Synced",
  "Stopped",
  "Error",
] as const;

export const replication = struct({
  status: defaulted(oneOf(...REPLICATION_STATES), "NotConfigured", "State of the replication."),
  lagBytes: optional(int64(), "How far the new cluster is behind, in bytes of write-ahead log."),
  lagSeconds: optional(int64(), "The same as an estimated time, in seconds."),
  lastSyncTime: optional(text(), "When this was measured, in RFC 3339."),
  sourceLsn: optional(text(), "Position of the source in its write-ahead log."),
  targetLsn: optional(text(), "Position up to which the new cluster has confirmed it."),
  lsnInSync: optional(flag(), "Whether the two positions are equal."),
  publicationName: optional(text(), "Publication in the source."),
  subscriptionName: optional(text(), "Subscription in the new cluster."),
});
export type ReplicationProgress = Output<typeof replication>;

const mismatchedTable = struct({
  schema: required(text(), "Schema of the table."),
  table: required(text(), "Name of the table."),
  sourceCount: required(int64(), "Rows in the source."),
  targetCount: required(int64(), "Rows in the new cluster."),
  difference: required(int64(), "Rows in the source less rows in the new cluster."),
});

export const verification = struct({
  lastCheckTime: optional(text(), "When the two were compared last, in RFC 3339."),
  tablesVerified: defaulted(int32(), 0, "Tables that were compared."),
  tablesMatched: defaulted(int32(), 0, "Tables that agree."),
  tablesMismatched: defaulted(int32(), 0, "Tables that differ by more than is allowed."),
  consecutivePasses: defaulted(int32(), 0, "Clean checks in a row up to now."),
  mismatchedTables: optional(listOf(mismatchedTable), "The tables that differ."),
});
export type VerificationProgress = Output<typeof verification>;

export const sequences = struct({
  synced: defaulted(flag(), false, "Whether every sequence has been set."),
  syncedCount: defaulted(int32(), 0, "Sequences that have been set."),
  failedCount: defaulted(int32(), 0, "Sequences that could not be set."),
  totalSequences: optional(int32(), "Sequences that there are."),
  failedSequences: optional(listOf(text()), "Sequences that could not be set, as schema.name."),
  syncedAt: optional(text(), "When they were set, in RFC 3339."),
});
export type SequenceProgress = Output<typeof sequences>;

export const rollback = struct({
  feasible: defaulted(flag(), false, "Whether the source can take its place back."),
  dataLossRisk: defaulted(flag(), false, "Whether going back would lose what was written since."),
  reason: optional(text(), "Why the way back is closed or risky."),
  lastSourceWrite: optional(text(), "When the source was last written to, in RFC 3339."),
  firstTargetWrite: optional(text(), "When the new cluster was first written to, in RFC 3339."),
  triggeredAt: optional(text(), "When going back began, in RFC 3339."),
  completedAt: optional(text(), "When going back ended, in RFC 3339."),
});
export type RollbackState = Output<typeof rollback>;
