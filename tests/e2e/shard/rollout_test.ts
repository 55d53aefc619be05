import assert from "node:assert/strict";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { Chronicle } from "./chronicle.ts";
import { conditionOf, pool, type ShardStage, shardTest } from "./support.ts";

const images = (postgres: string) => ({ multiorch: "m:1", multipooler: "p:1", postgres });

/** One at a time, each while all others were settled, and whoever led at first last, after it was asked to resign. */
function assertInTurn(log: Chronicle, led: string | undefined): void {
  assert.equal(new Set(log.deleted).size, 3);
  assert.equal(log.deletions.length, 3);
  for (const { pod, led, unsettled } of log.deletions) {
    assert.deepEqual(unsettled, [], `${pod} was deleted while others were not settled`);
    assert.ok(!led, `${pod} was deleted while it led`);
  }
  assert.equal(log.deleted.at(-1), led);
  assert.deepEqual(log.calls("resignLeadership"), [led]);
}

async function imagesOf(stage: ShardStage): Promise<(string | undefined)[]> {
  return (await stage.pods()).map(({ spec }) => spec?.initContainers?.[0]?.image);
}

const changes: readonly [what: string, change: Parameters<ShardStage["apply"]>[0]][] = [
  ["image", { images: images("d:2") }],
  ["memory limit", {
    pools: { main: pool({ postgres: { resources: { limits: { memory: "2Gi" } } } }) },
  }],
  ["setting that takes a restart", { postgresConfig: { max_connections: "90" } }],
];

for (const [what, change] of changes) {
  shardTest(
    `a changed ${what} reaches one instance at a time, the primary last and after it resigned`,
    {},
    async (stage) => {
      const { plane } = stage;
      await stage.apply();
      const log = new Chronicle(plane);
      await using _operator = stage.operator({ prepare: log.follow });
      await stage.untilSettled();
      const led = plane.primary();
      await stage.apply(change);
      await stage.until("a rollout", (shard) => conditionOf(shard, "RollingUpdate") === "True/PodsDrifted");
      await stage.untilSettled();
      assertInTurn(log, led);
      assert.ok(plane.writable());
    },
  );
}

shardTest(
  "an operator that ends in the midst of a rollout is followed by one that goes on with it",
  {},
  async (stage) => {
    const { plane } = stage;
    await stage.apply();
    const log = new Chronicle(plane);
    let led: string | undefined;
    {
      await using _first = stage.operator({ prepare: log.follow });
      await stage.untilSettled();
      led = plane.primary();
      await stage.apply({ images: images("d:2") });
      await waitUntil("the first deletion", () => log.deletions.length, (count) => count > 0);
    }
    await delay(1_000);
    assert.equal(log.deletions.length, 1);
    await using _second = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    assertInTurn(log, led);
    assert.deepEqual(await imagesOf(stage), ["d:2", "d:2", "d:2"]);
  },
);

shardTest("a standby that does not come to stream again holds the rollout up", {}, async (stage) => {
  const { plane } = stage;
  await stage.apply();
  const log = new Chronicle(plane);
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  await stage.apply({ images: images("d:2") });
  await waitUntil("the first deletion", () => log.deletions.length, (count) => count > 0);
  const [first = ""] = log.deleted;
  const isComingUp = () =>
    plane.instances().some(({ pod, phase, ready }) => pod === first && !ready && !phase.startsWith("stop"));
  await waitUntil("the next instance in it", isComingUp, (isThere) => isThere, { intervalMs: 5 });
  plane.holdBack(first, true);
  const held = await stage.until(
    "what is waited for",
    (shard) =>
      conditionOf(shard, "RollingUpdate") === "True/PodsDrifted" && shard.status?.phase === "Progressing",
  );
  assert.match(
    held.status?.conditions?.find(({ type }) => type === "RollingUpdate")?.message ?? "",
    new RegExp(first),
  );
  await delay(2_000);
  assert.deepEqual(log.deleted, [first]);
  plane.holdBack(first, false);
  await stage.untilSettled();
  assert.equal(log.deletions.length, 3);
});

shardTest(
  "a change that is taken back before the next turn spares the other instances",
  {},
  async (stage) => {
    await stage.apply();
    const log = new Chronicle(stage.plane);
    await using _operator = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    await stage.apply({ images: images("d:2") });
    await waitUntil("the first deletion", () => log.deletions.length, (count) => count > 0);
    await stage.apply();
    await stage.untilSettled();
    const [first] = log.deleted;
    assert.ok(log.deleted.every((pod) => pod === first), log.deleted.join());
    assert.deepEqual(await imagesOf(stage), ["d:1", "d:1", "d:1"]);
    assert.ok(
      (await stage.pods()).every(({ metadata }) =>
        metadata.annotations?.["drain.multigres.com/state"] === undefined
      ),
    );
  },
);
