/** Whose databases and roles are, and that nobody takes what is another's. */
import assert from "node:assert/strict";
import { annotations } from "../../../api/smoketurner/annotations.ts";
import { PostgresDatabases } from "../../../api/smoketurner/postgres_database.ts";
import { roleSecretKeys } from "../../../api/smoketurner/secret_keys.ts";
import { Secrets } from "../../../kube/kinds.ts";
import { delay } from "../../ground/wait_for.ts";
import { scenario } from "./stage.ts";

const adopting = { [annotations.adoptExisting]: "true" };

scenario(
  "two objects that want the same database and roles do not fight: the second waits, and says for whom",
  async (stage) => {
    stage.start({ retrySeconds: 1, driftSeconds: 1 });
    await stage.apply();
    await stage.untilPhase("Ready");
    const { password } = await stage.credentials("app-login");
    await stage.apply(
      {
        database: { name: "orders", owner: "thief" },
        roles: [{ name: "app", secretName: "stolen", login: true, privileges: ["SUPERUSER"] }],
        grants: [],
      },
      adopting,
      "second",
    );
    const status = await stage.untilPhase("Failed", "second");
    assert.equal(await stage.condition("DatabaseCreated", "second"), "False/DatabaseTaken");
    assert.equal(await stage.condition("RolesCreated", "second"), "False/RoleTaken");
    assert.match(
      status.conditions?.find(({ type }) => type === "RolesCreated")?.message ?? "",
      new RegExp(`role app as it belongs to PostgresDatabase ${stage.namespace}/orders`),
    );
    await delay(2_500);
    assert.equal((await stage.get()).status?.phase, "Ready");
    assert.equal((await stage.credentials("app-login"))["password"], password);
    assert.equal(await stage.secret("stolen"), undefined, "no Secret is made for a role that is not ours");
    assert.equal((await stage.askAs("app-login", "SELECT 1 AS one")).length, 1);
    await stage.delete();
    await stage.untilGone();
    await stage.untilPhase("Ready", "second");
    const owners = await stage.server.ask(
      "SELECT pg_catalog.pg_get_userbyid(datdba)::text AS owner FROM pg_catalog.pg_database WHERE datname = 'orders'",
    );
    assert.deepEqual([...owners], [{ owner: "thief" }]);
  },
);

scenario(
  "what exists and belongs to nobody is left alone, until the object may adopt it; then it is never dropped",
  async (stage) => {
    const { server } = stage;
    await server.run("CREATE ROLE app LOGIN PASSWORD 'theirs'");
    await server.run("CREATE DATABASE orders");
    await server.run("COMMENT ON DATABASE orders IS 'The shop''s'");
    await server.run("CREATE TABLE kept AS SELECT 1 AS one", "orders");
    stage.start({ retrySeconds: 1 });
    await stage.apply();
    await stage.untilPhase("Failed");
    assert.equal(await stage.condition("DatabaseCreated"), "False/DatabaseTaken");
    assert.equal(await stage.condition("RolesCreated"), "False/RoleTaken");
    await using _theirs = await server.connect({ user: "app", password: "theirs" });
    assert.equal(await stage.secret("app-login"), undefined);

    await stage.apply({}, adopting);
    await stage.untilStatus("phase Ready", ({ phase }) => phase === "Ready");
    const [comment] = await server.ask(
      "SELECT pg_catalog.shobj_description(oid, 'pg_database') AS text FROM pg_catalog.pg_database WHERE datname = 'orders'",
    );
    assert.match(String(comment?.["text"]), /^The shop's \[PostgresDatabase .* adopted\]$/);
    assert.equal((await stage.askAs("app-login", "SELECT 1 AS one")).length, 1);

    await stage.delete();
    await stage.untilGone();
    const [left] = await server.ask("SELECT one FROM public.kept", [], "orders");
    assert.deepEqual(left, { one: 1 });
    const roles = await server.ask(
      "SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname IN ('app', 'reader', 'owner')",
    );
    assert.deepEqual([...roles], [{ name: "app" }], "what was there before stays, what was made goes");
    const comments = await server.ask(
      "SELECT pg_catalog.shobj_description(oid, 'pg_database') AS text FROM pg_catalog.pg_database WHERE datname = 'orders'",
    );
    assert.deepEqual([...comments], [{ text: "The shop's" }]);
  },
);

scenario(
  "what the operator before us made for the object is taken over, with its passwords",
  async (stage) => {
    const { server, client, namespace } = stage;
    await server.run("CREATE ROLE app LOGIN PASSWORD 'older'");
    await server.run("CREATE ROLE owner LOGIN");
    await server.run("CREATE DATABASE orders OWNER owner");
    await stage.apply({ roles: [{ name: "app", secretName: "app-login", login: true }], grants: [] });
    const { metadata, apiVersion, kind } = await stage.get();
    const { uid = "" } = metadata;
    const conditions = [{
      type: "DatabaseCreated",
      status: "True",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }];
    await client.patch(
      PostgresDatabases.resource,
      metadata,
      { status: { phase: "Ready", conditions } },
      "status",
    );
    const ownerReferences = [{
      apiVersion,
      kind,
      name: "orders",
      uid,
      controller: true,
      blockOwnerDeletion: true,
    }];
    await client.create(Secrets, {
      metadata: { namespace, name: "app-login", ownerReferences },
      stringData: { [roleSecretKeys.username]: "app", [roleSecretKeys.password]: "older" },
    });
    stage.start();
    await stage.untilPhase("Ready");
    assert.equal((await stage.credentials("app-login"))["password"], "older");
    assert.equal((await stage.askAs("app-login", "SELECT 1 AS one")).length, 1);
    assert.equal(stage.sql.changes.some((text) => text.includes("PASSWORD")), false);
  },
);

scenario("roles that the cluster itself needs are never touched", async (stage) => {
  await stage.server.run("CREATE ROLE standby REPLICATION LOGIN PASSWORD 'streams'");
  stage.start();
  await stage.apply({
    roles: [
      { name: "postgres", secretName: "s1", login: true },
      { name: "standby", secretName: "s2", login: true },
      { name: "twice", secretName: "s3", login: true },
      { name: "other", secretName: "s3", login: true },
    ],
    grants: [],
  }, adopting);
  await stage.untilPhase("Failed");
  assert.equal(await stage.condition("RolesCreated"), "False/RoleReserved");
  assert.equal(await stage.condition("SecretsCreated"), "False/NamedTwice");
  await using _superuser = await stage.server.connect();
  await using _standby = await stage.server.connect({ user: "standby", password: "streams" });
  assert.equal(await stage.secret("s1"), undefined);
});
