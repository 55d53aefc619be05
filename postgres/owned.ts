/** Settings of a Multigres instance that are not the user's to choose: who has them instead, and what to do. */
import { RELOAD_MARKER } from "./configuration.ts";
import type { Severity } from "./problem.ts";
import { canonicalName } from "./setting_name.ts";

export interface Ownership {
  readonly severity: Severity;
  /** The value that the operator gives itself: to repeat it does no harm. */
  readonly harmless?: RegExp;
  /** Why it is not the user's, as the end of "Cannot set x to y as …". */
  readonly reason: string;
  readonly remedy: string;
}

const commandLine: Ownership = {
  severity: "error",
  reason: "pgctld gives it on the command line of the server, which wins over every file",
  remedy: "Remove it",
};

const on = /^(on|true|yes|1)$/i;

/** The pooler writes `postgresql.auto.conf`, which the server reads last. */
const byPooler = (what: string, remedy = "Remove it"): Ownership => ({
  severity: "error",
  reason: `the pooler decides ${what}, and changes it as instances come and go`,
  remedy,
});

const archiving = byPooler("how WAL is archived", "Remove it and use spec.backup");

const owned: Readonly<Record<string, Ownership>> = {
  config_file: commandLine,
  data_directory: commandLine,
  hba_file: commandLine,
  ident_file: commandLine,
  listen_addresses: commandLine,
  port: commandLine,
  unix_socket_directories: commandLine,

  archive_cleanup_command: archiving,
  archive_command: archiving,
  archive_library: archiving,
  archive_mode: archiving,
  primary_conninfo: byPooler("which primary a standby follows"),
  promote_trigger_file: byPooler("who becomes primary"),
  primary_slot_name: byPooler("which slot a standby uses"),
  restore_command: byPooler("where WAL is restored from", "Remove it and use spec.backup"),
  synchronous_standby_names: byPooler(
    "who must confirm a transaction",
    "Remove it and choose spec.durabilityPolicy",
  ),
  synchronous_commit: {
    severity: "warning",
    reason: "the pooler writes its own value, which wins over this one",
    remedy: "Remove it, or set it for a role, a database or a transaction",
  },
  allow_alter_system: {
    severity: "error",
    harmless: on,
    reason: "the pooler changes the server's settings by ALTER SYSTEM",
    remedy: "Remove it",
  },

  wal_level: {
    severity: "error",
    reason: "replication slots that outlive a failover need the value logical, which every instance has",
    remedy: "Remove it",
  },
  hot_standby: {
    severity: "error",
    harmless: on,
    reason: "the pooler asks standbys for their state, so they must take connections",
    remedy: "Remove it",
  },
  wal_log_hints: {
    severity: "error",
    harmless: on,
    reason: "pg_rewind, by which an old primary comes back, needs it on, as it is",
    remedy: "Remove it",
  },
  full_page_writes: {
    severity: "error",
    harmless: on,
    reason: "pg_rewind and backups need it on, as it is",
    remedy: "Remove it",
  },
  [RELOAD_MARKER]: {
    severity: "error",
    reason: "the operator proves by it that a file was read",
    remedy: "Remove it",
  },
};

const recoveryTarget: Ownership = {
  severity: "error",
  reason: "it ends recovery at a chosen point, and a standby that ends it follows no primary",
  remedy: "Remove it; restore to a point in time into a cluster of its own",
};

/** Who has a setting of a Multigres instance; undefined for those that are the user's. */
export function ownershipOf(name: string): Ownership | undefined {
  const canonical = canonicalName(name);
  if (Object.hasOwn(owned, canonical)) return owned[canonical];
  return /^recovery_target(_|$)/.test(canonical) ? recoveryTarget : undefined;
}
