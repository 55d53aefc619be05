/** `spec` of a PostgresCluster. */
import { defaulted, optional, type Output, required, type Struct, struct } from "../../schema/fields.ts";
import { flag, int32, mapOf, text } from "../../schema/values.ts";
import { resourceRequirements } from "../resources.ts";
import { postgresVersion } from "../version.ts";
import { type Backup, writtenBackup } from "./backup.ts";
import { networkPolicy } from "./network_policy.ts";
import { pgbouncer } from "./pgbouncer.ts";
import { type Restore, writtenRestore } from "./restore.ts";
import { type Scaling, writtenScaling } from "./scaling.ts";
import { service } from "./service.ts";
import { tls } from "./tls.ts";

const storage = struct({
  size: required(
    text({ pattern: /^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$/ }),
    "Size of each member's volume, such as 100Gi.",
  ),
  storageClass: optional(
    text(),
    "StorageClass of the volumes, fixed for the cluster's life; the default class when left out.",
  ),
});

const metrics = struct({
  enabled: defaulted(flag(), false, "Whether the cluster wants an exporter of its metrics."),
  port: defaulted(int32(), 9187, "Port of the exporter."),
});

/** What does not differ between the spellings. */
const settings = {
  version: required(postgresVersion, "Major version of PostgreSQL; it never goes down."),
  replicas: defaulted(int32({ min: 1, max: 100 }), 1, "Number of members, the primary among them."),
  storage: required(storage, "Volume of each member."),
  resources: optional(resourceRequirements, "Resources of each member's PostgreSQL container."),
  postgresqlParams: optional(mapOf(text()), "Server settings by name; they win over the built-in ones."),
  labels: optional(
    mapOf(text()),
    "Labels of the StatefulSet and its pods, such as those that costs are allotted by.",
  ),
  pgbouncer: optional(pgbouncer, "Connection poolers."),
  tls: defaulted(tls, {}, "Encryption of connections."),
  metrics: optional(metrics, "Exporter of metrics."),
  service: optional(service, "How the Services for clients are exposed."),
  networkPolicy: optional(networkPolicy, "Who may connect besides the cluster's own namespace."),
};

/** `spec` as manifests spell it: what the API server accepts. */
export const writtenPostgresClusterSpec = struct({
  ...settings,
  backup: optional(writtenBackup, "Base backups and archive of the write-ahead log."),
  restore: optional(writtenRestore, "Backup that a new cluster starts from; later changes have no effect."),
  scaling: optional(writtenScaling, "Number of members by load, by means of KEDA."),
});
export type WrittenPostgresClusterSpec = Output<typeof writtenPostgresClusterSpec>;

/** `spec` in the one spelling that controllers see. */
export interface PostgresClusterSpec extends Output<Struct<typeof settings>> {
  backup?: Backup;
  restore?: Restore;
  scaling?: Scaling;
}
