/** Publications, slots and subscriptions, as statements. */
import { quoteIdentifier, quoteLiteral } from "../../postgres/sql/quote.ts";
import type { Row, Statement } from "../../postgres/sql/sql_client.ts";
import { type RelationName, text } from "./sql_catalog.ts";

export function qualified({ schema, name }: RelationName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The tables of a publication; no row both for one without tables and for none: see {@link publicationExists}. */
export function publishedTables(publication: string): Statement {
  return {
    text: "SELECT n.nspname AS schema, c.relname AS name FROM pg_publication_rel r " +
      "JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid " +
      "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = $1 ORDER BY 1, 2",
    params: [publication],
  };
}

export function publicationExists(publication: string): Statement {
  return { text: "SELECT pubname AS name FROM pg_publication WHERE pubname = $1", params: [publication] };
}

/** Changes of these tables, each partition under its own name: both sides have the same partitions. */
export function createPublication(publication: string, tables: readonly RelationName[]): Statement {
  const what = tables.length === 0
    ? ""
    : ` FOR TABLE ${tables.map((table) => `ONLY ${qualified(table)}`).join(", ")}`;
  return {
    text: `CREATE PUBLICATION ${
      quoteIdentifier(publication)
    }${what} WITH (publish_via_partition_root = false)`,
  };
}

export function setPublication(publication: string, tables: readonly RelationName[]): Statement {
  const what = tables.map((table) => `ONLY ${qualified(table)}`).join(", ");
  return { text: `ALTER PUBLICATION ${quoteIdentifier(publication)} SET TABLE ${what}` };
}

export function dropPublication(publication: string): Statement {
  return { text: `DROP PUBLICATION IF EXISTS ${quoteIdentifier(publication)}` };
}

/** How a slot stands; `lost` and `unreserved` mean that the log it needs is gone, or about to go. */
export interface SlotState {
  readonly name: string;
  readonly active: boolean;
  readonly walStatus: string | undefined;
  /** Bytes of log that its reader has not confirmed. */
  readonly lagBytes: number;
  readonly confirmed: string;
}

export function slots(names: readonly string[]): Statement {
  return {
    text: "SELECT slot_name AS name, active, wal_status, confirmed_flush_lsn::text AS confirmed, " +
      "greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn))::text AS lag " +
      "FROM pg_replication_slots WHERE slot_name = ANY ($1) ORDER BY 1",
    params: [names],
  };
}

export function slotsOf(rows: readonly Row[]): SlotState[] {
  return rows.map((row) => ({
    name: text(row, "name"),
    active: row["active"] === true,
    walStatus: typeof row["wal_status"] === "string" ? row["wal_status"] : undefined,
    lagBytes: Number(row["lag"] ?? 0),
    confirmed: typeof row["confirmed"] === "string" ? row["confirmed"] : "0/0",
  }));
}

/** Waits until every transaction that runs has ended; on a server that nobody writes to, that is at once. */
export function createSlot(name: string): Statement {
  return {
    text: "SELECT pg_create_logical_replication_slot($1, 'pgoutput') WHERE NOT EXISTS " +
      "(SELECT 1 FROM pg_replication_slots WHERE slot_name = $1)",
    params: [name],
  };
}

/** Ends the readers of slots that are to be dropped; they come back after seconds. */
export function endReaders(names: readonly string[]): Statement {
  return {
    text:
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = ANY ($1) AND active",
    params: [names],
  };
}

/** Drops slots that nobody reads; one that is still read stays for another try. */
export function dropSlots(names: readonly string[]): Statement {
  return {
    text:
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ANY ($1) AND NOT active",
    params: [names],
  };
}

/** Where the log stands, and how far behind it some slots are: `behind` names those that have not confirmed `position`. */
export const logPosition: Statement = { text: "SELECT pg_current_wal_flush_lsn()::text AS position" };

export function unconfirmed(names: readonly string[], position: string): Statement {
  return {
    text:
      "SELECT w.name FROM unnest($1::text[]) AS w(name) LEFT JOIN pg_replication_slots s ON s.slot_name = w.name " +
      "WHERE s.confirmed_flush_lsn IS NULL OR s.confirmed_flush_lsn < $2::pg_lsn ORDER BY 1",
    params: [names, position],
  };
}

/** A subscription of the database that is asked. */
export interface SubscriptionState {
  readonly enabled: boolean;
  /** A process reads the other side. */
  readonly working: boolean;
  readonly conninfo: string;
  /** Tables whose first copy is not complete. */
  readonly copying: number;
  /** Errors that its workers have met. */
  readonly errors: number;
  /** Names of slots on the other side that first copies may have left behind. */
  readonly copySlots: string;
}

export function subscription(name: string): Statement {
  return {
    text: `SELECT s.subenabled AS enabled, s.subconninfo AS conninfo,
      EXISTS (SELECT 1 FROM pg_stat_subscription a WHERE a.subid = s.oid AND a.pid IS NOT NULL) AS working,
      (SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srsubstate <> 'r')::int AS copying,
      coalesce((SELECT e.apply_error_count + e.sync_error_count FROM pg_stat_subscription_stats e
        WHERE e.subid = s.oid), 0)::int AS errors,
      'pg_' || s.oid || '_sync_' AS copy_slots
      FROM pg_subscription s WHERE s.subname = $1
      AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    params: [name],
  };
}

export function subscriptionOf([row]: readonly Row[]): SubscriptionState | undefined {
  if (row === undefined) return undefined;
  return {
    enabled: row["enabled"] === true,
    working: row["working"] === true,
    conninfo: text(row, "conninfo"),
    copying: Number(row["copying"]),
    errors: Number(row["errors"]),
    copySlots: text(row, "copy_slots"),
  };
}

export interface NewSubscription {
  readonly name: string;
  readonly conninfo: string;
  readonly publication: string;
  /** Whether the rows that are there already come over as well. */
  readonly copy: boolean;
}

/** Its slot, of the same name, exists already: whoever makes the two by themselves can do either again after a crash. */
export function createSubscription({ name, conninfo, publication, copy }: NewSubscription): Statement {
  return {
    text: `CREATE SUBSCRIPTION ${quoteIdentifier(name)} CONNECTION ${quoteLiteral(conninfo)} PUBLICATION ` +
      `${quoteIdentifier(publication)} WITH (create_slot = false, slot_name = ${quoteLiteral(name)}, ` +
      `copy_data = ${copy}, enabled = true)`,
  };
}

export function enableSubscription(name: string, conninfo: string): Statement[] {
  const subject = `ALTER SUBSCRIPTION ${quoteIdentifier(name)}`;
  return [{ text: `${subject} CONNECTION ${quoteLiteral(conninfo)}` }, { text: `${subject} ENABLE` }];
}

/** Takes it away and leaves its slot, which may be out of reach: one transaction. */
export function dropSubscription(name: string): Statement[] {
  const subject = quoteIdentifier(name);
  return [
    { text: `ALTER SUBSCRIPTION ${subject} DISABLE` },
    { text: `ALTER SUBSCRIPTION ${subject} SET (slot_name = NONE)` },
    { text: `DROP SUBSCRIPTION ${subject}` },
  ];
}

/** One value of a connection string of libpq. */
function connectionValue(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A connection string of libpq. */
export function connectionString(parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).map(([name, value]) => `${name}=${connectionValue(value)}`).join(" ");
}
