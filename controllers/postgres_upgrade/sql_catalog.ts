/** Questions to the catalogs of a database, and what their answers mean. */
import type { Row, Statement } from "../../postgres/sql/sql_client.ts";

/** A table whose rows an upgrade has to bring over. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  /** Its rows are gone after a crash, and no replication carries them. */
  readonly unlogged: boolean;
  /** Whether updates and deletes can be told to a subscriber. */
  readonly identified: boolean;
  /** Columns and their types in one text, for comparison. */
  readonly columns: string;
}

export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

/** `schema.name`, for people. */
export function shown({ schema, name }: RelationName): string {
  return `${schema}.${name}`;
}

/** Schemas that Spilo fills by itself in every cluster. */
const SPILO_SCHEMAS = ["metric_helpers", "admin", "user_management", "zmon_utils"];
/** A parent of foreign tables that Spilo makes in database `postgres`; a constraint keeps it empty. */
const SPILO_TABLE = "postgres_log";

/** What belongs to users: nothing of the system, of Spilo, or of an extension, which brings its own. */
function ofUsers(catalog: "pg_class"): string {
  const schemas = ["information_schema", ...SPILO_SCHEMAS].map((name) => `'${name}'`).join(", ");
  return `n.nspname !~ '^pg_' AND n.nspname NOT IN (${schemas}) AND c.relpersistence <> 't' ` +
    `AND NOT (n.nspname = 'public' AND c.relname = '${SPILO_TABLE}') ` +
    `AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = c.oid ` +
    `AND d.deptype = 'e')`;
}

const RELATIONS = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";

/** Databases that take connections, templates aside. */
export const databases: Statement = {
  text: "SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1",
};

/**
 * Tables that hold rows themselves; partitions are among them, their parents are not. A replica identity is the primary
 * key, an index that was named for it, or the full row.
 */
export const tables: Statement = {
  text: `SELECT n.nspname AS schema, c.relname AS name, c.relpersistence = 'u' AS unlogged,
    (c.relreplident = 'f'
      OR c.relreplident = 'd' AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
      OR c.relreplident = 'i' AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident
        AND i.indisvalid)) AS identified,
    coalesce((SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', '
      ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attgenerated = ''), '') AS columns
    ${RELATIONS} WHERE c.relkind = 'r' AND ${ofUsers("pg_class")} ORDER BY 1, 2`,
};

/** @throws TypeError when an answer is none of {@link tables} */
export function tablesOf(rows: readonly Row[]): Table[] {
  return rows.map((row) => ({
    schema: text(row, "schema"),
    name: text(row, "name"),
    unlogged: row["unlogged"] === true,
    identified: row["identified"] === true,
    columns: text(row, "columns"),
  }));
}

/** Sequences, those behind serial and identity columns among them. */
export const sequences: Statement = {
  text:
    `SELECT n.nspname AS schema, c.relname AS name ${RELATIONS} WHERE c.relkind = 'S' AND ${
      ofUsers("pg_class")
    } ` +
    "ORDER BY 1, 2",
};

/** Materialized views, in the order in which they were made: one stands on those before it. */
export const materializedViews: Statement = {
  text:
    `SELECT n.nspname AS schema, c.relname AS name, c.relispopulated AS populated ${RELATIONS} WHERE c.relkind = 'm' ` +
    `AND ${ofUsers("pg_class")} ORDER BY c.oid`,
};

export function relationsOf(rows: readonly Row[]): RelationName[] {
  return rows.map((row) => ({ schema: text(row, "schema"), name: text(row, "name") }));
}

/** Large objects live in a catalog, which logical replication does not carry. */
export const largeObjects: Statement = { text: "SELECT count(*) AS count FROM pg_largeobject_metadata" };

export const extensions: Statement = { text: "SELECT extname AS name FROM pg_extension ORDER BY 1" };

export const availableExtensions: Statement = {
  text: "SELECT name::text AS name FROM pg_available_extensions ORDER BY 1",
};

/** Subscriptions of the database that users made. @param ours names that are left out */
export function foreignSubscriptions(ours: readonly string[]): Statement {
  return {
    text: "SELECT subname AS name FROM pg_subscription WHERE subname <> ALL ($1) AND subdbid = " +
      "(SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1",
    params: [ours],
  };
}

/** Logical slots of others: their readers have to be led to the new cluster by hand. */
export function foreignSlots(ours: readonly string[]): Statement {
  return {
    text:
      "SELECT slot_name AS name FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT temporary " +
      "AND slot_name <> ALL ($1) AND slot_name !~ '^pg_[0-9]+_sync_' ORDER BY 1",
    params: [ours],
  };
}

export const preparedTransactions: Statement = {
  text: "SELECT gid AS name FROM pg_prepared_xacts ORDER BY 1",
};

/** Settings that decide whether logical replication is possible, and how much of it. */
export const limits: Statement = {
  text: `SELECT current_setting('wal_level') AS wal_level,
    current_setting('max_replication_slots')::int AS slots,
    (SELECT count(*) FROM pg_replication_slots)::int AS slots_used,
    current_setting('max_wal_senders')::int AS senders,
    (SELECT count(*) FROM pg_stat_replication)::int AS senders_used,
    current_setting('max_logical_replication_workers')::int AS workers`,
};

/** Roles and databases that say themselves whether their transactions may write: a fence would not reach them. */
export const fenceOverrides: Statement = {
  text: `SELECT coalesce('database ' || d.datname, '') ||
      CASE WHEN s.setdatabase <> 0 AND s.setrole <> 0 THEN ', ' ELSE '' END ||
      coalesce('role ' || r.rolname, '') AS name
    FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
    LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE (s.setdatabase <> 0 OR s.setrole <> 0) AND EXISTS (
      SELECT 1 FROM unnest(s.setconfig) AS entry WHERE entry LIKE 'default\\_transaction\\_read\\_only=%')
    ORDER BY 1`,
};

/** The column `name` of each row. */
export function namesOf(rows: readonly Row[]): string[] {
  return rows.map((row) => text(row, "name"));
}

/** @throws TypeError when the column is no text */
export function text(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot read column ${column} of an answer as a text: current value is ${value}`);
}

/** A whole number; PostgreSQL's bigint comes as a text. @throws TypeError when the column is none */
export function whole(row: Row | undefined, column: string): bigint {
  const value = row?.[column];
  if (typeof value === "string" || (typeof value === "number" && Number.isInteger(value))) {
    return BigInt(value);
  }
  throw new TypeError(`Cannot read column ${column} of an answer as a number: current value is ${value}`);
}
