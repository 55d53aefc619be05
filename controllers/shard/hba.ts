/** Who may connect to the PostgreSQL of a pool, and how they prove who they are. */

/** Everybody shows a password, wherever they come from: also the pooler, which sits beside PostgreSQL. */
const METHOD = "scram-sha-256";

/** Private networks are named before the rest, so that a reader sees who is expected. */
const networks = [
  "127.0.0.1/32",
  "::1/128",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "0.0.0.0/0",
  "::0/0",
];

/** Standbys and backups come from pods of any node. */
const replicationNetworks = ["0.0.0.0/0", "::0/0"];

/**
 * The template of `pg_hba.conf` that pgctld fills in, in the language of Go's text/template; it needs nothing of that.
 * PostgreSQL takes the first line that fits.
 */
export function hbaTemplate(): string {
  return [
    "# Made by the operator: changes are put back.",
    ...table(["# TYPE", "DATABASE", "USER", "ADDRESS", "METHOD"]),
    ...table(["local", "all", "all", "", METHOD]),
    "# Standbys, and copies that backups are restored from.",
    ...table(["local", "replication", "all", "", METHOD]),
    ...replicationNetworks.flatMap((network) => table(["host", "replication", "all", network, METHOD])),
    "# Clients: nobody is trusted without a password.",
    ...networks.flatMap((network) => table(["host", "all", "all", network, METHOD])),
    "",
  ].join("\n");
}

const widths = [8, 13, 6, 18, 0];

function table(columns: readonly string[]): string[] {
  return [columns.map((column, at) => column.padEnd(widths[at] ?? 0)).join("").trimEnd()];
}
