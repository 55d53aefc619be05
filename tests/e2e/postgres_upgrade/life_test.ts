import assert from "node:assert/strict";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { appendTable } from "../../support/append_log.ts";
import { DATABASE, lostRows, scenario, SOURCE, TARGET, untilWritten } from "./stage.ts";

scenario(
  "an upgrade goes phase by phase to the gate, waits there, and moves clients when it is told",
  async (stage) => {
    const { servers: { source, target } } = stage;
    await source.run(appendTable("log"), DATABASE);
    stage.start();
    await stage.makeSource();
    const writer = stage.writer("a");
    await untilWritten(writer, 20);
    await stage.upgrade();
    await stage.untilPhase("WaitingForManualCutover");
    await delay(2_000);
    assert.equal((await stage.status()).phase, "WaitingForManualCutover", "nobody asked");
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), source);

    await stage.annotate("cutover");
    const done = await stage.untilPhase("Completed");
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), target);
    await untilWritten(writer, 20);
    assert.deepEqual(await lostRows(writer, target), []);
    assert.equal(await stage.clusterPhase(SOURCE), "Superseded");
    assert.equal(done.rollback?.feasible, true, JSON.stringify(done.rollback));
    const isTold = (events: readonly string[]) => events.some((event) => event.includes("is now Completed"));
    const phases = (await waitUntil("the last phase to be told", () => stage.events(), isTold)).map((event) =>
      /is now (\w+)/.exec(event)?.[1]
    ).filter(Boolean);
    assert.deepEqual([...new Set(phases)].sort(), [
      "Completed",
      "ConfiguringReplication",
      "CreatingTarget",
      "CuttingOver",
      "HealthChecking",
      "ReadyForCutover",
      "Replicating",
      "SyncingSequences",
      "Verifying",
      "WaitingForManualCutover",
    ]);

    await stage.annotate("rollback");
    await stage.untilPhase("RolledBack");
    assert.equal(await stage.ledTo(`${SOURCE}-primary`), source);
    await untilWritten(writer, 20);
    await writer.stop();
    assert.deepEqual(await lostRows(writer, source), []);
    assert.equal(await stage.clusterPhase(TARGET), "Running", "the new cluster stays");
    assert.deepEqual([...stage.kept], []);
  },
);
