/** What postgres-exporter measures beyond its own metrics, in its file format. */

/** How a column of a result is used: as a number of its own, or as the name of what the numbers are about. */
type Usage = "GAUGE" | "LABEL";

interface Query {
  /** Names of the metrics begin with it. */
  readonly prefix: string;
  readonly sql: string;
  readonly columns: readonly { readonly name: string; readonly usage: Usage; readonly description: string }[];
}

/** A result is kept this long, so that several scrapers cost one query. */
const CACHE_SECONDS = 60;

function gauge(name: string, description: string): Query["columns"][number] {
  return { name, usage: "GAUGE", description };
}

/** On a primary, which replays nothing, the lag is 0 and it counts as not connected and not paused. */
const replicationLag = `SELECT
  CASE
    WHEN NOT pg_is_in_recovery() THEN 0
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
  END AS seconds,
  CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused()::int ELSE 0 END AS is_wal_replay_paused,
  (SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming') AS is_connected_to_primary`;

const queries: readonly Query[] = [
  {
    prefix: "pg_database",
    sql: "SELECT sum(pg_database_size(oid)) / 1048576.0 AS size_mb FROM pg_database",
    columns: [gauge("size_mb", "Size of all databases, in MiB")],
  },
  {
    prefix: "pg_wal",
    sql: "SELECT coalesce(sum(size), 0) / 1048576.0 AS size_mb FROM pg_ls_waldir()",
    columns: [gauge("size_mb", "Size of the write-ahead log on disk, in MiB")],
  },
  {
    prefix: "pg_stat_database",
    sql: "SELECT coalesce(sum(numbackends), 0) AS num_backends FROM pg_stat_database",
    columns: [gauge("num_backends", "Backends connected to any database")],
  },
  {
    prefix: "physical_replication_lag",
    sql: replicationLag,
    columns: [
      gauge("seconds", "Age of the newest transaction that was replayed; 0 when all is replayed"),
      gauge("is_wal_replay_paused", "1 while replay is paused"),
      gauge("is_connected_to_primary", "1 while write-ahead log streams in"),
    ],
  },
  {
    prefix: "connection_stats",
    sql: "SELECT usename AS username, count(*) AS connection_count FROM pg_stat_activity " +
      "WHERE backend_type = 'client backend' GROUP BY usename",
    columns: [
      { name: "username", usage: "LABEL", description: "Role that is connected" },
      gauge("connection_count", "Client connections of the role"),
    ],
  },
  {
    prefix: "max_connections",
    sql: "SELECT current_setting('max_connections')::int AS connection_count",
    columns: [gauge("connection_count", "Connections that the server accepts at most")],
  },
];

/** The file, as YAML; JSON strings are YAML strings. */
export function exporterQueries(): string {
  return queries.map(section).join("\n");
}

function section({ prefix, sql, columns }: Query): string {
  return [
    `${prefix}:`,
    `  query: ${JSON.stringify(sql)}`,
    "  master: true",
    `  cache_seconds: ${CACHE_SECONDS}`,
    "  metrics:",
    ...columns.flatMap(({ name, usage, description }) => [
      `    - ${name}:`,
      `        usage: ${usage}`,
      `        description: ${JSON.stringify(description)}`,
    ]),
    "",
  ].join("\n");
}
