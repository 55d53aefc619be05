/** Keys inside the Secrets of the Patroni family: those that we write and those that users bring. */

/** `<cluster>-credentials`: written once, or brought by the user before the cluster exists. */
export const credentialKeys = {
  superuserPassword: "POSTGRES_PASSWORD",
  replicationPassword: "REPLICATION_PASSWORD",
  /** The superuser's password again, under the name that libpq reads from the environment. */
  libpqPassword: "PGPASSWORD",
  /** libpq URI of the superuser at the primary: what KEDA's trigger logs in with. */
  connectionString: "connection-string",
} as const;

/** The Secret of one role of a PostgresDatabase. */
export const roleSecretKeys = {
  username: "username",
  password: "password",
  host: "host",
  port: "port",
  database: "database",
  connectionString: "connection-string",
  jdbcUrl: "jdbc-url",
} as const;

/** Object store credentials, brought by the user; the session token may be absent. */
export const objectStoreKeys = {
  accessKeyId: "AWS_ACCESS_KEY_ID",
  secretAccessKey: "AWS_SECRET_ACCESS_KEY",
  sessionToken: "AWS_SESSION_TOKEN",
} as const;

/** Backup encryption, brought by the user: the key that belongs to each `encryption.method`. */
export const encryptionKeys = {
  /** Base64 of 32 bytes. */
  aes256: "encryption-key",
  pgp: "pgp-key",
} as const;

/** TLS material as cert-manager writes it. */
export const certificateKeys = {
  certificate: "tls.crt",
  privateKey: "tls.key",
  authority: "ca.crt",
} as const;
