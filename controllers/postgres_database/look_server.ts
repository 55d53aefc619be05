/** What a server says of databases and roles. */
import { flagAt, numberAt, optionalTextAt, textAt } from "../../postgres/sql/row.ts";
import type { Row, SqlSession } from "../../postgres/sql/sql_client.ts";
import { objectionToName } from "../../postgres/sql/quote.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import type { RolePrivilege } from "../../api/smoketurner/postgres_database/spec.ts";

export interface SeenDatabase {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  /** Locale by which texts are sorted; undefined where ICU does it, whose names are of another kind. */
  readonly locale: string | undefined;
  /** -1: no limit; -2: its removal was interrupted, so it can only be dropped. */
  readonly connectionLimit: number;
  readonly comment: string | undefined;
}

export interface SeenRole {
  readonly name: string;
  /** Came with the server. */
  readonly isBuiltIn: boolean;
  readonly attributes: ReadonlySet<RolePrivilege>;
  readonly connectionLimit: number;
  /** What the password is checked with; see `postgres/sql/scram.ts`. Never to be told to anybody. */
  readonly verifier: string | undefined;
  readonly comment: string | undefined;
}

export interface SeenServer {
  /** Who we are there. */
  readonly login: string;
  readonly databases: readonly SeenDatabase[];
  readonly roles: readonly SeenRole[];
}

/** What to look for. */
export interface Sought {
  readonly databases: readonly string[];
  readonly roles: readonly string[];
  /** Roles whose mark bears this UID are wanted as well. */
  readonly uid: string;
}

/** Objects with a lower number are made by initdb: `FirstNormalObjectId`. */
const FIRST_NORMAL_OID = 16_384;

const DATABASES = `
SELECT d.datname::text AS name,
       pg_catalog.pg_get_userbyid(d.datdba)::text AS owner,
       pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
       CASE WHEN d.datlocprovider = 'i' THEN NULL ELSE d.datcollate::text END AS locale,
       d.datconnlimit AS connection_limit,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
  FROM pg_catalog.pg_database d
 WHERE d.datname = ANY ($1::text[])`;

const ROLES = `
SELECT r.rolname::text AS name,
       r.oid < ${FIRST_NORMAL_OID} AS built_in,
       r.rolcanlogin AS login, r.rolcreatedb AS createdb, r.rolcreaterole AS createrole, r.rolsuper AS superuser,
       r.rolreplication AS replication, r.rolbypassrls AS bypass_rls,
       r.rolconnlimit AS connection_limit,
       r.rolpassword AS verifier,
       c.comment
  FROM pg_catalog.pg_authid r
       CROSS JOIN LATERAL (SELECT pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment) c
 WHERE r.rolname = ANY ($1::text[]) OR pg_catalog.strpos(c.comment, $2::text) > 0
 ORDER BY r.rolname`;

const ATTRIBUTES: readonly (readonly [RolePrivilege, string])[] = [
  ["LOGIN", "login"],
  ["CREATEDB", "createdb"],
  ["CREATEROLE", "createrole"],
  ["SUPERUSER", "superuser"],
  ["REPLICATION", "replication"],
  ["BYPASS_RLS", "bypass_rls"],
];

/** @throws SqlError, also when the server is a standby */
export async function lookAtServer(session: SqlSession, sought: Sought): Promise<SeenServer> {
  const [self] = await session.ask({
    text: "SELECT pg_catalog.pg_is_in_recovery() AS standby, CURRENT_USER::text AS login",
  });
  if (self === undefined || flagAt(self, "standby")) {
    throw new SqlError(
      "read-only",
      "Cannot change anything as the server is a standby: no primary is there now",
    );
  }
  const databases = await session.ask({ text: DATABASES, params: [sought.databases] });
  const roles = await session.ask({
    text: ROLES,
    params: [sought.roles.filter((name) => objectionToName(name) === undefined), sought.uid],
  });
  return {
    login: textAt(self, "login"),
    databases: databases.map((row) => ({
      name: textAt(row, "name"),
      owner: textAt(row, "owner"),
      encoding: textAt(row, "encoding"),
      locale: optionalTextAt(row, "locale"),
      connectionLimit: numberAt(row, "connection_limit"),
      comment: optionalTextAt(row, "comment"),
    })),
    roles: roles.map(roleOf),
  };
}

function roleOf(row: Row): SeenRole {
  const held = ATTRIBUTES.filter(([, column]) => flagAt(row, column)).map(([attribute]) => attribute);
  return {
    name: textAt(row, "name"),
    isBuiltIn: flagAt(row, "built_in"),
    attributes: new Set(held),
    connectionLimit: numberAt(row, "connection_limit"),
    verifier: optionalTextAt(row, "verifier"),
    comment: optionalTextAt(row, "comment"),
  };
}
