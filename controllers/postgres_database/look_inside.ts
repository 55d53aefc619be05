/** What a database says of its extensions and of what roles may do in it. */
import type { TablePrivilege } from "../../api/smoketurner/postgres_database/spec.ts";
import { flagAt, textAt } from "../../postgres/sql/row.ts";
import { objectionToName } from "../../postgres/sql/quote.ts";
import type { SqlSession } from "../../postgres/sql/sql_client.ts";
import { functionPrivileges, sequencePrivileges, tablePrivileges } from "./privileges.ts";
import type { Order } from "./order.ts";

type Grant = NonNullable<Order["spec"]["grants"]>[number];

/** How far a grant is carried out. What there is none of lacks nothing. */
export interface SeenGrant {
  readonly roleFound: boolean;
  readonly schemaFound: boolean;
  readonly lacksUsage: boolean;
  readonly lacksTables: boolean;
  readonly lacksSequences: boolean;
  readonly lacksFunctions: boolean;
}

export interface SeenInside {
  readonly extensions: ReadonlySet<string>;
  /** In the order of the spec. */
  readonly grants: readonly SeenGrant[];
}

const EXTENSIONS = `
SELECT e.extname::text AS name FROM pg_catalog.pg_extension e WHERE e.extname = ANY ($1::text[])`;

/** Privileges that a role has in any way count: through other roles, through PUBLIC, or as a superuser. */
const GRANT = `
SELECT r.oid IS NOT NULL AS role_found,
       n.oid IS NOT NULL AS schema_found,
       NOT COALESCE(pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'), false) AS lacks_usage,
       EXISTS (SELECT FROM pg_catalog.pg_class c CROSS JOIN pg_catalog.unnest($3::text[]) AS p (word)
                WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
                  AND NOT pg_catalog.has_table_privilege(r.oid, c.oid, p.word)) AS lacks_tables,
       EXISTS (SELECT FROM pg_catalog.pg_class c CROSS JOIN pg_catalog.unnest($4::text[]) AS p (word)
                WHERE c.relnamespace = n.oid AND c.relkind = 'S'
                  AND NOT pg_catalog.has_sequence_privilege(r.oid, c.oid, p.word)) AS lacks_sequences,
       EXISTS (SELECT FROM pg_catalog.pg_proc f CROSS JOIN pg_catalog.unnest($5::text[]) AS p (word)
                WHERE f.pronamespace = n.oid
                  AND NOT pg_catalog.has_function_privilege(r.oid, f.oid, p.word)) AS lacks_functions
  FROM (SELECT) AS one
       LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $1::text
       LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $2::text`;

/** What no name can be is not there; the server is not asked for it. */
const isName = (name: string) => objectionToName(name) === undefined;

const NOTHING_FOUND: SeenGrant = {
  roleFound: false,
  schemaFound: false,
  lacksUsage: true,
  lacksTables: false,
  lacksSequences: false,
  lacksFunctions: false,
};

/** @throws SqlError */
export async function lookInside(session: SqlSession, { spec }: Order): Promise<SeenInside> {
  const { extensions = [], grants = [] } = spec;
  const installed = await session.ask({ text: EXTENSIONS, params: [extensions.filter(isName)] });
  const seen: SeenGrant[] = [];
  for (const grant of grants) seen.push(await lookAtGrant(session, grant));
  return { extensions: new Set(installed.map((row) => textAt(row, "name"))), grants: seen };
}

async function lookAtGrant(session: SqlSession, grant: Grant): Promise<SeenGrant> {
  const { role, schema, privileges = [] } = grant;
  if (!isName(role) || !isName(schema)) return NOTHING_FOUND;
  const words: readonly TablePrivilege[] = privileges;
  const params = [
    role,
    schema,
    tablePrivileges(grant, words),
    sequencePrivileges(grant, words),
    functionPrivileges(grant),
  ];
  const [row = {}] = await session.ask({ text: GRANT, params });
  return {
    roleFound: flagAt(row, "role_found"),
    schemaFound: flagAt(row, "schema_found"),
    lacksUsage: flagAt(row, "lacks_usage"),
    lacksTables: flagAt(row, "lacks_tables"),
    lacksSequences: flagAt(row, "lacks_sequences"),
    lacksFunctions: flagAt(row, "lacks_functions"),
  };
}
