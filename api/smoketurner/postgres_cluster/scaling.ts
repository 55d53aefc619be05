/** `spec.scaling` of a PostgresCluster: the number of members follows the load, by means of KEDA. */
import { defaulted, optional, type Output, type Struct, struct } from "../../schema/fields.ts";
import { int32, int64, text } from "../../schema/values.ts";

const cpu = struct({
  targetUtilization: defaulted(
    int32({ min: 1, max: 100 }),
    70,
    "Average CPU use to aim for, in percent of the request.",
  ),
});

const connections = struct({
  targetPerReplica: defaulted(int32({ min: 1 }), 100, "Active sessions for each member to aim for."),
});

const metrics = struct({
  cpu: optional(cpu, "Scale by CPU use."),
  connections: optional(connections, "Scale by active sessions."),
});

/** What does not differ between the spellings. */
const settings = {
  minReplicas: optional(
    int32({ min: 0 }),
    "Members that always stay; spec.replicas when left out. 0 counts as left out: a cluster never scales to nothing.",
  ),
  maxReplicas: defaulted(
    int32({ min: 1 }),
    10,
    "Members that there may be at most. Scaling is on while this is more than spec.replicas.",
  ),
  metrics: optional(metrics, "What to scale by; CPU use at 70 percent when left out."),
  replicationLagThreshold: defaulted(
    text(),
    "30s",
    "Lag of a standby that counts as too much, as a time: 30s, 5m or 1m30s.",
  ),
  lagThresholdBytes: optional(
    int64(),
    "Lag of a standby that counts as too much, in bytes; wins over replicationLagThreshold.",
  ),
  estimatedThroughputMbPerSec: defaulted(
    int32(),
    100,
    "Write-ahead log that the primary makes, in megabytes (1,000,000 bytes) a second: turns lag from a time into bytes.",
  ),
};

/** `spec.scaling` as manifests spell it. */
export const writtenScaling = struct({
  ...settings,
  idleTimeout: optional(text(), "Ignored: a cluster never scales to nothing."),
  wakeupTimeout: optional(text(), "Ignored: a cluster never scales to nothing."),
});
export type WrittenScaling = Output<typeof writtenScaling>;

/** `spec.scaling` in the one spelling that controllers see; `minReplicas` is at least 1 when it is there. */
export type Scaling = Output<Struct<typeof settings>>;
