/** What an upgrade does inside the databases, with real servers of two versions. */
import assert from "node:assert/strict";
import type { Desk } from "../../../controllers/postgres_upgrade/desk.ts";
import type { Party } from "../../../controllers/postgres_upgrade/party.ts";
import type { Report } from "../../../controllers/postgres_upgrade/report.ts";
import { configure } from "../../../controllers/postgres_upgrade/work_configure.ts";
import { cutOver } from "../../../controllers/postgres_upgrade/work_cut_over.ts";
import { examine } from "../../../controllers/postgres_upgrade/work_examine.ts";
import { follow } from "../../../controllers/postgres_upgrade/work_follow.ts";
import { lookAfter } from "../../../controllers/postgres_upgrade/work_look_after.ts";
import { rollBack } from "../../../controllers/postgres_upgrade/work_roll_back.ts";
import { copySequences, warmUp } from "../../../controllers/postgres_upgrade/work_sequences.ts";
import { verify } from "../../../controllers/postgres_upgrade/work_verify.ts";
import { systemClock } from "../../../kube/clock.ts";
import { openSqlClient } from "../../../postgres/sql/open.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { deskOf } from "../../support/upgrade_desk.ts";
import { appendTable, Writer } from "../../support/append_log.ts";
import type { PrivatePostgres } from "../../support/private_postgres.ts";
import { UpgradeServers } from "../../support/upgrade_servers.ts";

const client = openSqlClient({ clock: systemClock });

type Of<K extends Report["kind"]> = Extract<Report, { kind: K }>;

function as<K extends Report["kind"]>(kind: K, report: Report): Of<K> {
  if (isOf(kind, report)) return report;
  throw new Error(`Expected a report ${kind}: ${JSON.stringify(report)}`);
}

function isOf<K extends Report["kind"]>(kind: K, report: Report): report is Of<K> {
  return report.kind === kind;
}

async function examined(source: Party): Promise<Of<"examined">> {
  return as("examined", await examine({ name: "next", uid: "u" }, source));
}

/** Follows until every table has come over. */
async function untilFollowed(desk: Desk): Promise<void> {
  await waitUntil(
    "replication",
    () => configure(desk),
    (report) => report.kind === "configured" && report.waiting.length === 0 && report.obstacles.length === 0,
  );
  await waitUntil(
    "the first copy",
    () => follow(desk),
    (report) => report.kind === "followed" && report.copying === 0 && report.lag.confirmed,
  );
}

/** Rows that were acknowledged until now and are not there. */
async function lostRows({ acknowledged }: Writer, server: PrivatePostgres): Promise<string[]> {
  const told = [...acknowledged];
  const rows = await server.ask("SELECT entry FROM public.log", [], "shop");
  const there = new Set(rows.map(({ entry }) => String(entry)));
  return told.filter((entry) => !there.has(entry));
}

Deno.test("an upgrade loses no acknowledged row, there and back, while writers never stop", async () => {
  await using servers = await UpgradeServers.start();
  const { source, target } = servers;
  await source.run("CREATE DATABASE shop");
  await source.run("CREATE ROLE app LOGIN PASSWORD 'x'");
  await source.run(appendTable("log"), "shop");
  await source.run(
    "CREATE TABLE public.parts (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
    "shop",
  );
  await source.run(
    "CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM ('2020-01-01') TO ('2030-01-01')",
    "shop",
  );
  await source.run("INSERT INTO public.parts SELECT g, '2025-01-01' FROM generate_series(1, 1000) g", "shop");
  await source.run("CREATE SEQUENCE public.down INCREMENT -5 MINVALUE -100 MAXVALUE -1 START -1", "shop");
  await source.ask("SELECT nextval('public.down')", [], "shop");
  await source.run("CREATE SEQUENCE public.untouched START 7", "shop");
  await source.run(
    "CREATE MATERIALIZED VIEW public.totals AS SELECT count(*) AS rows FROM public.parts",
    "shop",
  );

  let place: PrivatePostgres | undefined = source;
  const writerPlace = () => place === undefined ? undefined : { ...place.target, database: "shop" };
  await using writer = new Writer("a", { client, place: writerPlace, table: "log" });
  await using desk = await deskOf(servers);

  const first = await examined(desk.desk.source);
  assert.deepEqual([...first.obstacles], []);
  await servers.copyDefinitions();
  await servers.copyDefinitions();
  await untilFollowed(desk.desk);
  await assert.rejects(
    target.connect().then(async (session) => {
      await using own = session;
      await own.change([{ text: "CREATE TABLE public.stranger (id int)" }]);
    }),
    /read-only transaction/,
  );
  const live = await verify(desk.desk, "live");
  assert.deepEqual([live.mismatches, live.differences], [[], []]);
  const sequenced = as("sequenced", await copySequences(desk.desk, desk.desk.source, desk.desk.target));
  assert.deepEqual([...sequenced.failed], []);
  assert.deepEqual(await warmUp(desk.desk), []);

  const before = writer.acknowledged.length;
  assert.ok(before > 10, `only ${before} rows were written`);
  place = undefined;
  const cut = as(
    "cut",
    await waitUntil(
      "the cutover",
      () => cutOver(desk.desk),
      (report) => report.kind === "cut" && report.outcome !== "waiting",
    ),
  );
  assert.equal(cut.outcome, "done", cut.message);
  place = target;
  await waitUntil(
    "writes to the new cluster",
    () => writer.acknowledged.length,
    (count) => count > before + 20,
  );
  assert.deepEqual(await lostRows(writer, target), []);
  const [down] = await target.ask("SELECT last_value, is_called FROM public.down", [], "shop");
  assert.deepEqual(down, { last_value: "-1", is_called: true });
  const [untouched] = await target.ask("SELECT last_value, is_called FROM public.untouched", [], "shop");
  assert.deepEqual(untouched, { last_value: "7", is_called: false });
  assert.deepEqual([...await target.ask("SELECT rows FROM public.totals", [], "shop")], [{ rows: "1000" }]);
  await assert.rejects(source.run("INSERT INTO public.log (entry) VALUES ('late')", "shop"), /read-only/);
  const health = as("looked-after", await lookAfter(desk.desk));
  assert.equal(health.healthy, true, health.message);
  assert.equal(health.wayBack.feasible, true, health.wayBack.reason);

  place = undefined;
  const back = as(
    "rolled-back",
    await waitUntil(
      "the way back",
      () => rollBack(desk.desk),
      (report) => report.kind === "rolled-back" && report.outcome !== "waiting",
    ),
  );
  assert.equal(back.outcome, "done", back.message);
  place = source;
  const there = writer.acknowledged.length;
  await waitUntil(
    "writes to the source again",
    () => writer.acknowledged.length,
    (count) => count > there + 20,
  );
  await writer.stop();
  assert.deepEqual(await lostRows(writer, source), []);
  await nothingLeft(servers);
});

async function nothingLeft({ source, target }: UpgradeServers): Promise<void> {
  for (const server of [source, target]) {
    assert.deepEqual([...await server.ask("SELECT slot_name FROM pg_replication_slots")], []);
    assert.deepEqual([...await server.ask("SELECT subname FROM pg_subscription")], []);
    assert.deepEqual([...await server.ask("SELECT pubname FROM pg_publication", [], "shop")], []);
  }
}
