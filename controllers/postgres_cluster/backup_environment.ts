/** What a member's environment says of backups: Spilo's own schedule takes them, with WAL-G. */
import { encryptionKeys, objectStoreKeys } from "../../api/smoketurner/secret_keys.ts";
import { defaultBackupPath } from "../../api/smoketurner/names.ts";
import type { Backup, BackupDestination } from "../../api/smoketurner/postgres_cluster/backup.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import { type EnvVar, fromSecret, plain } from "./environment.ts";
import { nameOf, namespaceOf } from "./shape.ts";

/** Folder of the key that backups are encrypted with by PGP. */
export const PGP_MOUNT = "/var/secrets/backup-encryption";

/** Days in the units of `retention.maxAge`. */
const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7, m: 30 };

/** Variables of backups by WAL-G; none without `spec.backup`, or while it names no destination. */
export function backupEnvironment(cluster: PostgresCluster): EnvVar[] {
  const { backup } = cluster.spec;
  if (backup?.destination === undefined || backup.engine !== "walg") return [];
  return [
    plain("USE_WALG_BACKUP", "true"),
    plain("USE_WALG_RESTORE", "true"),
    ...optional("BACKUP_SCHEDULE", backup.schedule),
    ...when(backup.backupFromReplica, plain("WALG_BACKUP_FROM_REPLICA", "true")),
    plain("WALG_COMPRESSION_METHOD", backup.compression),
    plain("WALG_UPLOAD_CONCURRENCY", `${backup.uploadConcurrency}`),
    plain("WALG_DOWNLOAD_CONCURRENCY", `${backup.downloadConcurrency}`),
    ...when(backup.enableDeltaBackups, plain("WALG_DELTA_MAX_STEPS", `${backup.deltaMaxSteps}`)),
    ...when(backup.enableDeltaBackups, plain("WALG_DELTA_ORIGIN", "LATEST_FULL")),
    ...restoreTimeout(backup),
    ...retention(backup),
    ...destination(cluster, backup.destination),
    ...encryption(backup),
  ];
}

function restoreTimeout({ walArchiving }: Backup): EnvVar[] {
  const seconds = walArchiving?.restoreTimeout ?? 0;
  return when(seconds > 0, plain("WAL_RESTORE_TIMEOUT", `${seconds}s`));
}

function retention({ retention }: Backup): EnvVar[] {
  const count = retention?.count;
  const days = daysOf(retention?.maxAge);
  return [
    ...optional("BACKUP_NUM_TO_RETAIN", count === undefined ? undefined : `${count}`),
    ...optional("WALG_RETAIN_FULL_BACKUPS", count === undefined ? undefined : `${count}`),
    ...optional("WALG_BACKUP_RETENTION_DAYS", days === undefined ? undefined : `${days}`),
  ];
}

/** Days of `30d`, `4w` or `6m`; undefined when the text is none of these. */
export function daysOf(maxAge: string | undefined): number | undefined {
  const parts = /^(\d+)([dwm])$/.exec((maxAge ?? "").trim().toLowerCase());
  const unit = DAYS[parts?.[2] ?? ""];
  return unit === undefined ? undefined : Number(parts?.[1]) * unit;
}

/** Where the backups of a cluster lie: `s3://bucket/path`. */
export function backupPrefix(cluster: PostgresCluster, { bucket, path }: BackupDestination): string {
  return `s3://${bucket}/${path ?? defaultBackupPath(nameOf(cluster), namespaceOf(cluster))}`;
}

function destination(cluster: PostgresCluster, to: BackupDestination): EnvVar[] {
  const prefix = backupPrefix(cluster, to);
  const { credentialsSecret } = to;
  return [
    plain("WALG_S3_PREFIX", prefix),
    plain("WALE_S3_PREFIX", prefix),
    plain("WAL_S3_BUCKET", to.bucket),
    plain("AWS_REGION", to.region),
    ...optional("AWS_ENDPOINT", to.endpoint),
    ...optional("WALE_S3_ENDPOINT", to.endpoint === undefined ? undefined : olderEndpoint(to.endpoint)),
    ...when(to.forcePathStyle, plain("AWS_S3_FORCE_PATH_STYLE", "true")),
    ...optional("BACKUP_PATH", to.path),
    fromSecret("AWS_ACCESS_KEY_ID", credentialsSecret, objectStoreKeys.accessKeyId),
    fromSecret("AWS_SECRET_ACCESS_KEY", credentialsSecret, objectStoreKeys.secretAccessKey),
    fromSecret("AWS_SESSION_TOKEN", credentialsSecret, objectStoreKeys.sessionToken, true),
  ];
}

/**
 * The endpoint as WAL-E wrote it. WAL-G reads the other variable; this one is only kept equal to what running members
 * have, hence also the port 9000 of those that name none.
 */
function olderEndpoint(endpoint: string): string {
  const secure = endpoint.startsWith("https");
  const rest = endpoint.replace(/^https?:\/\//, "");
  const [host = "", port] = rest.split(":");
  return `${secure ? "https" : "http"}+path://${host}:${port ?? "9000"}`;
}

function encryption({ encryption }: Backup): EnvVar[] {
  if (encryption === undefined) return [];
  switch (encryption.method) {
    case "aes256":
      return [
        fromSecret("WALG_LIBSODIUM_KEY", encryption.keySecret, encryptionKeys.aes256),
        plain("WALG_LIBSODIUM_KEY_TRANSFORM", "base64"),
      ];
    case "pgp":
      return [plain("WALG_PGP_KEY_PATH", `${PGP_MOUNT}/${encryptionKeys.pgp}`)];
  }
}

/** Secret of the PGP key that is mounted, where there is one. */
export function pgpSecret({ spec }: PostgresCluster): string | undefined {
  const encryption = spec.backup?.encryption;
  return encryption?.method === "pgp" ? encryption.keySecret : undefined;
}

function optional(name: string, value: string | undefined): EnvVar[] {
  return value === undefined ? [] : [plain(name, value)];
}

function when(wanted: boolean, variable: EnvVar): EnvVar[] {
  return wanted ? [variable] : [];
}
