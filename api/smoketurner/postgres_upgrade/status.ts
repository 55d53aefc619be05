/** `status` of a PostgresUpgrade. */
import { defaulted, optional, type Output, required, struct } from "../../schema/fields.ts";
import { flag, int32, int64, oneOf, text } from "../../schema/values.ts";
import { conditions } from "../../kubernetes/condition.ts";
import { ports } from "../ports.ts";
import { replication, rollback, sequences, verification } from "./progress.ts";

export const POSTGRES_UPGRADE_PHASES = [
  "Pending",
  "CreatingTarget",
  "ConfiguringReplication",
  "Replicating",
  "Verifying",
  "SyncingSequences",
  "ReadyForCutover",
  "WaitingForManualCutover",
  "CuttingOver",
  "HealthChecking",
  "Completed",
  "Failed",
  "RolledBack",
] as const;

const connectionInfo = struct({
  host: required(text(), "Host name of the primary's Service."),
  port: defaulted(int32(), ports.postgresql.port, "Port of the primary's Service."),
});
const side = struct({
  name: required(text(), "Name of the cluster."),
  version: optional(text(), "Major version that it runs."),
  ready: defaulted(flag(), false, "Whether it runs."),
  connectionInfo: optional(connectionInfo, "Where clients connect to it."),
});

export const postgresUpgradeStatus = struct({
  phase: defaulted(
    oneOf(...POSTGRES_UPGRADE_PHASES),
    "Pending",
    "How far the upgrade is. Completed, Failed and RolledBack are final.",
  ),
  observedGeneration: optional(int64(), "Generation of the spec that this status answers."),
  startedAt: optional(text(), "When the upgrade began, in RFC 3339."),
  completedAt: optional(text(), "When it came to its end, in RFC 3339."),
  phaseStartedAt: optional(text(), "Since when the phase lasts, in RFC 3339."),
  cutoverStartedAt: optional(text(), "When the cutover began, in RFC 3339."),
  message: optional(text(), "What goes on, as a sentence for people."),
  sourceCluster: optional(side, "What is known of the replaced cluster."),
  targetCluster: optional(side, "What is known of the new cluster."),
  targetClusterName: optional(text(), "Name of the new cluster."),
  targetClusterReady: optional(flag(), "Whether the new cluster runs."),
  sourceVersion: optional(text(), "Major version that the upgrade started from."),
  replication: optional(replication, "How the new cluster follows the source."),
  verification: optional(verification, "How the data of the two compare."),
  sequences: optional(sequences, "Whether the sequences of the new cluster have been set."),
  rollback: optional(rollback, "Whether the way back is open."),
  conditions: optional(conditions, "Judgements on the upgrade, one of each type."),
  retryCount: optional(int32(), "Failures in a row."),
  lastError: optional(text(), "What failed last."),
  lastErrorTime: optional(text(), "When it failed, in RFC 3339."),
});
export type PostgresUpgradeStatus = Output<typeof postgresUpgradeStatus>;
export type PostgresUpgradePhase = PostgresUpgradeStatus["phase"];
