/** Names within the pods of a shard: containers, volumes, folders and files. */

/** Containers of a pool's pod. PostgreSQL runs in the first, below its supervisor pgctld. */
export const containers = {
  postgres: "postgres",
  multipooler: "multipooler",
  exporter: "postgres-exporter",
} as const;

/** Folders that the containers see. */
export const folders = {
  /** State of pgctld and the pooler, with the data folder within: initdb sets the mode of the latter. */
  pooler: "/var/lib/pooler",
  data: "/var/lib/pooler/pg_data",
  backups: "/backups",
  sockets: "/var/run/postgresql",
  hba: "/etc/pgctld",
  settings: "/etc/pgctld/postgres-config",
  password: "/etc/postgres-password",
  queries: "/etc/postgres-exporter",
  pgbackrest: "/certs/pgbackrest",
  cipher: "/secrets/pgbackrest-cipher",
  internalTls: "/etc/multigres/tls",
} as const;

/** Files within them; each is also the key of its ConfigMap or Secret, but for the password, whose key the user names. */
export const files = {
  hba: "pg_hba_template.conf",
  settings: "postgresql.conf",
  queries: "queries.yml",
  password: "password",
  cipher: "keys.json",
} as const;

/** Volumes of a pool's pod. */
export const volumes = {
  data: "pgdata",
  backups: "backup-data",
  sockets: "socket-dir",
  hba: "pg-hba-template",
  password: "postgres-password",
  settings: "postgres-config",
  queries: "postgres-exporter-queries",
  pgbackrest: "pgbackrest-certs",
  cipher: "pgbackrest-cipher",
  internalTls: "tls-certs",
} as const;

/** On the ConfigMap with the server settings: hash of those that the user asked for and that take a restart. */
export const askedHashAnnotation = "multigres.com/postgres-asked-hash";
