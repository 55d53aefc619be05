/** Sessions with a real server: what they bring back, and what becomes of those that go wrong. */
import assert from "node:assert/strict";
import { systemClock } from "../../../kube/clock.ts";
import { SqlError, type SqlFailure } from "../../../postgres/sql/errors.ts";
import { openSqlClient } from "../../../postgres/sql/open.ts";
import { fencedSqlClient, type SqlTarget } from "../../../postgres/sql/sql_client.ts";
import { createAuthority } from "../../ground/pki.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { PrivatePostgres } from "../../support/private_postgres.ts";

const serverName = "orders-primary.shop.svc";
const client = openSqlClient({ clock: systemClock, connectMs: 2_000, statementMs: 1_500, lockMs: 500 });

function failing(failure: SqlFailure, text?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SqlError, String(error));
    assert.equal(error.failure, failure, error.message);
    if (text !== undefined) assert.match(error.message, text);
    return true;
  };
}

function serverTest(
  name: string,
  run: (server: PrivatePostgres, t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test(name, async (t) => {
    await using server = await PrivatePostgres.start({ serverName });
    await run(server, t);
  });
}

serverTest("a session answers over TLS, and takes values apart from the text", async (server) => {
  await using session = await client.connect(server.target);
  const text =
    "SELECT $1::text AS name, $2::text[] AS list, $3::int AS number, $4::boolean AS yes, $5::text AS none";
  const params = ["x'; DROP TABLE y; --", ['a"b', "c,d"], 7, true, null];
  assert.deepEqual([...await session.ask({ text, params })], [
    { name: params[0], list: params[1], number: 7, yes: true, none: null },
  ]);
  const [seen] = await session.ask({
    text: "SELECT ssl, pg_catalog.current_setting('search_path') AS path FROM pg_catalog.pg_stat_ssl " +
      "WHERE pid = pg_catalog.pg_backend_pid()",
  });
  assert.deepEqual(seen, { ssl: true, path: "" });
});

serverTest("where a host is a name, the certificate must bear the name that is asked for", async (server) => {
  const target = { ...server.target, host: "localhost" };
  await using session = await client.connect(target);
  assert.equal((await session.ask({ text: "SELECT 1 AS one" })).length, 1);
  const caPem = server.authority.caPem;
  await assert.rejects(
    client.connect({ ...target, tls: { serverName: "localhost", caPem } }),
    failing("untrusted"),
  );
});

serverTest(
  "a connection that is refused says why, in the one word that decides what happens next",
  async (server, t) => {
    const stranger = (await createAuthority()).caPem;
    const own = server.authority.caPem;
    const { tls: _, ...plain } = server.target;
    const cases: [string, SqlTarget, SqlFailure, RegExp][] = [
      ["nobody listens", { ...server.target, port: 1 }, "unreachable", /127\.0\.0\.1:1\/postgres/],
      ["wrong password", { ...server.target, password: "x" }, "auth", /password authentication failed/],
      ["no such database", { ...server.target, database: "none" }, "missing", /does not exist/],
      ["no TLS where it is asked for", plain, "auth", /no encryption/],
      [
        "another name",
        { ...server.target, tls: { serverName: "other.shop.svc", caPem: own } },
        "untrusted",
        /./,
      ],
      [
        "another authority",
        { ...server.target, tls: { serverName, caPem: stranger } },
        "untrusted",
        /certificate/,
      ],
      ["no authority", { ...server.target, tls: { serverName } }, "untrusted", /certificate/],
    ];
    for (const [name, target, failure, text] of cases) {
      await t.step(name, () => assert.rejects(client.connect(target), failing(failure, text)));
    }
  },
);

serverTest("what the server refuses leaves the session as good as it was", async (server) => {
  await using session = await client.connect(server.target);
  await assert.rejects(session.ask({ text: "SELEC 1" }), failing("refused", /syntax error/));
  await session.change([{ text: "CREATE ROLE a" }]);
  await assert.rejects(session.change([{ text: "CREATE ROLE a" }]), failing("conflict"));
  await assert.rejects(
    session.change([{ text: "CREATE ROLE b" }, { text: "CREATE ROLE a" }]),
    failing("conflict"),
  );
  const roles = await session.ask({
    text: "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('a', 'b')",
  });
  assert.deepEqual([...roles], [{ rolname: "a" }], "of a transaction that fails nothing is left");
});

serverTest("a statement that takes too long is given up, by the server too", async (server) => {
  await using session = await client.connect(server.target);
  await assert.rejects(session.ask({ text: "SELECT pg_catalog.pg_sleep(60)" }), failing("timeout"));
  const sleeping =
    "SELECT pid FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(60)'";
  await waitUntil("its end", () => server.ask(sleeping), (rows) => rows.length === 0, { timeoutMs: 5_000 });
});

serverTest("a caller who gives up is let go at once, and the server stops the work", async (server) => {
  await using session = await client.connect(server.target);
  const stop = new AbortController();
  const asked = session.ask({ text: "SELECT pg_catalog.pg_sleep(61)" }, {
    signal: stop.signal,
    timeoutMs: 60_000,
  });
  await delay(100);
  const started = performance.now();
  stop.abort();
  await assert.rejects(asked, failing("aborted"));
  assert.ok(performance.now() - started < 100);
  await assert.rejects(session.ask({ text: "SELECT 1" }), failing("aborted"));
  const sleeping =
    "SELECT pid FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(61)'";
  await waitUntil("its end", () => server.ask(sleeping), (rows) => rows.length === 0, { timeoutMs: 5_000 });
});

serverTest("a server that falls silent holds nobody up", async (server) => {
  await using session = await client.connect(server.target);
  await server.freeze();
  await assert.rejects(session.ask({ text: "SELECT 1" }, { timeoutMs: 300 }), failing("timeout"));
  await assert.rejects(client.connect(server.target, { timeoutMs: 300 }), failing("timeout"));
  await server.thaw();
  await using again = await client.connect(server.target);
  assert.equal((await again.ask({ text: "SELECT 1 AS one" })).length, 1);
});

serverTest("a server that restarts ends its sessions, and takes new ones", async (server) => {
  await using session = await client.connect(server.target);
  await server.stop();
  await assert.rejects(session.ask({ text: "SELECT 1" }), failing("broken"));
  await assert.rejects(client.connect(server.target), failing("unreachable"));
  await server.start();
  await using again = await client.connect(server.target);
  const asked = again.ask({ text: "SELECT pg_catalog.pg_sleep(1)" });
  await Promise.all([
    assert.rejects(asked, failing("broken")),
    delay(100).then(() => server.stop("SIGKILL")),
  ]);
});

serverTest("a standby answers, and takes no changes", async (server) => {
  await server.becomeStandby();
  await using session = await client.connect(server.target);
  assert.deepEqual([...await session.ask({ text: "SELECT pg_catalog.pg_is_in_recovery() AS standby" })], [
    { standby: true },
  ]);
  await assert.rejects(session.change([{ text: "CREATE ROLE a" }]), failing("read-only"));
});

serverTest("a process that may not lead any more changes nothing", async (server) => {
  const standing: { refusal?: string } = {};
  const fenced = fencedSqlClient(client, { refusal: () => standing.refusal });
  await using session = await fenced.connect(server.target);
  await session.change([{ text: "CREATE ROLE a" }]);
  standing.refusal = "the lease was not renewed in time";
  assert.equal((await session.ask({ text: "SELECT 1" })).length, 1);
  await assert.rejects(session.change([{ text: "DROP ROLE a" }]), failing("fenced", /lease/));
});
