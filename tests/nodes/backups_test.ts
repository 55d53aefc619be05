import assert from "node:assert/strict";
import { annotations } from "../../api/smoketurner/annotations.ts";
import { at, conditionStatus, stringAt } from "../ground/json.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import { LONG_MS, type PatroniCluster } from "./cluster.ts";
import { secondsSince, tell } from "./figures.ts";
import { ask, type Load, startLoad, targetOf } from "./load.ts";
import { onNodes, type Stage } from "./stage.ts";
import { startStore } from "./store.ts";

const ENTRIES = "SELECT entry FROM public.append_log ORDER BY id";

async function entriesOf(cluster: PatroniCluster): Promise<unknown[]> {
  const rows = await ask(await targetOf(cluster, cluster.names.primaryService), ENTRIES);
  return rows.map(({ entry }) => entry);
}

/** Waits until the cluster says that it could be restored, and more if more is wanted. */
async function untilBackedUp(
  cluster: PatroniCluster,
  what: string,
  accept: (backup: unknown) => boolean,
): Promise<void> {
  await waitUntil(
    what,
    async () => await cluster.client.get(cluster.clusterPath) ?? {},
    (seen) => conditionStatus(seen, "BackupsHealthy") === "True" && accept(at(seen, "status", "backup")),
    { timeoutMs: LONG_MS, intervalMs: 250 },
  );
}

/** The first moment after all that was written, by the server's clock and to the millisecond; nothing happens in it. */
async function momentAfter(load: Load): Promise<string> {
  const next = "date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond'";
  const format = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
  const [row] = await ask(load.target, `SELECT to_char((${next}) AT TIME ZONE 'UTC', ${format}) AS moment`);
  await delay(1_000);
  return String(row?.["moment"]);
}

async function removeCluster(stage: Stage): Promise<void> {
  await stage.client.request("DELETE", stage.clusterPath);
  await waitUntil("the cluster to be gone", () => stage.client.get(stage.clusterPath), (seen) => !seen, {
    timeoutMs: LONG_MS,
  });
}

onNodes(
  "a cluster that is lost is restored to the moment before an accident, row by row",
  async (stage, t) => {
    await using store = await startStore(stage);
    const { encryption } = store;
    const backup = {
      engine: "pgbackrest",
      schedule: "0 3 * * *",
      destination: store.destination,
      encryption,
    };
    const start = performance.now();
    await stage.apply({ replicas: 2, backup });
    await stage.untilWell(2);
    await using load = await startLoad(stage);

    await t.step("the first base backup is taken at once, and the log arrives", async () => {
      await untilBackedUp(stage, "a base backup", (seen) => at(seen, "backupCount") === 1);
      tell("cluster made and backed up", { after: secondsSince(start) });
    });

    await waitUntil("rows", () => load.acknowledged, (count) => count >= 200, { timeoutMs: LONG_MS });
    assert.equal(await load.lost(), 0);
    const expected = await entriesOf(stage);
    const moment = await momentAfter(load);
    await ask(load.target, "DELETE FROM public.append_log WHERE id % 2 = 0");

    await t.step("a backup that is asked for is taken after the accident", async () => {
      await stage.merge(stage.clusterPath, {
        metadata: { annotations: { [annotations.triggerBackup]: "after the accident" } },
      });
      await untilBackedUp(
        stage,
        "the second base backup",
        (seen) => stringAt(seen, "lastManualBackupStatus") === "completed" && at(seen, "backupCount") === 2,
      );
      assert.ok((await entriesOf(stage)).length < expected.length, "rows are gone");
    });

    await t.step("a standby comes up while the store is silent", async () => {
      await store.freeze();
      const begun = performance.now();
      try {
        await stage.apply({ replicas: 3, backup });
        await stage.untilWell(3);
      } finally {
        store.thaw();
      }
      tell("third member without a store", { after: secondsSince(begun) });
    });

    await t.step("a new cluster has every row of the moment before, and goes on from there", async () => {
      await removeCluster(stage);
      const restored = stage.beside("restored");
      const begun = performance.now();
      await restored.apply({
        replicas: 2,
        backup: { ...backup, destination: { ...store.destination, path: "restored" } },
        restore: {
          engine: "pgbackrest",
          stanza: stage.name,
          source: { s3: { prefix: store.prefix("orders"), ...store.access } },
          recoveryTarget: { time: moment },
        },
      });
      await restored.untilWell(2);
      tell("restored to a moment", { after: secondsSince(begun) });
      assert.deepEqual(await entriesOf(restored), expected);
      const target = await targetOf(restored, restored.names.primaryService);
      const insert = "INSERT INTO public.append_log (entry) VALUES ('restored')";
      const [row] = await ask(
        target,
        `WITH made AS (${insert} RETURNING id) SELECT made.id > (SELECT max(id) FROM public.append_log) AS goes_on FROM made`,
      );
      assert.equal(row?.["goes_on"], true, "its sequence goes on");
    });
  },
);
