import assert from "node:assert/strict";
import type { DatabaseGrant, DatabaseRole } from "../../api/smoketurner/postgres_database/spec.ts";
import type { Deed, Planned } from "./deeds.ts";
import type { SeenDatabase, SeenRole, SeenServer } from "./look_server.ts";
import { withMark } from "./marks.ts";
import { markFor, type Order } from "./order.ts";
import { planDatabase } from "./plan_database.ts";
import { planInside } from "./plan_inside.ts";
import { planRoles, type RoleCredentials } from "./plan_roles.ts";
import { leftoversOf, planRelease, planRemoval, planRolesRemoval } from "./removal.ts";
import type { SeenSecret } from "./role_secret.ts";

const uid = "0f3b2a9e-3c1d-4a55-9b7e-0c2f4d5e6a7b";
const database = {
  apiVersion: "postgres-operator.smoketurner.com/v1alpha1",
  kind: "PostgresDatabase",
  metadata: { name: "orders", namespace: "shop", uid, resourceVersion: "1" },
  spec: { clusterRef: { name: "db" }, database: { name: "orders", owner: "owner" } },
};
const temporary = `"matriarch_${uid}"`;
const verifier = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy";

function orderFor(spec: Partial<Order["spec"]> = {}, changed: Partial<Order> = {}): Order {
  return {
    namespace: "shop",
    name: "orders",
    uid,
    place: { namespace: "shop", cluster: "db", host: "db-primary.shop.svc", credentials: "db-credentials" },
    spec: { database: database.spec.database, ...spec },
    adopts: false,
    ...changed,
  };
}

const made = withMark(undefined, markFor(orderFor(), true));
const adopted = withMark("theirs", markFor(orderFor(), false));

function roleOf(name: string, changed: Partial<SeenRole> = {}): SeenRole {
  const attributes = new Set(["LOGIN"] as const);
  return { name, isBuiltIn: false, attributes, connectionLimit: -1, verifier, comment: made, ...changed };
}

function databaseOf(name: string, changed: Partial<SeenDatabase> = {}): SeenDatabase {
  return {
    name,
    owner: "owner",
    encoding: "UTF8",
    locale: "C",
    connectionLimit: -1,
    comment: made,
    ...changed,
  };
}

function serverOf(seen: Partial<SeenServer> = {}): SeenServer {
  return { login: "postgres", databases: [], roles: [], ...seen };
}

/** The SQL of a plan: a line for each transaction. */
function sqlOf({ deeds }: { readonly deeds: readonly Deed[] }): string[] {
  return deeds.flatMap(({ steps }) =>
    steps.flatMap((step) => step.kind === "sql" ? [step.statements.map(({ text }) => text).join("; ")] : [])
  );
}

function reasonsOf({ problems }: Planned): string[] {
  return problems.map(({ reason }) => reason);
}

const alone = { isAlive: () => false };

function planOf(spec: Partial<Order["spec"]>, server: Partial<SeenServer> = {}, wasThere = false): Planned {
  return planDatabase({ order: orderFor(spec), server: serverOf(server), wasThere, ...alone });
}

function rolePlan(
  role: Partial<DatabaseRole>,
  seen: readonly SeenRole[],
  changed: Partial<RoleCredentials> = {},
  order: Partial<Order> = {},
): Planned {
  const wanted: DatabaseRole = { name: "app", secretName: "app-login", login: true, ...role };
  const credentials: RoleCredentials = {
    role: wanted,
    secret: { kind: "absent" },
    version: undefined,
    password: "p",
    isNew: true,
    verifier,
    ...changed,
  };
  const roles = [wanted];
  return planRoles({
    database,
    order: orderFor({ roles, database: { name: "orders", owner: wanted.name } }, order),
    server: serverOf({ roles: seen }),
    credentials: [credentials],
    ...alone,
  });
}

Deno.test("a database is made under a name of ours, then renamed and marked in one transaction", () => {
  const plan = planOf({
    database: { name: "orders", owner: 'a"b', encoding: "UTF8", locale: "x'y", connectionLimit: 3 },
  });
  assert.deepEqual(sqlOf(plan), [
    `CREATE DATABASE ${temporary} OWNER "a""b" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'x''y' CONNECTION LIMIT 3`,
    `ALTER DATABASE ${temporary} RENAME TO "orders"; ` +
    `COMMENT ON DATABASE "orders" IS '[PostgresDatabase shop/orders ${uid} made]'`,
  ]);
});

Deno.test("a database that was not finished is finished, and one that cannot be is made anew", () => {
  const half = databaseOf(`matriarch_${uid}`, { comment: undefined });
  assert.match(sqlOf(planOf({}, { databases: [half] })).join("\n"), /^ALTER DATABASE .* RENAME/);
  const broken = sqlOf(planOf({}, { databases: [{ ...half, connectionLimit: -2 }] }));
  assert.deepEqual(broken.map((text) => text.split(" ")[0]), ["DROP", "CREATE", "ALTER"]);
  const both = sqlOf(planOf({}, { databases: [half, databaseOf("orders")] }));
  assert.deepEqual(both, [`DROP DATABASE ${temporary}`]);
});

Deno.test("a database that is as it should be needs nothing; owner and limit are put right", () => {
  assert.deepEqual(sqlOf(planOf({}, { databases: [databaseOf("orders")] })), []);
  const drifted = databaseOf("orders", { owner: "else", connectionLimit: 4 });
  assert.deepEqual(sqlOf(planOf({}, { databases: [drifted] })), [
    'ALTER DATABASE "orders" OWNER TO "owner"; ALTER DATABASE "orders" CONNECTION LIMIT -1',
  ]);
});

Deno.test("a database of nobody is refused; one that the status knows is taken over and keeps its limit", () => {
  const seen = databaseOf("orders", { comment: "by hand", connectionLimit: 4 });
  assert.deepEqual(reasonsOf(planOf({}, { databases: [seen] })), ["DatabaseTaken"]);
  assert.deepEqual(sqlOf(planOf({}, { databases: [seen] }, true)), [
    `COMMENT ON DATABASE "orders" IS 'by hand [PostgresDatabase shop/orders ${uid} adopted]'`,
  ]);
});

Deno.test("what is for life and differs is told; another spelling of the same does not differ", () => {
  const databases = [databaseOf("orders", { locale: "en_GB.utf8" })];
  const same = { database: { name: "orders", owner: "owner", encoding: "utf-8", locale: "en_GB.UTF-8" } };
  assert.deepEqual(planOf(same, { databases }).remarks, []);
  const other = { database: { ...same.database, encoding: "LATIN1", locale: "C" } };
  assert.equal(planOf(other, { databases }).remarks.length, 2);
  assert.deepEqual(planOf(other, { databases }).problems, []);
});

Deno.test("an invalid database, and an owner that cannot exist, are told", () => {
  const databases = [databaseOf("orders", { connectionLimit: -2 })];
  assert.deepEqual(reasonsOf(planOf({}, { databases })), ["DatabaseInvalid"]);
  const long = { database: { name: "orders", owner: "é".repeat(32) } };
  assert.deepEqual(reasonsOf(planOf(long)), ["OwnerInvalid"]);
});

Deno.test("a role is made with its attributes, its verifier and its mark, after its Secret", () => {
  const plan = rolePlan({ privileges: ["CREATEDB", "BYPASS_RLS"], connectionLimit: 5 }, []);
  assert.deepEqual(plan.deeds.flatMap(({ steps }) => steps.map(({ kind }) => kind)), ["object", "sql"]);
  assert.deepEqual(sqlOf(plan), [
    `CREATE ROLE "app" WITH LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS CONNECTION LIMIT 5 ` +
    `PASSWORD '${verifier}'; COMMENT ON ROLE "app" IS '[PostgresDatabase shop/orders ${uid} made]'`,
  ]);
});

Deno.test("a password stands in no plan: neither in SQL nor in what people are told", () => {
  const password = "never-told";
  const plan = rolePlan({}, [roleOf("app", { connectionLimit: 4 })], { password });
  const told = plan.deeds.map(({ describe, warning }) => [describe, warning]);
  assert.equal(JSON.stringify([sqlOf(plan), told]).includes(password), false);
});

Deno.test("a role that drifted is put right in one transaction, and a new password is told", () => {
  const seen = roleOf("app", { attributes: new Set(["SUPERUSER"]), connectionLimit: 9 });
  const plan = rolePlan({}, [seen]);
  assert.deepEqual(sqlOf(plan), [
    `ALTER ROLE "app" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT -1; ` +
    `ALTER ROLE "app" WITH PASSWORD '${verifier}'`,
  ]);
  assert.equal(plan.deeds[0]?.warning?.reason, "PasswordReplaced");
});

Deno.test("a role of nobody, of the server, or whose Secret is another's, is refused", () => {
  const taken: SeenSecret = { kind: "taken", by: "Deployment x" };
  assert.deepEqual(reasonsOf(rolePlan({}, [roleOf("app", { comment: undefined })])), ["RoleTaken"]);
  assert.deepEqual(reasonsOf(rolePlan({}, [roleOf("app", { isBuiltIn: true })])), ["RoleReserved"]);
  assert.deepEqual(reasonsOf(rolePlan({ name: "postgres" }, [])), ["RoleReserved"]);
  assert.deepEqual(reasonsOf(rolePlan({ name: "standby" }, [], {}, { adopts: true })), ["RoleReserved"]);
  assert.deepEqual(reasonsOf(rolePlan({}, [], { secret: taken })), ["SecretTaken"]);
});

Deno.test("an owner that the spec says nothing else of is made when there is none, and else left as it is", () => {
  const view = { database, order: orderFor(), credentials: [], ...alone };
  assert.deepEqual(sqlOf(planRoles({ ...view, server: serverOf() })), [
    `CREATE ROLE "owner" WITH LOGIN; COMMENT ON ROLE "owner" IS '[PostgresDatabase shop/orders ${uid} made]'`,
  ]);
  const others = [roleOf("owner", { comment: undefined, attributes: new Set(["SUPERUSER"]) })];
  const plan = planRoles({ ...view, server: serverOf({ roles: others }) });
  assert.deepEqual(plan, { deeds: [], problems: [], remarks: [] });
});

const lacking = {
  roleFound: true,
  schemaFound: true,
  lacksUsage: true,
  lacksTables: true,
  lacksSequences: true,
  lacksFunctions: true,
};
const grant: DatabaseGrant = {
  role: 'r"1',
  schema: "it's",
  privileges: ["INSERT", "SELECT", "UPDATE"],
  allTables: true,
  allSequences: true,
  allFunctions: true,
};

function insideOf(spec: Partial<Order["spec"]>, seen: typeof lacking, roles: SeenRole[] = []): Planned {
  return planInside(orderFor(spec), { extensions: new Set(["hstore"]), grants: [seen] }, serverOf({ roles }));
}

Deno.test("what a grant lacks is granted, and nothing else", () => {
  assert.deepEqual(sqlOf(insideOf({ grants: [grant] }, lacking)), [
    `GRANT USAGE ON SCHEMA "it's" TO "r""1"; ` +
    `GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA "it's" TO "r""1"; ` +
    `GRANT SELECT, UPDATE, USAGE ON ALL SEQUENCES IN SCHEMA "it's" TO "r""1"; ` +
    `GRANT EXECUTE ON ALL ROUTINES IN SCHEMA "it's" TO "r""1"`,
  ]);
  const none = {
    ...lacking,
    lacksUsage: false,
    lacksTables: false,
    lacksSequences: false,
    lacksFunctions: false,
  };
  assert.deepEqual(sqlOf(insideOf({ grants: [grant] }, none)), []);
});

Deno.test("a grant without role or schema, or on the server's own, is told; one that holds for nothing is remarked", () => {
  assert.deepEqual(reasonsOf(insideOf({ grants: [grant] }, { ...lacking, roleFound: false })), [
    "RoleNotFound",
  ]);
  assert.deepEqual(reasonsOf(insideOf({ grants: [grant] }, { ...lacking, schemaFound: false })), [
    "SchemaNotFound",
  ]);
  const own = { ...grant, schema: "pg_catalog" };
  assert.deepEqual(reasonsOf(insideOf({ grants: [own] }, lacking)), ["SchemaReserved"]);
  const idle = { ...grant, allTables: false, allSequences: false };
  assert.match(insideOf({ grants: [idle] }, lacking).remarks.join(), /hold for nothing/);
});

Deno.test("extensions that are missing are created, whatever they are called", () => {
  const plan = insideOf({ extensions: ["hstore", "uuid-ossp", "x; drop table y"], grants: [] }, lacking);
  assert.deepEqual(sqlOf(plan), [
    'SET LOCAL search_path = public; CREATE EXTENSION IF NOT EXISTS "uuid-ossp"',
    'SET LOCAL search_path = public; CREATE EXTENSION IF NOT EXISTS "x; drop table y"',
  ]);
});

Deno.test("a role that the spec names no more leaves what it owns to the owner; one that was adopted stays", () => {
  const roles = [roleOf("former"), roleOf("theirs", { comment: adopted }), roleOf("owner")];
  assert.deepEqual(sqlOf(insideOf({ grants: [] }, lacking, roles)), [
    'ALTER ROLE "former" WITH NOLOGIN',
    'REASSIGN OWNED BY "former" TO "owner"; DROP OWNED BY "former"; DROP ROLE "former"',
  ]);
});

Deno.test("with the object goes only what was made for it and is still named; marks are taken off the rest", () => {
  const order = orderFor({ roles: [{ name: "app", secretName: "s", login: true }] });
  const other = withMark(undefined, { ...markFor(order, true), uid: uid.replace("0f", "1f") });
  const seen = serverOf({
    databases: [
      databaseOf("orders", { comment: adopted }),
      databaseOf(`matriarch_${uid}`, { comment: undefined }),
    ],
    roles: [
      roleOf("app"),
      roleOf("owner", { comment: adopted }),
      roleOf("former"),
      roleOf("theirs", { comment: other }),
    ],
  });
  const leftovers = leftoversOf(order, seen);
  assert.deepEqual(sqlOf({ deeds: planRemoval(leftovers) }), [`DROP DATABASE ${temporary}`]);
  assert.deepEqual(sqlOf({ deeds: planRolesRemoval(leftovers, true) }), [
    'REASSIGN OWNED BY "app" TO CURRENT_USER; DROP OWNED BY "app"; DROP ROLE "app"',
  ]);
  assert.deepEqual(sqlOf({ deeds: planRelease(leftovers) }), [
    `COMMENT ON DATABASE "orders" IS 'theirs'; COMMENT ON ROLE "owner" IS 'theirs'`,
  ]);
});
