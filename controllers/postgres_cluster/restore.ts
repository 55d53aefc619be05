/**
 * How a cluster starts from a backup. Only the first start reads this; whoever changes it later changes nothing.
 *
 * Spilo knows one method that fetches with WAL-G, by the name of its forerunner. It restores the newest backup before a
 * moment and replays the log up to it; for a named backup, or a timeline, its settings are replaced by ours.
 */
import { encryptionKeys, objectStoreKeys } from "../../api/smoketurner/secret_keys.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import type { RecoveryTarget } from "../../api/smoketurner/postgres_cluster/restore.ts";
import type { CloneSettings } from "../../postgres/patroni/settings.ts";
import { type EnvVar, fromSecret, plain } from "./environment.ts";
import { pgbackrestBootstrap } from "./pgbackrest_restore.ts";
import { withZone } from "./moment.ts";
import { DATA_FOLDER } from "./shape.ts";

/** Spilo's method that fetches a backup. */
const METHOD = "CLONE_WITH_WALE";

/** Folder of variables that Spilo fills from ours that begin with `CLONE_`. */
const VARIABLES = "/run/etc/wal-e.d/env-clone";

/** Names of backups go into a command line, so nothing that a shell understands may stand in them. */
const BACKUP_NAME = /^[A-Za-z0-9_.-]+$/;

/** Variables of the first start with WAL-G; none without `spec.restore`. */
export function restoreEnvironment({ spec }: PostgresCluster): EnvVar[] {
  if (spec.restore?.engine !== "walg") return [];
  const { source: { s3 }, recoveryTarget } = spec.restore;
  const time = recoveryTarget?.time;
  const encryption = spec.backup?.encryption;
  return [
    plain("CLONE_METHOD", METHOD),
    plain("CLONE_WALG_S3_PREFIX", s3.prefix),
    plain("CLONE_WALE_S3_PREFIX", s3.prefix),
    plain("CLONE_AWS_REGION", s3.region),
    ...(s3.endpoint === undefined ? [] : [plain("CLONE_AWS_ENDPOINT", s3.endpoint)]),
    ...(s3.endpoint === undefined ? [] : [plain("CLONE_AWS_S3_FORCE_PATH_STYLE", "true")]),
    fromSecret("CLONE_AWS_ACCESS_KEY_ID", s3.credentialsSecret, objectStoreKeys.accessKeyId),
    fromSecret("CLONE_AWS_SECRET_ACCESS_KEY", s3.credentialsSecret, objectStoreKeys.secretAccessKey),
    ...(encryption?.method === "aes256"
      ? [
        fromSecret("CLONE_WALG_LIBSODIUM_KEY", encryption.keySecret, encryptionKeys.aes256),
        plain("CLONE_WALG_LIBSODIUM_KEY_TRANSFORM", "base64"),
      ]
      : []),
    ...(time === undefined ? [] : [plain("CLONE_TARGET_TIME", withZone(time))]),
  ];
}

/** What of Spilo's settings is replaced for the first start. */
export function restoreSettings({ spec }: PostgresCluster): CloneSettings {
  if (spec.restore?.engine === "pgbackrest") return pgbackrestBootstrap;
  const target = spec.restore?.recoveryTarget;
  if (target?.backup !== undefined && BACKUP_NAME.test(target.backup)) {
    const fetch = `envdir ${VARIABLES} sh -c 'wal-g backup-fetch ${DATA_FOLDER} ${target.backup}'`;
    return { clone_with_wale: { command: fetch, recovery_conf: { recovery_target: "immediate" } } };
  }
  if (target?.timeline !== undefined) {
    return { clone_with_wale: { recovery_conf: { recovery_target_timeline: `${target.timeline}` } } };
  }
  return {};
}

/** What cannot be meant, as sentences. */
export function restoreFaults(target: RecoveryTarget | undefined): string[] {
  const { backup, time } = target ?? {};
  const faults: string[] = [];
  if (backup !== undefined && !BACKUP_NAME.test(backup)) {
    faults.push(
      `Cannot restore spec.restore.recoveryTarget.backup "${backup}" as names of backups hold letters, digits and _ . - only.`,
    );
  }
  if (time !== undefined && Number.isNaN(Date.parse(withZone(time)))) {
    faults.push(
      `Cannot recover to spec.restore.recoveryTarget.time "${time}" as it is no time: write one such as 2026-01-31T12:00:00Z.`,
    );
  }
  return faults;
}
