import assert from "node:assert/strict";
import { QuorumType } from "../../../topology/gen/clustermetadata_pb.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { Chronicle } from "./chronicle.ts";
import { pool, shardTest } from "./support.ts";

const images = { multiorch: "m:1", multipooler: "p:1", postgres: "d:2" };
const cells = ["zone-a", "zone-b", "zone-c"];
const cellTopologyLabels = Object.fromEntries(
  cells.map((cell) => [cell, { "topology.k8s.aws/zone-id": `use1-az${cell.slice(-1)}` }]),
);

shardTest("an instance in each of three cells: one at a time, and never fewer than two cells", {
  spec: {
    cellTopologyLabels,
    durabilityPolicy: "MULTI_CELL_AT_LEAST_2",
    multiorch: { cells, replicas: 1 },
    pools: { main: pool({ cells, replicasPerCell: 1 }) },
  },
  plane: { durability: { type: QuorumType.MULTI_CELL_AT_LEAST_N, count: 2 } },
}, async (stage) => {
  const { plane } = stage;
  const log = new Chronicle(plane);
  await stage.apply();
  await using _operator = stage.operator({ prepare: log.follow });
  const seen = await stage.untilSettled();
  assert.deepEqual(seen.status?.cells, cells);
  assert.equal(seen.status?.orchReady, true);
  await stage.apply({ images });
  await waitUntil("a rollout", () => log.deletions.length, (count) => count === 3, { timeoutMs: 60_000 });
  await stage.untilSettled();
  assert.deepEqual(log.deletions.flatMap(({ unsettled }) => unsettled), []);
  assert.ok(log.deletions.every(({ led }) => !led));
});

shardTest("two pools roll as one shard, and one that is taken out of the spec goes", {
  spec: { pools: { main: pool({ replicasPerCell: 2 }), more: pool({ replicasPerCell: 1 }) } },
}, async (stage) => {
  const log = new Chronicle(stage.plane);
  await stage.apply();
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  await stage.apply({ images });
  await waitUntil("a rollout", () => log.deletions.length, (count) => count === 3, { timeoutMs: 60_000 });
  await stage.untilSettled();
  assert.deepEqual(log.deletions.flatMap(({ unsettled }) => unsettled), []);
  await stage.apply({ images, pools: { main: pool({ replicasPerCell: 2 }) } });
  await waitUntil("two pods", async () => (await stage.pods()).length, (count) => count === 2, {
    timeoutMs: 60_000,
  });
  await stage.untilSettled();
  assert.ok(log.deletions.every(({ led }) => !led));
});

const most = Object.fromEntries(Array.from({ length: 8 }, (_, index) => {
  const name = `${"pool-with-a-long-name".slice(0, 24)}-${index}`;
  return [name, pool({ replicasPerCell: 1 })];
}));

shardTest("as many pools as there may be, with long names", { spec: { pools: most } }, async (stage) => {
  await stage.apply();
  await using _operator = stage.operator();
  const seen = await stage.untilSettled();
  assert.equal(seen.status?.readyReplicas, 8);
  const names = (await stage.pods()).map(({ metadata }) => metadata.name);
  assert.ok(names.every((name) => name.length <= 63), names.join());
});
