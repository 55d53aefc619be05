/** What people change by hand, on the server or in Secrets, is found and put right. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Secrets } from "../../../kube/kinds.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { scenario, type Stage } from "./stage.ts";

/** Everything that the basic spec asks for, as the server has it. */
async function standing({ server }: Stage): Promise<unknown> {
  const outside = await server.ask(
    `SELECT (SELECT pg_catalog.pg_get_userbyid(datdba) || ' ' || datconnlimit FROM pg_catalog.pg_database
              WHERE datname = 'orders') AS database,
            (SELECT pg_catalog.string_agg(pg_catalog.format('%s %s %s %s', rolname, rolcanlogin, rolsuper, rolconnlimit), ', '
              ORDER BY rolname) FROM pg_catalog.pg_roles WHERE rolname IN ('app', 'reader', 'owner')) AS roles`,
  );
  const inside = await server.ask(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'hstore') AS extension,
            pg_catalog.has_schema_privilege('reader', 'public', 'USAGE') AS usage,
            pg_catalog.bool_and(pg_catalog.has_table_privilege('reader', c.oid, 'SELECT')) AS tables
       FROM pg_catalog.pg_class c WHERE c.relname IN ('first', 'second')`,
    [],
    "orders",
  );
  return [...outside, ...inside];
}

const expected = [
  { database: "owner -1", roles: "app t f -1, owner t f -1, reader t f 5" },
  { extension: true, usage: true, tables: true },
];

scenario("what is changed by hand on the server is put right by the next look", async (stage) => {
  const { server } = stage;
  await server.run("CREATE ROLE stranger");
  stage.start({ driftSeconds: 1 });
  await stage.apply();
  await stage.untilPhase("Ready");
  await server.run("CREATE TABLE first (id int)", "orders");
  await waitUntil("the first table to be readable", () => standing(stage), (seen) => isExpected(seen));
  const drifts: readonly [string, string][] = [
    ["postgres", "ALTER ROLE app WITH NOLOGIN SUPERUSER CONNECTION LIMIT 3"],
    ["postgres", "ALTER ROLE reader WITH PASSWORD 'guessed' CONNECTION LIMIT -1"],
    ["postgres", "ALTER DATABASE orders OWNER TO stranger; ALTER DATABASE orders CONNECTION LIMIT 9"],
    ["orders", "DROP EXTENSION hstore"],
    ["orders", "CREATE TABLE second (id int)"],
    [
      "orders",
      "REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON SCHEMA public, TABLE first FROM reader",
    ],
    ["orders", "REVOKE SELECT ON first FROM reader"],
    ["orders", "DROP OWNED BY reader; DROP ROLE reader"],
  ];
  for (const [database, text] of drifts) {
    await server.run(text.replace(", TABLE first", ""), database);
    await waitUntil(`${text} to be put right`, () => standing(stage), isExpected);
    await waitUntil(
      "a login",
      () => stage.askAs("reader-login", "SELECT 1 AS one"),
      (rows) => rows.length === 1,
    );
  }
  assert.equal((await stage.get()).status?.phase, "Ready");
});

function isExpected(seen: unknown): boolean {
  try {
    assert.deepEqual(seen, expected);
    return true;
  } catch {
    return false;
  }
}

scenario("a Secret that is lost is made again with a new password, and that is told", async (stage) => {
  stage.start();
  await stage.apply();
  await stage.untilPhase("Ready");
  const before = await stage.secret("app-login");
  const { password } = await stage.credentials("app-login");
  const { uid = "", resourceVersion = "", ...key } = before?.metadata ?? { name: "" };
  await stage.client.delete(Secrets, key, { precondition: { uid, resourceVersion } });
  await waitUntil("another Secret", () => stage.secret("app-login"), (found) => {
    return found !== undefined && found.metadata.uid !== uid;
  });
  await waitUntil("a login", () => stage.askAs("app-login", "SELECT 1 AS one"), (rows) => rows.length === 1);
  assert.notEqual((await stage.credentials("app-login"))["password"], password);
  await waitUntil(
    "its event",
    stage.events,
    (all) => all.some((each) => each.startsWith("PasswordReplaced: ")),
  );
});

scenario("a password that its user puts into the Secret becomes the role's at once", async (stage) => {
  stage.start();
  await stage.apply();
  await stage.untilPhase("Ready");
  const data = { password: Buffer.from("ch@nge/me 1").toString("base64") };
  await stage.client.patch(Secrets, { namespace: stage.namespace, name: "app-login" }, { data });
  await waitUntil("a login", () => stage.askAs("app-login", "SELECT 1 AS one"), (rows) => rows.length === 1);
  await waitUntil("the rest of the Secret", () => stage.credentials("app-login"), (said) => {
    return said["connection-string"]?.includes(":ch%40nge%2Fme%201@") ?? false;
  });
  assert.equal((await stage.credentials("app-login"))["password"], "ch@nge/me 1");
});

scenario("a value of the Secret that is changed by hand is put right", async (stage) => {
  stage.start();
  await stage.apply();
  await stage.untilPhase("Ready");
  const before = await stage.credentials("app-login");
  const data = { host: Buffer.from("elsewhere").toString("base64"), port: null, mine: "eA==" };
  await stage.client.patch(Secrets, { namespace: stage.namespace, name: "app-login" }, { data });
  await waitUntil(
    "the Secret",
    () => stage.credentials("app-login"),
    (said) => said["host"] === before["host"],
  );
  assert.deepEqual(await stage.credentials("app-login"), { ...before, mine: "x" });
});

scenario(
  "a Secret that somebody brought with the label of the object keeps its password; another's is left alone",
  async (stage) => {
    const { client, namespace } = stage;
    const labels = { "postgres-operator.smoketurner.com/database": "orders" };
    await client.create(Secrets, {
      metadata: { namespace, name: "app-login", labels },
      stringData: { password: "mine" },
    });
    await client.create(Secrets, {
      metadata: { namespace, name: "reader-login" },
      stringData: { password: "theirs" },
    });
    stage.start();
    await stage.apply();
    await stage.untilPhase("Failed");
    assert.equal(await stage.condition("SecretsCreated"), "False/SecretTaken");
    assert.equal((await stage.credentials("app-login"))["password"], "mine");
    assert.equal((await stage.askAs("app-login", "SELECT 1 AS one")).length, 1);
    assert.deepEqual(await stage.credentials("reader-login"), { password: "theirs" });
    assert.deepEqual(
      [...await stage.server.ask("SELECT FROM pg_catalog.pg_roles WHERE rolname = 'reader'")],
      [],
    );
    const isQuiet = async () => {
      await delay(1_000);
      const before = stage.sql.targets.length;
      await delay(2_000);
      assert.equal(
        stage.sql.targets.length,
        before,
        "what cannot be done is tried again by the named timer only",
      );
    };
    await isQuiet();
    // A label by which the operator sees a Secret does not make it ours.
    const watched = { "postgres-operator.smoketurner.com/cluster": "db" };
    const key = { namespace, name: "reader-login" };
    await client.patch(Secrets, key, { metadata: { labels: watched } });
    await isQuiet();
  },
);
