/** Extensions, grants, and roles that are not wanted any more: what is done inside the database. */
import { objectionToName, quoteIdentifier } from "../../postgres/sql/quote.ts";
import { type Deed, joinPlans, nothingPlanned, type Planned, problemPlan, sql } from "./deeds.ts";
import type { SeenGrant, SeenInside } from "./look_inside.ts";
import type { SeenServer } from "./look_server.ts";
import { markOf } from "./marks.ts";
import { type Order, wantedRoleNames } from "./order.ts";
import { functionPrivileges, holdsForNothing, sequencePrivileges, tablePrivileges } from "./privileges.ts";

type Grant = NonNullable<Order["spec"]["grants"]>[number];

/** @param server as it was before: roles that are no longer wanted are found there by their marks */
export function planInside(order: Order, inside: SeenInside, server: SeenServer): Planned {
  const { extensions = [], grants = [] } = order.spec;
  return joinPlans([
    ...extensions.filter((name) => !inside.extensions.has(name)).map(planExtension),
    ...grants.map((grant, at) => planGrant(grant, at, inside.grants[at])),
    { ...nothingPlanned, deeds: formerRoles(order, server).map((name) => removal(name, order)) },
  ]);
}

function planExtension(name: string): Planned {
  const objection = objectionToName(name);
  if (objection !== undefined) {
    const message = `Cannot install extension ${
      JSON.stringify(name)
    } of spec.extensions as ${objection}. Remove it.`;
    return problemPlan({ about: "extensions", reason: "InvalidName", message });
  }
  const deed: Deed = {
    about: "extensions",
    describe: `create extension ${name}`,
    // Extensions that do not say where they belong go to the first schema of the search path.
    steps: [sql("SET LOCAL search_path = public", `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)}`)],
  };
  return { ...nothingPlanned, deeds: [deed] };
}

function planGrant(grant: Grant, at: number, seen: SeenGrant | undefined): Planned {
  const problem = problemWith(grant, at, seen);
  if (problem !== undefined || seen === undefined) return problem ?? nothingPlanned;
  const { role, schema, privileges = [] } = grant;
  const to = `TO ${quoteIdentifier(role)}`;
  const all = (what: string) => `ON ALL ${what} IN SCHEMA ${quoteIdentifier(schema)}`;
  const words = (privilegesOf: readonly string[]) => privilegesOf.join(", ");
  const texts = [
    ...(seen.lacksUsage ? [`GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} ${to}`] : []),
    ...(seen.lacksTables
      ? [`GRANT ${words(tablePrivileges(grant, privileges))} ${all("TABLES")} ${to}`]
      : []),
    ...(seen.lacksSequences
      ? [`GRANT ${words(sequencePrivileges(grant, privileges))} ${all("SEQUENCES")} ${to}`]
      : []),
    ...(seen.lacksFunctions ? [`GRANT ${words(functionPrivileges(grant))} ${all("ROUTINES")} ${to}`] : []),
  ];
  const describe = `grant privileges in schema ${schema} to role ${role}`;
  const deeds: Deed[] = texts.length === 0 ? [] : [{ about: "grants", describe, steps: [sql(...texts)] }];
  const idle = `spec.grants[${at}].privileges hold for nothing: set allTables or allSequences.`;
  return { deeds, problems: [], remarks: holdsForNothing(grant, privileges) ? [idle] : [] };
}

function problemWith({ role, schema }: Grant, at: number, seen: SeenGrant | undefined): Planned | undefined {
  const path = `spec.grants[${at}]`;
  if (/^pg_|^information_schema$/.test(schema)) {
    const message = `Cannot carry out ${path} as schema ${schema} belongs to the server. Name another.`;
    return problemPlan({ about: "grants", reason: "SchemaReserved", message });
  }
  if (seen?.roleFound === false) {
    const message =
      `Cannot carry out ${path} as there is no role ${role}. Add it to spec.roles, or correct the name.`;
    return problemPlan({ about: "grants", reason: "RoleNotFound", message });
  }
  if (seen?.schemaFound === false) {
    const message = `Cannot carry out ${path} as the database has no schema ${schema} (yet).`;
    return problemPlan({ about: "grants", reason: "SchemaNotFound", message });
  }
  return undefined;
}

/** Roles that were made for the object and that it does not name any more. */
export function formerRoles(order: Order, { roles }: SeenServer): string[] {
  const wanted = new Set(wantedRoleNames(order.spec));
  return roles.filter(({ name, comment }) => {
    const mark = markOf(comment);
    return mark?.uid === order.uid && mark.made && !wanted.has(name);
  }).map(({ name }) => name);
}

/** What such a role owns here goes to the owner of the database, and its privileges end; then it can be dropped. */
function removal(name: string, { spec }: Order): Deed {
  const role = quoteIdentifier(name);
  return {
    about: "roles",
    isOptional: true,
    describe: `drop role ${name}, which spec.roles does not name any more`,
    steps: [
      sql(`ALTER ROLE ${role} WITH NOLOGIN`),
      sql(
        `REASSIGN OWNED BY ${role} TO ${quoteIdentifier(spec.database.owner)}`,
        `DROP OWNED BY ${role}`,
        `DROP ROLE ${role}`,
      ),
    ],
  };
}
