import assert from "node:assert/strict";
import { systemClock } from "../../../kube/clock.ts";
import { openSqlClient } from "../../../postgres/sql/open.ts";
import { waitFor } from "../../ground/wait_for.ts";
import { appendTable } from "../../support/append_log.ts";
import { type Fate, mortalSql, mortalTransport } from "../../support/mortal_sql.ts";
import { DATABASE, lostRows, scenario, SOURCE, type Stage, untilWritten } from "./stage.ts";

/** More lives than this mean that an upgrade does not get on. */
const MOST_LIVES = 120;

/** While the source is written to, its sequences have to be set again at each life: this often is enough. */
const SAME_DEATHS = 6;

/** Lets operators live until each ends at its first lasting change, until the phase is reached. @returns what they died of */
async function liveUntil(stage: Stage, phase: string): Promise<string[]> {
  const deaths: string[] = [];
  while (deaths.length < MOST_LIVES) {
    const inPhase = (await stage.status()).phase;
    const fate: Fate = {
      dead: false,
      mayEndAt: (what) => deaths.filter((death) => death === `${inPhase} ${what}`).length < SAME_DEATHS,
    };
    const operator = stage.startUpgrades({
      sql: mortalSql(openSqlClient({ clock: systemClock }), fate),
      prepare: (transport) => mortalTransport(transport, fate),
    });
    await waitFor(
      `the end of life ${deaths.length + 1}, or ${phase}`,
      async () => fate.dead || (await stage.status()).phase === phase,
      { timeoutMs: 90_000 },
    );
    await operator.stop();
    if (!fate.dead) return deaths;
    deaths.push(`${inPhase} ${fate.at}`);
    if ((await stage.status()).phase === phase) return deaths;
  }
  throw new Error(`Not ${phase} after ${deaths.length} lives:\n${deaths.join("\n")}`);
}

scenario(
  "operators that end at every single step bring an upgrade to its end, and back, and lose nothing",
  async (stage) => {
    const { servers: { source, target } } = stage;
    await source.run(appendTable("log"), DATABASE);
    stage.startClusters();
    await stage.makeSource();
    const writer = stage.writer("a");
    await untilWritten(writer, 20);
    await stage.upgrade();
    await stage.annotate("cutover");

    const there = await liveUntil(stage, "Completed");
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), target, there.join("\n"));
    await untilWritten(writer, 20);
    assert.deepEqual(await lostRows(writer, target), []);
    for (
      const expected of [
        "CREATE SUBSCRIPTION",
        "ALTER ROLE ALL SET",
        "ALTER ROLE ALL RESET",
        "setval",
        "DROP PUBLICATION",
        "/services/",
      ]
    ) {
      assert.ok(
        there.some((death) => death.includes(expected)),
        `nobody ended at ${expected}:\n${there.join("\n")}`,
      );
    }

    await stage.annotate("rollback");
    const back = await liveUntil(stage, "RolledBack");
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), source, back.join("\n"));
    await untilWritten(writer, 20);
    await writer.stop();
    assert.deepEqual(await lostRows(writer, source), []);
    assert.deepEqual([...await source.ask("SELECT slot_name FROM pg_replication_slots")], []);
    assert.deepEqual([...await target.ask("SELECT slot_name FROM pg_replication_slots")], []);
  },
);
