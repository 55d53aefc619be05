/**
 * From the spellings that existing manifests use to the one that controllers see. Each function is pure and leaves its
 * argument as it is.
 *
 * | what | manifests | controllers |
 * | --- | --- | --- |
 * | backup destination | `type: S3` and settings beside it, or settings under `S3` | `type: S3` and settings beside it |
 * | credentials of a restore | `credentialsSecret` or `credentials_secret` | `credentialsSecret` |
 * | attribute of a role | `BYPASS_RLS` or `BYPASSRLS` | `BYPASS_RLS` |
 * | `scaling.minReplicas` | 0 or more | absent for 0 |
 * | what `ignored_fields.ts` lists | there | absent |
 */
import type { Problem } from "../../kube/controller.ts";
import type {
  Backup,
  BackupDestination,
  WrittenBackup,
  WrittenDestination,
} from "./postgres_cluster/backup.ts";
import type { Restore, WrittenRestore } from "./postgres_cluster/restore.ts";
import type { Scaling, WrittenScaling } from "./postgres_cluster/scaling.ts";
import type { PostgresClusterSpec, WrittenPostgresClusterSpec } from "./postgres_cluster/spec.ts";
import type {
  DatabaseRole,
  PostgresDatabaseSpec,
  WrittenDatabaseRole,
  WrittenPostgresDatabaseSpec,
} from "./postgres_database/spec.ts";
import type { PostgresUpgradeSpec, WrittenPostgresUpgradeSpec } from "./postgres_upgrade/spec.ts";

/**
 * The spec of a cluster. The API server lets no object through that has a problem here, but objects may have been
 * stored before it had our schema.
 * @param problems receives what has no canonical form; the result is then of no use.
 */
export function canonicalPostgresClusterSpec(
  written: WrittenPostgresClusterSpec,
  problems: Problem[],
): PostgresClusterSpec {
  const { backup, restore, scaling, ...settings } = written;
  return {
    ...settings,
    ...(backup === undefined ? {} : { backup: canonicalBackup(backup, problems) }),
    ...(restore === undefined ? {} : { restore: canonicalRestore(restore, problems) }),
    ...(scaling === undefined ? {} : { scaling: canonicalScaling(scaling) }),
  };
}

function canonicalBackup(written: WrittenBackup, problems: Problem[]): Backup {
  const { destination, encryption, ...settings } = written;
  const backup: Backup = { ...settings };
  if (destination !== undefined) backup.destination = canonicalDestination(destination, problems);
  if (encryption !== undefined) {
    const { enabled: _ignored, ...rest } = encryption;
    backup.encryption = rest;
  }
  return backup;
}

function canonicalDestination(written: WrittenDestination, problems: Problem[]): BackupDestination {
  const { S3: nested, ...flat } = written;
  const path = "spec.backup.destination";
  return nested !== undefined ? { type: "S3", ...nested } : {
    ...flat,
    type: "S3",
    bucket: present(flat.bucket, `${path}.bucket`, problems),
    region: present(flat.region, `${path}.region`, problems),
    credentialsSecret: present(flat.credentialsSecret, `${path}.credentialsSecret`, problems),
  };
}

function canonicalRestore(written: WrittenRestore, problems: Problem[]): Restore {
  const { source: { s3: { credentials_secret: older, ...s3 } }, ...rest } = written;
  const path = "spec.restore.source.s3.credentialsSecret";
  return {
    ...rest,
    source: { s3: { ...s3, credentialsSecret: present(s3.credentialsSecret ?? older, path, problems) } },
  };
}

/** The value, or a problem and the empty string where there is none. */
function present(value: string | undefined, path: string, problems: Problem[]): string {
  if (value !== undefined) return value;
  problems.push({ path, message: "must be a string, but it is absent" });
  return "";
}

function canonicalScaling(written: WrittenScaling): Scaling {
  const { idleTimeout: _idle, wakeupTimeout: _wakeup, minReplicas, ...settings } = written;
  // 0 asked to scale to nothing, which no cluster does: the floor is then what it is without the field.
  return minReplicas === undefined || minReplicas === 0 ? settings : { ...settings, minReplicas };
}

/** The spec of a database; every spelling has a canonical form. */
export function canonicalPostgresDatabaseSpec(written: WrittenPostgresDatabaseSpec): PostgresDatabaseSpec {
  const { roles, ...settings } = written;
  return roles === undefined ? settings : { ...settings, roles: roles.map(canonicalRole) };
}

function canonicalRole(written: WrittenDatabaseRole): DatabaseRole {
  const { privileges, ...settings } = written;
  if (privileges === undefined) return settings;
  return { ...settings, privileges: privileges.map((word) => word === "BYPASSRLS" ? "BYPASS_RLS" : word) };
}

/** The spec of an upgrade; every spelling has a canonical form. */
export function canonicalPostgresUpgradeSpec(written: WrittenPostgresUpgradeSpec): PostgresUpgradeSpec {
  const { targetClusterOverrides, strategy, ...settings } = written;
  const { cutover: _limit, ...timeouts } = strategy.timeouts;
  const { cleanupSourceCluster: _cleanup, ...postCutover } = strategy.postCutover;
  const spec: PostgresUpgradeSpec = { ...settings, strategy: { ...strategy, timeouts, postCutover } };
  if (targetClusterOverrides !== undefined) {
    const { name: _name, ...overrides } = targetClusterOverrides;
    spec.targetClusterOverrides = overrides;
  }
  return spec;
}
