import assert from "node:assert/strict";
import { ConfigMaps } from "../../../kube/kinds.ts";
import { isRecord } from "../../../kube/errors.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { Chronicle } from "./chronicle.ts";
import { conditionOf, type ShardStage, shardTest } from "./support.ts";

const reloadable = { postgresConfig: { work_mem: "8MB" } };
/** From one request to load settings to the next, in seconds. */
const RETRY = 11;

/** The last settings that the pooler of a pod was to show. */
function expectedBy({ plane }: ShardStage, pod: string): unknown {
  const request = plane.calls.filter((call) => call.pod === pod && call.method === "reloadConfig").at(-1)
    ?.request;
  return isRecord(request) && isRecord(request["expectedSettings"])
    ? request["expectedSettings"]["work_mem"]
    : undefined;
}

shardTest(
  "a setting that can be reloaded restarts nothing, and counts as applied once every server shows it",
  {},
  async (stage) => {
    const { plane } = stage;
    await stage.apply();
    const log = new Chronicle(plane);
    await using _operator = stage.operator({ prepare: log.follow });
    const before = (await stage.untilSettled()).status?.postgresConfig;
    assert.equal(before?.inProgress, false);
    plane.answerReload((_pod, settings) => ({ mismatches: Object.keys(settings).map((name) => ({ name })) }));
    stage.clock.turn(5);
    await stage.apply(reloadable);
    await stage.until("work under way", ({ status }) => status?.postgresConfig?.inProgress === true);
    await waitUntil("all to be asked", () => new Set(log.calls("reloadConfig")).size, (count) => count === 3);
    plane.answerReload(() => ({ configLoadTime: { seconds: 1n, nanos: 0 } }));
    stage.clock.turn(RETRY);
    const after = await stage.until(
      "settings in force",
      ({ status }) => status?.postgresConfig?.inProgress === false,
    );
    assert.notEqual(after.status?.postgresConfig?.lastAppliedAt, before?.lastAppliedAt);
    for (const { metadata } of await stage.pods()) assert.equal(expectedBy(stage, metadata.name), "8MB");
    assert.deepEqual(log.deleted, []);
    await stage.untilTold("ConfigReloaded", 3);
  },
);

shardTest("a server that takes a restart for a setting gets one, in its turn", {}, async (stage) => {
  const { plane } = stage;
  await stage.apply();
  const log = new Chronicle(plane);
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  plane.answerReload(() => ({
    needsRestart: true,
    mismatches: [{ name: "work_mem", requiresRestart: true }],
  }));
  await stage.apply(reloadable);
  await stage.untilEvent("ConfigReloadNeedsRestart");
  const seen = await stage.until(
    "all restarted",
    (shard) => log.deletions.length === 3 && conditionOf(shard, "RollingUpdate") === "False/PodsUpToDate",
    60_000,
  );
  await stage.untilSettled();
  assert.deepEqual(log.deletions.flatMap(({ unsettled }) => unsettled), []);
  assert.ok(log.deletions.every(({ led }) => !led));
  assert.equal(seen.status?.postgresConfig?.error, undefined);
  assert.equal(log.deletions.length, 3);
});

shardTest(
  "settings with errors leave the instances as they are, and say what is wrong",
  {},
  async (stage) => {
    await stage.apply();
    const log = new Chronicle(stage.plane);
    await using _operator = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    await stage.apply({ postgresConfig: { work_mem: "a lot", max_connections: "90" } });
    const seen = await stage.untilCondition("SpecAccepted", "False/ConfigError");
    assert.match(seen.status?.postgresConfig?.error ?? "", /work_mem/);
    assert.equal(seen.status?.phase, "Healthy");
    assert.deepEqual(log.deleted, []);
    await stage.apply({ postgresConfig: { work_mem: "8MB" } });
    await stage.untilCondition("SpecAccepted", "True/Accepted");
    await stage.until("settings in force", ({ status }) => status?.postgresConfig?.inProgress === false);
    assert.deepEqual(log.deleted, []);
  },
);

shardTest("the settings of a ConfigMap are followed, and outlive its deletion", {}, async (stage) => {
  const { client, namespace } = stage;
  const metadata = { namespace, name: "mine" };
  await client.apply(ConfigMaps, { metadata, data: { "a.conf": "work_mem = '8MB'" } });
  await stage.apply({ postgresConfigRef: { name: "mine", key: "a.conf" } });
  const log = new Chronicle(stage.plane);
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  await client.apply(ConfigMaps, { metadata, data: { "a.conf": "work_mem = '9MB'" } });
  const [first] = await stage.pods();
  await waitUntil(
    "the new value",
    () => expectedBy(stage, first?.metadata.name ?? ""),
    (value) => value === "9MB",
  );
  await deleteNow(client, ConfigMaps, metadata);
  await stage.untilCondition("SpecAccepted", "False/ConfigError");
  const seen = await stage.untilPhase("Healthy");
  assert.match(seen.status?.postgresConfig?.error ?? "", /ConfigMap mine does not exist; create it/);
  assert.deepEqual(log.deleted, []);
});
