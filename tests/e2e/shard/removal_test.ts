import assert from "node:assert/strict";
import { pendingDeletionAnnotation } from "../../../api/multigres/annotations.ts";
import { componentLabel } from "../../../api/multigres/labels.ts";
import { Deployments, Pods } from "../../../kube/kinds.ts";
import { PoolerLifecycleStatus } from "../../../topology/gen/clustermetadata_pb.ts";
import { readShardPoolers } from "../../../topology/records/poolers.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { Chronicle } from "./chronicle.ts";
import { conditionOf, pool, shardKey, type ShardStage, shardTest } from "./support.ts";
import { TopologySwitch } from "./topology_switch.ts";

const policy = (whenDeleted: "Delete" | "Retain") => ({ whenDeleted, whenScaled: "Delete" }) as const;

async function untilGone(stage: ShardStage): Promise<void> {
  await waitUntil("the shard to be gone", () => stage.find(), (shard) => shard === undefined);
}

async function claimNames(stage: ShardStage): Promise<string[]> {
  return (await stage.claims()).map(({ metadata }) => metadata.name);
}

shardTest(
  "a shard that is deleted stops its orchestrators first and its primary last, and leaves nothing where that is wanted",
  {},
  async (stage) => {
    const { plane, client, namespace } = stage;
    const log = new Chronicle(plane);
    await stage.apply({ pvcDeletionPolicy: policy("Delete") });
    await using operator = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    const led = plane.primary();
    await stage.remove();
    await untilGone(stage);
    assert.equal(log.deleted.at(-1), led);
    assert.equal(log.deletions.length, 3);
    const deletions = operator.transport.seen.filter((entry) => entry.startsWith("DELETE "));
    assert.match(deletions[0] ?? "", /deployments/);
    await waitUntil("no claim", () => claimNames(stage), (names) => names.length === 0);
    assert.deepEqual(await stage.pods(), []);
    assert.deepEqual(await client.listAll(Deployments, { namespace }), []);
  },
);

shardTest(
  "instances stay until the last orchestrator has ended, also when its Deployment is gone before it",
  {},
  async (stage) => {
    const { plane, client, namespace } = stage;
    const log = new Chronicle(plane);
    await stage.apply();
    await using _operator = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    const labels = `${componentLabel}=multiorch`;
    const [orchestrator] = await client.listAll(Pods, { namespace, labels });
    assert.ok(orchestrator !== undefined);
    const hold = (finalizers: readonly string[] | null) =>
      client.patch(Pods, orchestrator.metadata, { metadata: { finalizers } });
    await hold(["example.com/hold"]);
    await stage.remove();
    const ending = () => client.get(Pods, orchestrator.metadata);
    await waitUntil("it to end", ending, ({ metadata }) => metadata.deletionTimestamp !== undefined);
    const deployments = () => client.listAll(Deployments, { namespace });
    await waitUntil("its Deployment to be gone", deployments, (left) => left.length === 0);
    await delay(3_000);
    assert.deepEqual(log.deleted, []);
    await hold(null);
    await untilGone(stage);
    assert.equal(log.deletions.length, 3);
  },
);

shardTest(
  "a shard that is deleted leaves its volumes, owned by nobody, where they are to be kept",
  {},
  async (stage) => {
    await stage.apply({ pvcDeletionPolicy: policy("Retain") });
    await using _operator = stage.operator();
    await stage.untilSettled();
    const before = (await stage.claims()).map(({ metadata }) => metadata.uid);
    await stage.remove();
    await untilGone(stage);
    await delay(1_000);
    const kept = await stage.claims();
    assert.deepEqual(kept.map(({ metadata }) => metadata.uid), before);
    assert.ok(kept.every(({ metadata }) => (metadata.ownerReferences ?? []).length === 0));
    await stage.apply({ pvcDeletionPolicy: policy("Retain") });
    await stage.untilSettled();
    assert.deepEqual((await stage.claims()).map(({ metadata }) => metadata.uid), before);
  },
);

shardTest("the policy of a pool counts before that of its shard", {}, async (stage) => {
  await stage.apply({
    pvcDeletionPolicy: policy("Delete"),
    pools: { main: pool({ pvcDeletionPolicy: policy("Retain") }) },
  });
  await using _operator = stage.operator();
  await stage.untilSettled();
  await stage.remove();
  await untilGone(stage);
  await waitUntil(
    "the repository to go",
    () => claimNames(stage),
    (names) => names.every((name) => name.startsWith("data-")),
  );
  assert.equal((await claimNames(stage)).length, 3);
});

shardTest(
  "a shard that is to be removed gets ready, keeps its volumes, and says when it is",
  {},
  async (stage) => {
    const { plane } = stage;
    const log = new Chronicle(plane);
    await stage.apply({ pvcDeletionPolicy: policy("Delete") });
    {
      await using _first = stage.operator({ prepare: log.follow });
      await stage.untilSettled();
      await stage.annotate({ [pendingDeletionAnnotation]: new Date().toISOString() });
      await waitUntil("the first deletion", () => log.deletions.length, (count) => count > 0);
    }
    await using second = stage.operator({ prepare: log.follow });
    const ready = await stage.untilCondition("ReadyForDeletion", "True/DrainComplete");
    assert.deepEqual(await stage.pods(), []);
    assert.equal((await claimNames(stage)).length, 4);
    assert.ok(plane.instances().every(({ phase }) => phase === "stopped"));
    await stage.untilTold("ReadyForDeletion", 1);
    assert.deepEqual(log.creations.length, 3);
    assert.equal(ready.metadata.deletionTimestamp, undefined);
    await stage.remove();
    await untilGone(stage);
    assert.ok(second.manager.readiness().ready);
    await waitUntil("no claim", () => claimNames(stage), (names) => names.length === 0);
  },
);

shardTest("a shard is removed although its topology is gone", {}, async (stage) => {
  using stores = new TopologySwitch();
  await stage.apply({ pvcDeletionPolicy: policy("Delete") });
  await using _operator = stage.operator({}, { stores });
  await stage.untilSettled();
  stores.on = false;
  await stage.untilPhase("Unknown");
  await stage.remove();
  await untilGone(stage);
});

shardTest(
  "the pod of an instance that died is marked as stopped before its shard is ready to go",
  {},
  async (stage) => {
    const { plane } = stage;
    await stage.apply();
    await using _operator = stage.operator();
    await stage.untilSettled();
    const dead = plane.instances().map(({ pod }) => pod).find((pod) => pod !== plane.primary()) ?? "";
    plane.kill(dead);
    await stage.untilPhase("Progressing");
    await stage.annotate({ [pendingDeletionAnnotation]: new Date().toISOString() });
    const ready = await stage.untilCondition("ReadyForDeletion", "True/DrainComplete");
    assert.equal(conditionOf(ready, "PrimaryAvailable").startsWith("True"), false);
    const { stopped } = await stopsOf(stage);
    assert.equal(stopped, 3);
  },
);

async function stopsOf({ store, root }: ShardStage): Promise<{ readonly stopped: number }> {
  const { poolers } = await readShardPoolers([{ cell: "zone-a", store, root }], shardKey);
  const isStopped = (pooler: typeof poolers[number]) =>
    pooler.record.lifecycleStatus?.status === PoolerLifecycleStatus.SHUTDOWN;
  return { stopped: poolers.filter(isStopped).length };
}
