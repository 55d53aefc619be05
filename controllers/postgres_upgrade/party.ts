/** A side that is talked to: sessions of the operator, and what the other server needs to connect. */
import { certificateKeys, credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { fromData } from "../../certs/pem.ts";
import type { KubeClient } from "../../kube/client.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import type { Row, SqlClient, SqlSession, SqlTarget, Statement } from "../../postgres/sql/sql_client.ts";
import { Secrets } from "../postgres_cluster/kinds.ts";
import { databases, namesOf } from "./sql_catalog.ts";
import { connectionString } from "./sql_replication.ts";
import type { Side } from "./sides.ts";

/** Role and database that Patroni makes with every server. */
const SUPERUSER = "postgres";
export const MAINTENANCE_DATABASE = "postgres";

/** Counting and copying take as long as they take; a session that is left is ended by the server, see `pg_client.ts`. */
const LONG_MS = 6 * 60 * 60_000;

/**
 * Settings of our sessions. They may write whatever the fence says; passwords of connection strings stay out of the
 * server's log; and what they commit is on disk.
 */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  default_transaction_read_only: "off",
  statement_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  log_statement: "none",
  log_min_error_statement: "panic",
  synchronous_commit: "on",
};

const applySettings: Statement = {
  text: `SELECT ${
    Object.keys(SESSION_SETTINGS).map((name, at) => `set_config('${name}', $${at + 1}, false)`).join(", ")
  }`,
  params: Object.values(SESSION_SETTINGS),
};

export interface Party {
  readonly side: Side;
  /** A session in a database. @throws SqlError */
  open(database: string): Promise<SqlSession>;
  /** How the other server connects to a database of this one; with the password. */
  conninfo(database: string): string;
}

export interface PartyTools {
  readonly sql: SqlClient;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

/**
 * Reads the credentials of a side. Without them nobody can be talked to, which each session then says.
 * @throws ApiError, TransportError
 */
export async function partyOf(side: Side, tools: PartyTools): Promise<Party> {
  const { namespace, place: { host, port }, credentials, authority, serverName } = side;
  const secret = await tools.client.find(Secrets, { namespace, name: credentials });
  const password = fromData(secret?.data?.[credentialKeys.superuserPassword]);
  if (password === undefined) return mute(side);
  const login = { host, port, user: SUPERUSER, password };
  const tls = authority === undefined
    ? {}
    : { tls: { serverName, ...await authorityOf(side, authority, tools) } };
  return {
    side,
    open: (database) => openSession({ ...login, ...tls, database }, tools),
    conninfo: (database) =>
      connectionString({
        host,
        port: String(port),
        user: SUPERUSER,
        password,
        dbname: database,
        sslmode: authority === undefined ? "prefer" : "require",
        application_name: "matriarch-upgrade",
      }),
  };
}

function mute(side: Side): Party {
  const { cluster, namespace, credentials } = side;
  const refusal = () =>
    new SqlError(
      "auth",
      `Cannot log in to ${cluster} as Secret ${namespace}/${credentials} has no key ${credentialKeys.superuserPassword}`,
    );
  return {
    side,
    open: () => Promise.reject(refusal()),
    conninfo: () => {
      throw refusal();
    },
  };
}

async function authorityOf(
  { namespace }: Side,
  name: string,
  { client }: PartyTools,
): Promise<{ caPem?: string }> {
  const secret = await client.find(Secrets, { namespace, name });
  const caPem = fromData(secret?.data?.[certificateKeys.authority]);
  return caPem === undefined ? {} : { caPem };
}

async function openSession(target: SqlTarget, { sql, signal }: PartyTools): Promise<SqlSession> {
  const session = await sql.connect(target, { signal });
  const limited: SqlSession = {
    ask: (statement, options) => session.ask(statement, { timeoutMs: LONG_MS, ...options, signal }),
    change: (statements, options) => session.change(statements, { timeoutMs: LONG_MS, ...options, signal }),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
  try {
    await limited.ask(applySettings);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return limited;
}

/** Asks one question in a session of its own. */
export async function askIn(party: Party, database: string, statement: Statement): Promise<readonly Row[]> {
  await using session = await party.open(database);
  return await session.ask(statement);
}

/** Databases of a server whose contents an upgrade brings over. */
export async function databasesOf(party: Party): Promise<string[]> {
  return namesOf(await askIn(party, MAINTENANCE_DATABASE, databases));
}
