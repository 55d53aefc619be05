/** Server settings of a Patroni cluster before its user says anything, and how they are written down for Spilo. */
import { yaml } from "./yaml.ts";

/**
 * Settings that every cluster starts from. Spilo's own are lower or absent; these make logical replication, rewinding and
 * a standby's queries possible from the first day.
 */
export const DEFAULT_PARAMETERS: Readonly<Record<string, string>> = {
  hot_standby: "on",
  hot_standby_feedback: "on",
  max_connections: "100",
  max_replication_slots: "10",
  max_wal_senders: "10",
  shared_buffers: "128MB",
  wal_keep_size: "1GB",
  wal_level: "logical",
};

/** What a cluster runs with: the built-in settings, and over them its user's, sorted by name. */
export function effectiveParameters(
  given: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const all = Object.entries({ ...DEFAULT_PARAMETERS, ...given });
  return Object.fromEntries(all.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

/**
 * The settings that Patroni takes from its store only, never from a member's own configuration: all members must agree on
 * them, or a standby could not follow. A change of them has to be told to Patroni.
 */
export const STORE_PARAMETERS: ReadonlySet<string> = new Set([
  "hot_standby",
  "max_connections",
  "max_locks_per_transaction",
  "max_prepared_transactions",
  "max_replication_slots",
  "max_wal_senders",
  "max_worker_processes",
  "track_commit_timestamp",
  "wal_keep_segments",
  "wal_keep_size",
  "wal_level",
  "wal_log_hints",
]);

/** A bootstrap that does not start from an empty database, merged over Spilo's own. */
export type CloneSettings = Readonly<Record<string, unknown>>;

export interface SpiloSettings {
  readonly parameters: Readonly<Record<string, string>>;
  readonly clone?: CloneSettings;
  /** Settings of members that recover. */
  readonly recovery?: Readonly<Record<string, string>>;
}

/** Text of `SPILO_CONFIGURATION`. Every setting is a string, so that `on` stays the word that it is. */
export function spiloConfiguration({ parameters, clone = {}, recovery = {} }: SpiloSettings): string {
  const isRecovering = Object.keys(recovery).length > 0;
  return yaml({
    bootstrap: { dcs: { postgresql: { parameters } }, ...clone },
    postgresql: { parameters, ...(isRecovering ? { recovery_conf: recovery } : {}) },
  });
}
