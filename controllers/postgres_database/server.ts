/** The way to the server of a cluster: credentials, certificate, turn, and the lock that makes passes follow each other. */
import { ports } from "../../api/smoketurner/ports.ts";
import { certificateKeys, credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Fence } from "../../kube/fence.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import {
  fencedSqlClient,
  type SqlClient,
  type SqlSession,
  type SqlTarget,
} from "../../postgres/sql/sql_client.ts";
import { Secrets } from "../postgres_cluster/kinds.ts";
import type { Place } from "./order.ts";
import { secretText } from "./role_secret.ts";
import type { Turns } from "./turns.ts";

/** Role and database that Patroni makes with every server. */
const SUPERUSER = "postgres";
const MAINTENANCE_DATABASE = "postgres";

/**
 * Keys of the lock that a pass holds on the server while it looks and changes: what it saw is then still so when it acts,
 * whichever object or operator is at work beside it. The first key spells "Matr".
 */
const LOCK = [0x4d617472, 1] as const;

export interface Ways {
  readonly sql: SqlClient;
  readonly turns: Turns;
  readonly client: KubeClient;
  readonly fence: Fence;
}

export interface Server {
  /** A session in the maintenance database, which holds the lock. */
  readonly session: SqlSession;
  /** A session in another database. */
  inside(database: string): Promise<SqlSession>;
}

/** Does something while nobody else of us does anything on the server. @throws SqlError, ApiError, TransportError */
export async function withServer<T>(
  place: Place,
  ways: Ways,
  { signal, run }: { readonly signal: AbortSignal; readonly run: (server: Server) => Promise<T> },
): Promise<T> {
  using _turn = await ways.turns.take(`${place.namespace}/${place.cluster}`, signal);
  const target = await targetOf(place, ways.client);
  const sql = fencedSqlClient(ways.sql, ways.fence);
  await using session = await sql.connect(target, { signal });
  await session.ask({ text: "SELECT pg_catalog.pg_advisory_lock($1, $2)", params: LOCK }, { signal });
  return await run({
    session: withSignal(session, signal),
    inside: async (database) => withSignal(await sql.connect({ ...target, database }, { signal }), signal),
  });
}

function withSignal(session: SqlSession, signal: AbortSignal): SqlSession {
  return {
    ask: (statement, options) => session.ask(statement, { ...options, signal }),
    change: (statements, options) => session.change(statements, { ...options, signal }),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

async function targetOf(place: Place, client: KubeClient): Promise<SqlTarget> {
  const { host, namespace, credentials, authority } = place;
  const live = await client.find(Secrets, { namespace, name: credentials });
  const password = secretText(live, credentialKeys.superuserPassword);
  if (password === undefined) {
    const message =
      `Cannot log in as Secret ${namespace}/${credentials} has no key ${credentialKeys.superuserPassword}`;
    throw new SqlError("auth", message);
  }
  const { port } = ports.postgresql;
  const target = { host, port, database: MAINTENANCE_DATABASE, user: SUPERUSER, password };
  if (authority === undefined) return target;
  const caPem = secretText(
    await client.find(Secrets, { namespace, name: authority }),
    certificateKeys.authority,
  );
  return { ...target, tls: { serverName: host, ...(caPem === undefined ? {} : { caPem }) } };
}
