import assert from "node:assert/strict";
import { orphanSinceLabel } from "../../../api/multigres/labels.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { Chronicle } from "./chronicle.ts";
import { conditionOf, messageOf, pool, type ShardStage, shardTest } from "./support.ts";

const of = (replicasPerCell: number, more: Parameters<typeof pool>[0] = {}) => ({
  pools: { main: pool({ replicasPerCell, ...more }) },
});

/** Numbers at the ends of names, in order; those of orphans with a mark. */
async function dataClaims(stage: ShardStage): Promise<string[]> {
  const claims = (await stage.claims()).filter(({ metadata }) => metadata.name.startsWith("data-"));
  return claims.map(({ metadata: { name, labels = {} } }) =>
    `${name.slice(-1)}${labels[orphanSinceLabel] === undefined ? "" : " orphan"}`
  ).sort();
}

async function podNumbers(stage: ShardStage): Promise<string[]> {
  return (await stage.pods()).map(({ metadata }) => metadata.name.slice(-1)).sort();
}

/** Pods that went, each while it did not lead. */
function gone(log: Chronicle): string[] {
  assert.ok(log.deletions.every(({ led }) => !led), JSON.stringify(log.deletions));
  return log.deleted.map((name) => name.slice(-1));
}

for (
  const [policy, claims] of [["Delete", ["0", "1", "2 orphan"]], ["Retain", [
    "0",
    "1",
    "2",
    "3",
    "4",
  ]]] as const
) {
  shardTest(
    `a shard grows to five and shrinks to two, one at a time; whenScaled ${policy} decides on its volumes`,
    {},
    async (stage) => {
      const pvcDeletionPolicy = { whenDeleted: "Delete", whenScaled: policy } as const;
      const log = new Chronicle(stage.plane);
      await stage.apply(of(3, { pvcDeletionPolicy }));
      await using _operator = stage.operator({ prepare: log.follow });
      await stage.untilSettled();
      await stage.apply(of(5, { pvcDeletionPolicy }));
      const large = await stage.untilSettled();
      assert.equal(large.status?.readyReplicas, 5);
      assert.equal(Object.keys(large.status?.podRoles ?? {}).length, 5);
      await stage.apply(of(2, { pvcDeletionPolicy }));
      await waitUntil("two pods", () => podNumbers(stage), (numbers) => numbers.length === 2, {
        timeoutMs: 60_000,
      });
      await stage.until("two roles", ({ status }) => Object.keys(status?.podRoles ?? {}).length === 2);
      await stage.untilSettled();
      assert.deepEqual(await podNumbers(stage), ["0", "1"]);
      assert.deepEqual(gone(log), ["4", "3", "2"]);
      assert.deepEqual(await dataClaims(stage), claims);
      await waitUntil("a cohort of two", () => stage.plane.rule()?.cohort.length, (count) => count === 2);
      await stage.apply(of(3, { pvcDeletionPolicy }));
      await stage.until("three again", ({ status }) => status?.readyReplicas === 3);
      await stage.untilSettled();
      const back = (await stage.claims()).find(({ metadata }) => metadata.name.endsWith("-2"));
      assert.equal(back?.metadata.labels?.[orphanSinceLabel], undefined);
      assert.equal(back?.metadata.ownerReferences?.[0]?.kind, "Shard");
    },
  );
}

shardTest("a primary that is too many hands over before it goes", {}, async (stage) => {
  const { plane } = stage;
  const log = new Chronicle(plane);
  await stage.apply();
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  for (let turn = 0; plane.primary()?.endsWith("-2") !== true; turn++) {
    assert.ok(turn < 4, "the lead did not come to the last instance");
    const [leads = "", ...rest] = [plane.primary() ?? "", ...plane.instances().map(({ pod }) => pod)];
    for (const pod of rest) plane.setLag(pod, pod === leads || pod.endsWith("-2") ? 0n : 4_096n);
    await delay(300);
    plane.kill(leads);
    await waitUntil("another primary", () => plane.primary(), (pod) => pod !== undefined && pod !== leads);
    plane.revive(leads);
    await stage.untilSettled();
  }
  const led = plane.primary();
  await stage.apply(of(2));
  await waitUntil("two pods", () => podNumbers(stage), (numbers) => numbers.length === 2, {
    timeoutMs: 60_000,
  });
  await stage.untilSettled();
  assert.deepEqual(gone(log), ["2"]);
  assert.deepEqual(log.calls("resignLeadership"), [led]);
});

shardTest("a shard does not become smaller than its durability allows, and says so", {}, async (stage) => {
  const log = new Chronicle(stage.plane);
  await stage.apply();
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  await stage.apply(of(1));
  const refused = await stage.untilCondition("SpecAccepted", "False/ScaleDownBlocked");
  assert.match(messageOf(refused, "SpecAccepted"), /AT_LEAST_2 needs 2 instances; raise replicasPerCell/);
  await stage.untilEvent("ScaleDownBlocked");
  await waitUntil("the third to go", () => log.deletions.length, (count) => count === 1);
  await stage.untilPhase("Healthy");
  await delay(1_000);
  assert.equal((await podNumbers(stage)).length, 2);
  assert.ok(stage.plane.writable());
  await stage.apply(of(2));
  await stage.untilCondition("SpecAccepted", "True/Accepted");
});

shardTest("nothing is taken away while another instance does not stream", {}, async (stage) => {
  const { plane } = stage;
  const log = new Chronicle(plane);
  await stage.apply(of(4));
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  const lame = plane.instances().map(({ pod }) =>
    pod
  ).find((pod) => pod !== plane.primary() && !pod.endsWith("-3")) ?? "";
  plane.holdBack(lame, true);
  await stage.untilCondition("Ready", "False/ReplicasNotStreaming");
  await stage.apply(of(3));
  const { message } = await stage.untilEvent("ScaleDownBlocked");
  assert.ok(message?.includes(lame));
  await delay(1_000);
  assert.deepEqual(log.deleted, []);
  plane.holdBack(lame, false);
  await waitUntil("three pods", () => podNumbers(stage), (numbers) => numbers.length === 3);
  assert.equal(conditionOf(await stage.untilSettled(), "SpecAccepted"), "True/Accepted");
});
