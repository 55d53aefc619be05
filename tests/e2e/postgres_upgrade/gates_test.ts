import assert from "node:assert/strict";
import { PostgresUpgrades } from "../../../api/smoketurner/postgres_upgrade.ts";
import { delay, waitFor } from "../../ground/wait_for.ts";
import { appendTable } from "../../support/append_log.ts";
import { deleteNow } from "../../support/delete_now.ts";
import {
  DATABASE,
  lostRows,
  quickStrategy,
  scenario,
  SOURCE,
  type Stage,
  TARGET,
  untilWritten,
  UPGRADE,
} from "./stage.ts";

async function nothingLeft({ servers: { source, target }, kept }: Stage): Promise<void> {
  for (const server of [source, target]) {
    assert.deepEqual([...await server.ask("SELECT slot_name FROM pg_replication_slots")], []);
    assert.deepEqual([...await server.ask("SELECT subname FROM pg_subscription")], []);
    assert.deepEqual([...await server.ask("SELECT pubname FROM pg_publication", [], DATABASE)], []);
  }
  assert.deepEqual([...kept], [], "Patroni is told of no slot any more");
}

/** A change where transactions are read-only unless they say otherwise. */
function behindFence(change: string): string {
  return `BEGIN READ WRITE; ${change}; COMMIT`;
}

async function isGone({ client, namespace }: Stage): Promise<boolean> {
  return await client.find(PostgresUpgrades.resource, { namespace, name: UPGRADE }) === undefined;
}

async function deleteUpgrade(stage: Stage): Promise<void> {
  const { client, namespace } = stage;
  const key = { namespace, name: UPGRADE };
  await deleteNow(client, PostgresUpgrades.resource, key);
  await waitFor("the upgrade to be gone", () => isGone(stage));
}

scenario(
  "a source that cannot be brought over is refused with the remedy, and nothing is made before it is",
  async (stage) => {
    const { servers: { source } } = stage;
    await source.run(appendTable("log"), DATABASE);
    await source.run("CREATE TABLE public.keyless (note text)", DATABASE);
    await source.run("CREATE UNLOGGED TABLE public.cache (id int PRIMARY KEY)", DATABASE);
    await source.ask("SELECT lo_create(4711)", [], DATABASE);
    stage.start();
    await stage.makeSource();
    await stage.upgrade();
    const refused = await stage.untilStatus(
      "the refusal",
      ({ message = "" }) =>
        /public\.keyless.*REPLICA IDENTITY FULL/.test(message) && /1 large objects/.test(message),
    );
    assert.equal(refused.phase, "Pending");
    assert.equal(await stage.clusterPhase(TARGET), undefined);
    assert.deepEqual([...await source.ask("SELECT pubname FROM pg_publication", [], DATABASE)], []);

    await source.run("ALTER TABLE public.keyless REPLICA IDENTITY FULL", DATABASE);
    await source.ask("SELECT lo_unlink(4711)", [], DATABASE);
    // A change of the object has it looked at again at once.
    await waitFor("the upgrade to begin", async () => {
      await stage.annotate("rollback", null);
      return (await stage.status()).phase !== "Pending";
    }, { timeoutMs: 60_000, intervalMs: 500 });
    await stage.untilPhase("WaitingForManualCutover");

    const writer = stage.writer("a");
    await untilWritten(writer, 5);
    await stage.annotate("rollback");
    await stage.untilPhase("RolledBack");
    await nothingLeft(stage);
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), source);
    assert.equal(writer.refused, 0, "whoever works with the source notices nothing");
    assert.equal(await stage.clusterPhase(SOURCE), "Running");
    await stage.annotate("cutover");
    await delay(1_500);
    assert.equal((await stage.status()).phase, "RolledBack");
  },
);

scenario(
  "sides that differ stop an upgrade before the cutover, and at it, and the source goes on",
  async (stage) => {
    const { servers: { source, target } } = stage;
    await source.run(appendTable("log"), DATABASE);
    await source.run("CREATE TABLE public.parts (id int PRIMARY KEY)", DATABASE);
    stage.start();
    await stage.makeSource();
    const writer = stage.writer("a");
    await untilWritten(writer, 5);
    await stage.upgrade();
    await stage.untilPhase("WaitingForManualCutover");
    await target.run(behindFence("INSERT INTO public.parts VALUES (1)"), DATABASE);
    await stage.annotate("cutover");
    const different = await stage.untilPhase("Verifying");
    await stage.untilStatus(
      "the table that differs",
      ({ verification }) =>
        verification?.mismatchedTables?.[0]?.table === "parts" && verification.consecutivePasses === 0,
    );
    assert.equal(different.rollback?.feasible, true);
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), source);
    await target.run(behindFence("DELETE FROM public.parts"), DATABASE);
    await stage.untilPhase("Completed");

    await untilWritten(writer, 5);
    await source.run(behindFence("INSERT INTO public.parts VALUES (7)"), DATABASE);
    await stage.annotate("rollback");
    const refused = await stage.untilStatus(
      "the refusal",
      ({ rollback }) => rollback?.completedAt !== undefined,
    );
    assert.match(refused.rollback?.reason ?? "", /public\.parts has 0 rows, and 1/);
    assert.deepEqual([refused.phase, refused.rollback?.dataLossRisk], ["Completed", true]);
    await waitFor(
      "clients to be led back to the new cluster",
      async () => await stage.ledTo(`${SOURCE}-primary`) === target,
    );
    await untilWritten(writer, 5);
    await writer.stop();
    assert.deepEqual(await lostRows(writer, target), []);
    await deleteUpgrade(stage);
    await nothingLeft(stage);
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), target, "clients stay where they are");
  },
);

scenario(
  "a cutover that finds a difference behind the fence gives the source back at once",
  async (stage) => {
    const { servers: { source, target } } = stage;
    await source.run(appendTable("log"), DATABASE);
    await source.run("CREATE TABLE public.parts (id int PRIMARY KEY)", DATABASE);
    stage.start();
    await stage.makeSource();
    const writer = stage.writer("a");
    await untilWritten(writer, 5);
    const { preChecks } = quickStrategy;
    await stage.upgrade({
      preChecks: { ...preChecks, minVerificationPasses: 1, verificationInterval: "1h" },
    });
    await stage.untilStatus(
      "the last look before the cutover",
      ({ phase, message = "" }) =>
        phase === "WaitingForManualCutover" && message.startsWith("Both sides agree"),
    );
    await target.run(behindFence("INSERT INTO public.parts VALUES (1)"), DATABASE);
    await stage.annotate("cutover");
    const failed = await stage.untilPhase("Failed");
    assert.match(failed.message ?? "", /taken back.*public\.parts has 0 rows, and 1/);
    await waitFor(
      "clients to be led to the source",
      async () => await stage.ledTo(`${SOURCE}-primary`) === source,
    );
    await untilWritten(writer, 20);
    await writer.stop();
    assert.deepEqual(await lostRows(writer, source), []);
    await waitFor("the source to be what it was", async () => await stage.clusterPhase(SOURCE) === "Running");
    await stage.untilStatus("nothing to be left", ({ replication }) => replication?.status === "Stopped");
    await nothingLeft(stage);
  },
);

scenario(
  "an upgrade that is deleted on its way leaves nothing behind, and the source as it was",
  async (stage) => {
    const { servers: { source } } = stage;
    await source.run(appendTable("log"), DATABASE);
    stage.start();
    await stage.makeSource();
    await stage.upgrade();
    await stage.untilPhase("WaitingForManualCutover");
    const writer = stage.writer("a");
    await untilWritten(writer, 5);
    await deleteUpgrade(stage);
    await nothingLeft(stage);
    await untilWritten(writer, 5);
    assert.equal(writer.refused, 0);
    assert.equal(await stage.clusterPhase(TARGET), "Running");
  },
);
