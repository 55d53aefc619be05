/** An operator that ends before or after any of its writes, to Kubernetes or to PostgreSQL. */
import assert from "node:assert/strict";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { dieAt, standing } from "../../support/crash.ts";
import { Secrets } from "../../../kube/kinds.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { scenario, type Stage } from "./stage.ts";
import { dieAtChange, TestSql } from "./test_sql.ts";

/** Writes that an undisturbed run makes until it is settled: to the API server (events left aside), and to the server. */
const WRITES = 5;
const CHANGES = 6;

/** The garbage collector looks for new kinds every 30 s. */
const patience = { timeoutMs: 90_000 };

/** What stands in the end, on both sides. */
async function outcome(stage: Stage): Promise<string> {
  const { server, client, namespace } = stage;
  const databases = await server.ask(
    "SELECT datname::text AS name, pg_catalog.pg_get_userbyid(datdba)::text AS owner, " +
      "pg_catalog.shobj_description(oid, 'pg_database') AS mark FROM pg_catalog.pg_database WHERE oid >= 16384",
  );
  const roles = await server.ask(
    "SELECT rolname::text AS name, rolcanlogin AS login, rolconnlimit AS most, " +
      "pg_catalog.shobj_description(oid, 'pg_authid') AS mark FROM pg_catalog.pg_roles WHERE oid >= 16384 ORDER BY 1",
  );
  const { uid } = (await stage.get()).metadata;
  const { status } = await stage.get();
  const conditions = status?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
  for (const name of ["app-login", "reader-login"]) await stage.askAs(name, "SELECT 1");
  const secrets = (await standing(client, namespace, [Secrets])).filter((line) => line.includes("-login"));
  const all = [...databases, ...roles, ...secrets, status?.phase, conditions];
  return JSON.stringify(all, undefined, 1).replaceAll(uid ?? "", "UID").replaceAll(namespace, "NS");
}

/** Back to a server without anything, and no object. */
async function clear(stage: Stage): Promise<void> {
  await using _operator = stage.start();
  await stage.delete();
  await stage.untilGone();
  for (const name of ["app-login", "reader-login"]) {
    await waitUntil(
      "the end of its Secret",
      () => stage.secret(name),
      (found) => found === undefined,
      patience,
    );
  }
  const rows = await stage.server.ask("SELECT FROM pg_catalog.pg_roles WHERE oid >= 16384");
  assert.equal(rows.length, 0);
}

async function untilReady(stage: Stage): Promise<string> {
  await stage.untilPhase("Ready");
  return await outcome(stage);
}

scenario(
  "an operator that ends before or after any of its writes is followed by one that leads to the same end",
  async (stage, t) => {
    let expected = "";
    {
      await using operator = stage.start();
      await stage.apply();
      expected = await untilReady(stage);
      const writes = operator.transport.writes.filter((each) => !/\/events/.test(each));
      assert.equal(writes.length, WRITES, writes.join("\n"));
      assert.equal(stage.sql.changes.length, CHANGES, stage.sql.changes.join("\n"));
    }
    await clear(stage);
    for (const when of ["before", "after"] as const) {
      for (let n = 1; n <= WRITES; n++) {
        await t.step(`${when} write ${n} to the API server`, async () => {
          let fate = { dead: false } as { readonly dead: boolean };
          const prepare = (transport: FaultyTransport) => void (fate = dieAt(transport, n, when));
          await dieAndRecover(stage, expected, {
            operator: stage.start({ prepare }),
            isDead: () => fate.dead,
          });
        });
      }
      for (let n = 1; n <= CHANGES; n++) {
        await t.step(`${when} change ${n} of the server`, async () => {
          const sql = new TestSql(stage.server.port);
          const fate = dieAtChange(sql, n, when);
          await dieAndRecover(stage, expected, { operator: stage.start({ sql }), isDead: () => fate.dead });
        });
      }
    }
  },
);

interface Dying {
  readonly operator: AsyncDisposable;
  readonly isDead: () => boolean;
}

async function dieAndRecover(stage: Stage, expected: string, { operator, isDead }: Dying): Promise<void> {
  await stage.apply();
  await waitFor("the end of the first operator", isDead);
  await operator[Symbol.asyncDispose]();
  {
    await using _second = stage.start();
    assert.equal(await untilReady(stage), expected);
  }
  await clear(stage);
}

scenario(
  "an operator that ends before or after any write of a removal is followed by one that ends it",
  async (stage, t) => {
    const changes = 4;
    for (const when of ["before", "after"] as const) {
      for (let n = 1; n <= changes; n++) {
        await t.step(`${when} change ${n} of the server`, async () => {
          await stage.apply();
          {
            await using _first = stage.start();
            await untilReady(stage);
          }
          const sql = new TestSql(stage.server.port);
          const fate = dieAtChange(sql, n, when);
          const dying = stage.start({ sql });
          await stage.untilPhase("Ready");
          await stage.delete();
          await waitFor("the end of the operator", () => fate.dead);
          await dying[Symbol.asyncDispose]();
          await using _second = stage.start();
          await stage.untilGone();
          const rows = await stage.server.ask("SELECT FROM pg_catalog.pg_roles WHERE oid >= 16384");
          assert.equal(rows.length, 0);
          assert.equal(
            (await stage.server.ask("SELECT FROM pg_catalog.pg_database WHERE oid >= 16384")).length,
            0,
          );
        });
      }
    }
  },
);
