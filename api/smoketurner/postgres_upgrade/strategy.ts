/** `spec.strategy` of a PostgresUpgrade: how the move to the new cluster goes, and what has to hold on the way. */
import { defaulted, optional, type Output, required, type Struct, struct } from "../../schema/fields.ts";
import { flag, int32, int64, oneOf, text } from "../../schema/values.ts";

/** A time of day, 00:00 to 23:59. */
const timeOfDay = text({ pattern: /^([01][0-9]|2[0-3]):[0-5][0-9]$/ });

const allowedWindow = struct({
  startTime: required(timeOfDay, "Time of day (HH:MM) from which a cutover may start."),
  endTime: required(
    timeOfDay,
    "Time of day (HH:MM) until which a cutover may start; earlier than startTime means the " +
      "next day.",
  ),
  timezone: defaulted(text(), "UTC", "Time zone of the two, by its IANA name."),
});

const cutover = struct({
  mode: defaulted(
    oneOf("Manual", "Automatic"),
    "Manual",
    "Manual waits for the cutover annotation; Automatic starts once every check has passed.",
  ),
  allowedWindow: optional(allowedWindow, "When an automatic cutover may start; at any time when left out."),
});

const preChecks = struct({
  maxReplicationLagSeconds: defaulted(
    int32({ min: 0 }),
    0,
    "Lag that still lets a cutover start, in seconds.",
  ),
  verifyRowCounts: defaulted(flag(), true, "Whether the rows of each table are counted on both sides."),
  rowCountTolerance: defaulted(int64({ min: 0 }), 0, "Rows that a table may differ by."),
  minVerificationPasses: defaulted(int32({ min: 1 }), 3, "Clean checks in a row that it takes."),
  verificationInterval: defaulted(text(), "1m", "Time between two checks, such as 30s or 1m."),
  requireBackupWithin: defaulted(text(), "1h", "How old the source's newest backup may be."),
  drainConnectionsTimeout: defaulted(text(), "5m", "How long clients get to leave the source."),
});

/** What does not differ between the spellings; each limit is a number with h, m or s. */
const timeouts = {
  targetClusterReady: defaulted(text(), "30m", "How long the new cluster may take to run."),
  initialSync: defaulted(text(), "24h", "How long the first copy of the data may take."),
  replicationCatchup: defaulted(text(), "1h", "How long catching up with the source may take."),
  verification: defaulted(text(), "30m", "How long comparing the two sides may take."),
};

const postCutover = {
  keepSourceCluster: defaulted(flag(), true, "Whether the replaced cluster stays."),
  minRetentionPeriod: defaulted(text(), "24h", "How long the replaced cluster stays at least."),
  healthCheckInterval: defaulted(text(), "1m", "Time between two looks at the new cluster."),
  healthCheckDuration: defaulted(text(), "10m", "How long the new cluster has to stay healthy."),
};

/** What does not differ between the spellings. */
const settings = {
  strategyType: defaulted(
    oneOf("BlueGreen"),
    "BlueGreen",
    "BlueGreen: a new cluster follows the old one by logical replication, then takes its place.",
  ),
  cutover: defaulted(cutover, {}, "When the new cluster takes over."),
  preChecks: defaulted(preChecks, {}, "What has to hold before."),
};

/** `spec.strategy` as manifests spell it. */
export const writtenStrategy = struct({
  ...settings,
  timeouts: defaulted(
    struct({
      ...timeouts,
      cutover: optional(text(), "Ignored: a cutover that has begun is not given up by the clock."),
    }),
    {},
    "How long each stage may take.",
  ),
  postCutover: defaulted(
    struct({
      ...postCutover,
      cleanupSourceCluster: optional(flag(), "Ignored: keepSourceCluster says what becomes of the source."),
    }),
    {},
    "What happens afterwards.",
  ),
});
export type WrittenStrategy = Output<typeof writtenStrategy>;

/** `spec.strategy` in the one spelling that controllers see. */
export interface UpgradeStrategy extends Output<Struct<typeof settings>> {
  timeouts: Output<Struct<typeof timeouts>>;
  postCutover: Output<Struct<typeof postCutover>>;
}
