/** A database from its first day to changes of its spec. */
import assert from "node:assert/strict";
import { finalizers } from "../../../api/smoketurner/annotations.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { PostgresDatabases } from "../../../api/smoketurner/postgres_database.ts";
import { basicSpec, scenario } from "./stage.ts";

scenario(
  "a database is made with its owner, roles, privileges, extensions and Secrets, and says so",
  async (stage) => {
    const { server, namespace } = stage;
    stage.start();
    await stage.apply();
    const status = await stage.untilPhase("Ready");
    const host = `db-primary.${namespace}.svc`;
    assert.deepEqual(status.connectionInfo, { host, port: 5432, database: "orders" });
    assert.deepEqual(status.credentialSecrets, ["app-login", "reader-login"]);
    assert.deepEqual(status.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`), [
      "ClusterReady=True/ClusterRunning",
      "DatabaseCreated=True/DatabaseProvisioned",
      "RolesCreated=True/RolesProvisioned",
      "GrantsApplied=True/GrantsProvisioned",
      "SecretsCreated=True/SecretsCreated",
      "Ready=True/Ready",
    ]);
    assert.deepEqual((await stage.get()).metadata.finalizers, [finalizers.postgresDatabase]);

    const owners = await server.ask(
      "SELECT pg_catalog.pg_get_userbyid(datdba)::text AS owner FROM pg_catalog.pg_database WHERE datname = 'orders'",
    );
    assert.deepEqual([...owners], [{ owner: "owner" }]);
    const secret = await stage.secret("app-login");
    assert.equal(secret?.metadata.ownerReferences?.[0]?.name, "orders");
    assert.deepEqual(secret?.metadata.labels, {
      "postgres-operator.smoketurner.com/cluster": "db",
      "postgres-operator.smoketurner.com/database": "orders",
    });
    const { password = "", ...rest } = await stage.credentials("app-login");
    assert.match(password, /^[A-Za-z0-9]{32}$/);
    assert.deepEqual(rest, {
      username: "app",
      host,
      port: "5432",
      database: "orders",
      "connection-string": `postgresql://app:${password}@${host}:5432/orders?sslmode=require`,
      "jdbc-url": `jdbc:postgresql://${host}:5432/orders?user=app&password=${password}&ssl=true`,
    });
    assert.deepEqual([...await stage.askAs("app-login", "SELECT CURRENT_USER::text AS me")], [{ me: "app" }]);
    const [extension] = await server.ask("SELECT 'a=>1'::public.hstore::text AS text", [], "orders");
    assert.deepEqual(extension, { text: '"a"=>"1"' });
    const log = await server.log();
    assert.equal(log.includes(password), false, "no log of the server shows the password");
  },
);

scenario(
  "what is added to the spec is added, and what is taken from roles goes with nothing lost",
  async (stage) => {
    const { server } = stage;
    stage.start();
    await stage.apply();
    await stage.untilPhase("Ready");
    await server.run(
      "CREATE TABLE t (id serial PRIMARY KEY); CREATE SCHEMA books; CREATE SEQUENCE books.s",
      "orders",
    );
    await server.run("GRANT CREATE ON SCHEMA public TO reader; ALTER TABLE t OWNER TO reader", "orders");
    await stage.apply({
      database: { name: "orders", owner: "boss", connectionLimit: 7 },
      roles: [{ name: "app", secretName: "app-login", login: true, privileges: ["CREATEDB", "BYPASS_RLS"] }],
      grants: [
        {
          role: "app",
          schema: "public",
          privileges: ["SELECT", "INSERT"],
          allTables: true,
          allSequences: true,
          allFunctions: true,
        },
        {
          role: "app",
          schema: "books",
          privileges: ["ALL"],
          allTables: false,
          allSequences: true,
          allFunctions: false,
        },
      ],
      extensions: ["hstore", "pg_trgm"],
    });
    await stage.untilPhase("Ready");
    const [database] = await server.ask(
      "SELECT pg_catalog.pg_get_userbyid(datdba)::text AS owner, datconnlimit AS most FROM pg_catalog.pg_database " +
        "WHERE datname = 'orders'",
    );
    assert.deepEqual(database, { owner: "boss", most: 7 });
    const [role] = await server.ask(
      "SELECT rolcreatedb AS db, rolbypassrls AS rls, rolsuper AS super FROM pg_catalog.pg_roles WHERE rolname = 'app'",
    );
    assert.deepEqual(role, { db: true, rls: true, super: false });
    assert.deepEqual([...await stage.askAs("app-login", "SELECT count(*)::int AS rows FROM public.t")], [{
      rows: 0,
    }]);
    const [may] = await server.ask(
      "SELECT pg_catalog.has_sequence_privilege('app', 'books.s', 'UPDATE') AS draw, " +
        "pg_catalog.has_table_privilege('app', 'public.t', 'DELETE') AS remove, " +
        "(SELECT tableowner::text FROM pg_catalog.pg_tables WHERE tablename = 't') AS owner",
      [],
      "orders",
    );
    assert.deepEqual(may, { draw: true, remove: false, owner: "boss" });
    const roles = await server.ask(
      "SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname IN ('reader', 'owner')",
    );
    assert.deepEqual([...roles], []);
    await waitUntil(
      "the end of its Secret",
      () => stage.secret("reader-login"),
      (found) => found === undefined,
    );
  },
);

scenario("names are names, whatever characters they have", async (stage) => {
  const { server } = stage;
  const names = ['a"b', "x; drop table y", "Ünï名前", "o".repeat(63)];
  stage.start();
  for (const [at, owner] of names.entries()) {
    const name = `odd-${at}`;
    const database = { name: `odd_${at}`, owner };
    const grants = [
      {
        role: owner,
        schema: "public",
        privileges: ["ALL" as const],
        allTables: true,
        allSequences: true,
        allFunctions: true,
      },
    ];
    await stage.apply({ database, roles: [], grants, extensions: ["uuid-ossp"] }, {}, name);
    await stage.untilPhase("Ready", name);
  }
  const owners = await server.ask(
    "SELECT pg_catalog.pg_get_userbyid(datdba)::text AS owner FROM pg_catalog.pg_database WHERE datname ~ '^odd_' " +
      "ORDER BY datname",
  );
  assert.deepEqual(owners.map(({ owner }) => owner), names);
  await stage.apply({ database: { name: "odd_9", owner: "é".repeat(40) }, roles: [] }, {}, "odd-9");
  await stage.untilPhase("Failed", "odd-9");
  assert.equal(await stage.condition("RolesCreated", "odd-9"), "False/InvalidName");
});

scenario("what cannot be done is told, all else is done, and it is done once it can be", async (stage) => {
  const { server } = stage;
  stage.start({ retrySeconds: 1 });
  await stage.apply({
    grants: [
      {
        role: "nobody",
        schema: "public",
        privileges: ["ALL"],
        allTables: true,
        allSequences: false,
        allFunctions: false,
      },
      {
        role: "app",
        schema: "later",
        privileges: ["ALL"],
        allTables: true,
        allSequences: false,
        allFunctions: false,
      },
      {
        role: "app",
        schema: "pg_catalog",
        privileges: ["ALL"],
        allTables: true,
        allSequences: false,
        allFunctions: false,
      },
    ],
    extensions: ["none_such", "hstore"],
  });
  const status = await stage.untilPhase("Failed");
  assert.equal(await stage.condition("DatabaseCreated"), "False/ExtensionFailed");
  assert.equal(await stage.condition("GrantsApplied"), "False/RoleNotFound");
  const message = status.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
  assert.match(message, /extension none_such/);
  assert.match(message, /grants\[1\] as the database has no schema later/);
  assert.match(message, /schema pg_catalog belongs to the server/);
  assert.equal(
    (await server.ask("SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'hstore'", [], "orders")).length,
    1,
  );
  await server.run("CREATE ROLE nobody");
  await server.run("CREATE SCHEMA later", "orders");
  await stage.apply({ grants: basicSpec.grants ?? [] });
  await stage.untilPhase("Ready");
});

scenario("a settled database costs no request and no SQL, but for the named timer", async (stage) => {
  const operator = stage.start({ driftSeconds: 4 });
  await stage.apply();
  await stage.untilPhase("Ready");
  await delay(1_500);
  const before = [operator.transport.seen.length, stage.sql.targets.length, stage.sql.changes.length];
  await stage.client.patch(
    PostgresDatabases.resource,
    { namespace: stage.namespace, name: "orders" },
    { metadata: { annotations: { look: "again" } } },
  );
  await delay(1_000);
  assert.deepEqual(
    [operator.transport.seen.length, stage.sql.targets.length, stage.sql.changes.length],
    before,
  );
  await delay(4_000);
  assert.deepEqual(stage.sql.targets.slice(before[1]).map(({ database }) => database), [
    "postgres",
    "orders",
  ]);
  assert.equal(stage.sql.changes.length, before[2], "nothing was changed");
  const requests = operator.transport.seen.slice(before[0]);
  assert.deepEqual(requests.map((request) => request.split("/").at(-1)), [
    "db-credentials",
    "db-own-tls",
    "app-login",
    "reader-login",
  ]);
  assert.equal(requests.every((request) => request.startsWith("GET ")), true);
});
