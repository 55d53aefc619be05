/** `status` of a PostgresCluster. */
import { defaulted, optional, type Output, required, struct } from "../../schema/fields.ts";
import { flag, int32, int64, listOf, oneOf, text } from "../../schema/values.ts";
import { conditions } from "../../kubernetes/condition.ts";
import { backupStatus, restoredFrom } from "./backup_status.ts";
import { podInfo, podResize, replicaLag } from "./pod_status.ts";

export const POSTGRES_CLUSTER_PHASES = [
  "Pending",
  "Creating",
  "Running",
  "Updating",
  "Scaling",
  "Degraded",
  "Recovering",
  "Failed",
  "Superseded",
  "Deleting",
] as const;

const connectionInfo = struct({
  primary: optional(text(), "host:port for reading and writing."),
  replicas: optional(text(), "host:port for reading from standbys; there with two or more members."),
  pooler: optional(text(), "host:port of the pooler in front of the primary."),
  poolerReplicas: optional(text(), "host:port of the pooler in front of the standbys."),
  credentialsSecret: required(text(), "Secret with the superuser's password."),
  database: optional(text(), "Database to connect to first."),
});

const lineage = struct({
  name: required(text(), "Name of that cluster."),
  namespace: optional(text(), "Namespace of that cluster."),
  upgradeName: optional(text(), "PostgresUpgrade that did it."),
  createdAt: optional(text(), "When it happened, in RFC 3339."),
});

export const postgresClusterStatus = struct({
  phase: defaulted(
    oneOf(...POSTGRES_CLUSTER_PHASES),
    "Pending",
    "Where the cluster is in its life. Superseded: an upgrade has replaced it, and it changes no more.",
  ),
  readyReplicas: defaulted(int32(), 0, "Members that are ready."),
  replicas: defaulted(int32(), 0, "Members that there should be; 0 while the cluster goes away."),
  primaryPod: optional(text(), "Pod of the primary."),
  replicaPods: optional(listOf(text()), "Pods of the standbys."),
  observedGeneration: optional(int64(), "Generation of the spec that this status answers."),
  conditions: optional(conditions, "Judgements on the cluster, one of each type."),
  retryCount: optional(int32(), "Failures in a row since the cluster last ran."),
  lastError: optional(text(), "What failed last."),
  lastErrorTime: optional(text(), "When it failed, in RFC 3339."),
  previousReplicas: optional(int32(), "Value of replicas one status earlier: tells scaling."),
  phaseStartedAt: optional(text(), "Since when the phase lasts, in RFC 3339."),
  currentVersion: optional(text(), "Major version that the cluster last ran with."),
  tlsEnabled: optional(flag(), "Whether connections are encrypted."),
  pgbouncerEnabled: optional(flag(), "Whether there is a pooler."),
  pgbouncerReadyReplicas: optional(int32(), "Pods of the poolers that are ready, both poolers together."),
  pods: optional(listOf(podInfo), "What each pod has made of its spec."),
  resizeStatus: optional(listOf(podResize), "Changes of resources that run in place, pod by pod."),
  allPodsSynced: optional(flag(), "Whether every pod has applied its spec."),
  restoredFrom: optional(restoredFrom, "Backup that the cluster started from."),
  replicationLag: optional(listOf(replicaLag), "How far each standby is behind."),
  maxReplicationLagBytes: optional(int64(), "Lag of the standby that is furthest behind, in bytes."),
  replicasLagging: optional(flag(), "Whether a standby is further behind than the spec allows."),
  connectionInfo: optional(connectionInfo, "Where clients connect."),
  successor: optional(lineage, "Cluster that took this one's place."),
  origin: optional(lineage, "Cluster that this one took the place of."),
  backup: optional(backupStatus, "How backups fare."),
});
export type PostgresClusterStatus = Output<typeof postgresClusterStatus>;
export type PostgresClusterPhase = PostgresClusterStatus["phase"];
