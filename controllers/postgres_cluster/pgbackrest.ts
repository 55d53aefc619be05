/**
 * Backups by pgBackRest, for images that bring it. What is no secret stands in a ConfigMap that members mount, as do the
 * scripts that run it: they read the keys of the object store from the user's Secrets, which are mounted as well, so
 * that neither an environment that Patroni does not pass on nor a rotation of keys is in the way.
 */
import { defaultBackupPath } from "../../api/smoketurner/names.ts";
import { certificateKeys, encryptionKeys, objectStoreKeys } from "../../api/smoketurner/secret_keys.ts";
import type { Backup, BackupDestination } from "../../api/smoketurner/postgres_cluster/backup.ts";
import type { Restore } from "../../api/smoketurner/postgres_cluster/restore.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import { daysOf } from "./backup_environment.ts";
import { restoreScript } from "./pgbackrest_restore.ts";
import { DATA_FOLDER, nameOf, namespaceOf } from "./shape.ts";

/** Folder of configuration and scripts: where pgBackRest looks for its own by itself. */
export const PGBACKREST_MOUNT = "/etc/pgbackrest";
/** Folders of the user's Secrets. */
const SECRETS = "/var/secrets/pgbackrest";

/** A Secret of the user, and the folder below {@link SECRETS} that it is mounted at. */
export interface MountedSecret {
  readonly folder: "store" | "key" | "source";
  readonly secret: string;
}

/** Command that runs pgBackRest for the cluster's own backups. */
export const PGBACKREST = `sh ${PGBACKREST_MOUNT}/run`;

/** Whether the cluster's own backups are taken by pgBackRest. */
export function isByPgbackrest({ spec: { backup } }: PostgresCluster): boolean {
  return backup?.engine === "pgbackrest" && backup.destination !== undefined;
}

function restoreByPgbackrest({ spec: { restore } }: PostgresCluster): Restore | undefined {
  return restore?.engine === "pgbackrest" ? restore : undefined;
}

/** Whether members mount anything of pgBackRest. */
export function needsPgbackrest(cluster: PostgresCluster): boolean {
  return isByPgbackrest(cluster) || restoreByPgbackrest(cluster) !== undefined;
}

/** Secrets that members mount for pgBackRest. */
export function pgbackrestSecrets(cluster: PostgresCluster): MountedSecret[] {
  const { backup } = cluster.spec;
  const restore = restoreByPgbackrest(cluster);
  const secrets: MountedSecret[] = [];
  if (isByPgbackrest(cluster) && backup?.destination !== undefined) {
    secrets.push({ folder: "store", secret: backup.destination.credentialsSecret });
  }
  if (backup?.encryption !== undefined && needsPgbackrest(cluster)) {
    secrets.push({ folder: "key", secret: backup.encryption.keySecret });
  }
  if (restore !== undefined) {
    secrets.push({ folder: "source", secret: restore.source.s3.credentialsSecret });
  }
  return secrets;
}

/** Where a Secret is mounted. */
export function secretFolder({ folder }: Pick<MountedSecret, "folder">): string {
  return `${SECRETS}/${folder}`;
}

/** Settings of the servers that send the log to the backups. */
export function archiveParameters(cluster: PostgresCluster): Readonly<Record<string, string>> {
  return isByPgbackrest(cluster)
    ? { archive_command: `${PGBACKREST} archive-push %p`, archive_mode: "on" }
    : {};
}

/** Settings of members that recover: they may fetch what the primary does not have any more. */
export function recoverySettings(cluster: PostgresCluster): Readonly<Record<string, string>> {
  return isByPgbackrest(cluster) ? { restore_command: `${PGBACKREST} archive-get %f "%p"` } : {};
}

/** Files of the ConfigMap, by name. */
export function pgbackrestFiles(cluster: PostgresCluster): Readonly<Record<string, string>> {
  const { backup } = cluster.spec;
  const restore = restoreByPgbackrest(cluster);
  const isEncrypted = backup?.encryption !== undefined;
  return {
    ...(backup?.destination === undefined || !isByPgbackrest(cluster) ? {} : {
      "pgbackrest.conf": ownConfiguration(cluster, backup, backup.destination),
      "run": script(nameOf(cluster), { folder: "store", isEncrypted, command: 'exec pgbackrest "$@"' }),
    }),
    ...(restore === undefined ? {} : {
      "source.conf": sourceConfiguration(cluster, restore),
      "fetch": script(restore.stanza ?? nameOf(cluster), {
        folder: "source",
        isEncrypted,
        command: `exec pgbackrest --config=${PGBACKREST_MOUNT}/source.conf "$@"`,
      }),
      "restore": restoreScript(restore, backup?.downloadConcurrency),
    }),
  };
}

interface Script {
  /** Of the object store's keys. */
  readonly folder: MountedSecret["folder"];
  readonly isEncrypted: boolean;
  readonly command: string;
}

/** Keys are read at each run: they may have been rotated since the last. */
function script(stanza: string, { folder, isEncrypted, command }: Script): string {
  const read = (name: string, place: MountedSecret["folder"], key: string) =>
    `PGBACKREST_REPO1_${name}="$(cat ${SECRETS}/${place}/${key})"\nexport PGBACKREST_REPO1_${name}`;
  const token = `${SECRETS}/${folder}/${objectStoreKeys.sessionToken}`;
  const authority = `${SECRETS}/${folder}/${certificateKeys.authority}`;
  return [
    "set -eu",
    `export PGBACKREST_STANZA=${stanza}`,
    read("S3_KEY", folder, objectStoreKeys.accessKeyId),
    read("S3_KEY_SECRET", folder, objectStoreKeys.secretAccessKey),
    `if [ -e ${token} ]; then\n${read("S3_TOKEN", folder, objectStoreKeys.sessionToken)}\nfi`,
    // A store inside the company has an authority of its own, which the image does not know.
    `if [ -e ${authority} ]; then export PGBACKREST_REPO1_STORAGE_CA_FILE=${authority}; fi`,
    ...(isEncrypted ? [read("CIPHER_PASS", "key", encryptionKeys.aes256)] : []),
    command,
    "",
  ].join("\n");
}

interface Repository {
  readonly bucket: string;
  readonly region: string;
  readonly path: string;
  readonly endpoint: string | undefined;
  readonly isPathStyle: boolean;
}

function repositoryLines({ bucket, region, path, endpoint, isPathStyle }: Repository): string[] {
  const { host, port } = hostOf(endpoint ?? `https://s3.${region}.amazonaws.com`);
  return [
    "repo1-type=s3",
    `repo1-path=/${path.replace(/^\/+/, "")}`,
    `repo1-s3-bucket=${bucket}`,
    `repo1-s3-region=${region}`,
    `repo1-s3-endpoint=${host}`,
    ...(port === "" ? [] : [`repo1-storage-port=${port}`]),
    `repo1-s3-uri-style=${isPathStyle ? "path" : "host"}`,
  ];
}

/** Endpoints are URLs, but some are written without their scheme. */
function hostOf(endpoint: string): { readonly host: string; readonly port: string } {
  const url = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
  if (!URL.canParse(url)) return { host: endpoint, port: "" };
  const { hostname, port } = new URL(url);
  return { host: hostname, port };
}

function ownConfiguration(cluster: PostgresCluster, backup: Backup, to: BackupDestination): string {
  const { bucket, region, endpoint, forcePathStyle } = to;
  const path = to.path ?? defaultBackupPath(nameOf(cluster), namespaceOf(cluster));
  return configuration(nameOf(cluster), [
    ...repositoryLines({ bucket, region, path, endpoint, isPathStyle: forcePathStyle }),
    ...cipherLines(cluster),
    ...retentionLines(backup),
    `compress-type=${COMPRESSIONS[backup.compression]}`,
    // Without it a backup waits for the next checkpoint, which may be minutes away.
    "start-fast=y",
  ], STANDBY);
}

/**
 * A standby asks the archive for each file before it asks its primary: a store that is silent must not keep it for minutes.
 * It is in the way of nothing else, as restores have settings of their own. In seconds; pgBackRest tries eight times, and its
 * own bound is 60.
 */
const STANDBY = ["[global:archive-get]", "io-timeout=2", ""];

const COMPRESSIONS: Readonly<Record<Backup["compression"], string>> = {
  lz4: "lz4",
  zstd: "zst",
  none: "none",
  // Admission refuses these two; what pgBackRest takes when it is told nothing stands for them.
  lzma: "gz",
  brotli: "gz",
};

/** pgBackRest keeps by one measure: the number counts where both are given, as it never leaves a cluster without any. */
function retentionLines({ retention }: Backup): string[] {
  if (retention?.count !== undefined) return [`repo1-retention-full=${retention.count}`];
  const days = daysOf(retention?.maxAge);
  return days === undefined ? [] : [`repo1-retention-full=${days}`, "repo1-retention-full-type=time"];
}

function cipherLines({ spec: { backup } }: PostgresCluster): string[] {
  return backup?.encryption === undefined ? [] : ["repo1-cipher-type=aes-256-cbc"];
}

function sourceConfiguration(cluster: PostgresCluster, { source: { s3 }, stanza }: Restore): string {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(s3.prefix) ?? [];
  const { region, endpoint } = s3;
  return configuration(stanza ?? nameOf(cluster), [
    ...repositoryLines({ bucket, region, path, endpoint, isPathStyle: endpoint !== undefined }),
    ...cipherLines(cluster),
  ]);
}

/** @param more sections of the file that are for some commands only */
function configuration(stanza: string, settings: readonly string[], more: readonly string[] = []): string {
  return [
    "[global]",
    ...settings,
    // What matters is told on the console; a file would grow in the container.
    "log-level-file=off",
    "log-level-console=warn",
    "",
    ...more,
    `[${stanza}]`,
    `pg1-path=${DATA_FOLDER}`,
    "pg1-user=postgres",
    "",
  ].join("\n");
}
