import assert from "node:assert/strict";
import { pendingDeletionAnnotation } from "../../../api/multigres/annotations.ts";
import { type Shard, Shards, type ShardStatus } from "../../../api/multigres/shard.ts";
import { type ResolvedShard, type TableGroup, TableGroups } from "../../../api/multigres/table_group.ts";
import { tableGroupController } from "../../../controllers/table_group/controller.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../../support/operator.ts";

const labels = { "multigres.com/cluster": "minimal" };

function shard(name: string, replicasPerCell = 2): ResolvedShard {
  const pools = {
    main: { type: "readWrite", replicasPerCell, cells: ["zone-a", "zone-b"], storage: { size: "1Gi" } },
  } as const;
  return {
    name,
    multiorch: { cells: ["zone-a"] },
    pools: structuredClone(pools) as unknown as ResolvedShard["pools"],
  };
}

function specOf(shards: ResolvedShard[]): TableGroup["spec"] {
  return {
    databaseName: "postgres",
    tableGroupName: "default",
    default: true,
    globalTopoServer: { address: "topo:2379", implementation: "etcd", rootPath: "/multigres/global" },
    images: { multiorch: "m:1", multipooler: "p:1", postgres: "d:1" },
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    shards,
  };
}

interface Stage {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly operator: RunningOperator;
  apply(shards: ResolvedShard[]): Promise<void>;
  status(): Promise<TableGroup["status"]>;
  untilReason(reason: string): Promise<TableGroup["status"]>;
  shards(): Promise<Shard[]>;
  /** Plays the Shard controller: says something of the latest spec of a shard. */
  say(name: string, status: Partial<ShardStatus>): Promise<void>;
}

function scenario(name: string, run: (stage: Stage) => Promise<void>): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using client = steadyClient(sharedCluster().connection);
      await installKinds(client);
      await using operator = startOperator(sharedCluster().connection, {
        setUp: (manager) => manager.add(tableGroupController),
        namespaces: [namespace],
      });
      const key = { namespace, name: "tg" };
      const status = async () => (await client.get(TableGroups.resource, key)).status;
      const shards = () => client.listAll(Shards.resource, { namespace });
      await run({
        client,
        namespace,
        operator,
        status,
        shards,
        apply: async (wanted) => {
          await client.apply(TableGroups.resource, { metadata: { ...key, labels }, spec: specOf(wanted) });
        },
        untilReason: (reason) =>
          waitUntil(`Available with reason ${reason}`, status, (seen) =>
            seen?.conditions?.some((each) =>
              each.type === "Available" && each.reason === reason
            ) ?? false),
        say: async (wanted, said) => {
          const found = (await shards()).find(({ spec }) =>
            spec.shardName === wanted
          );
          assert.ok(found !== undefined);
          const { generation } = found.metadata;
          const whole = { orchReady: true, poolsReady: true, observedGeneration: generation, ...said };
          await client.patch(Shards.resource, found.metadata, { status: whole }, "status");
        },
      });
    }));
}

const ready = {
  type: "ReadyForDeletion",
  status: "True",
  reason: "DrainComplete",
  message: "drained",
  lastTransitionTime: "2026-01-01T00:00:00Z",
} as const;

scenario(
  "each shard gets its object, and the group follows what the shards say of their latest spec",
  async (stage) => {
    await stage.apply([shard("0-inf")]);
    await stage.untilReason("ShardsNotReady");
    const [made] = await stage.shards();
    assert.equal(made?.metadata.name, "minimal-postgres-default-0-inf-1e3c045c");
    assert.equal(made.spec.replicas, 4);
    assert.equal(made.metadata.ownerReferences?.[0]?.kind, "TableGroup");
    await stage.say("0-inf", { phase: "Healthy" });
    assert.equal((await stage.untilReason("ShardsReady"))?.phase, "Healthy");
    await stage.apply([shard("0-inf", 3)]);
    await stage.untilReason("ShardsNotReady");
    assert.equal((await stage.shards())[0]?.spec.replicas, 6);
    await stage.say("0-inf", { phase: "Degraded", message: "disk is full" });
    const status = await stage.untilReason("ShardDegraded");
    assert.match(status?.message ?? "", /disk is full/);
  },
);

scenario(
  "a shard that is not wanted any more is asked first, and deleted only when it is ready",
  async (stage) => {
    await stage.apply([shard("0-inf"), shard("old")]);
    await waitUntil("two shards", stage.shards, (seen) => seen.length === 2);
    await stage.apply([shard("0-inf")]);
    await stage.untilReason("CleanupPending");
    await delay(1_000);
    const asked = (await stage.shards()).filter(({ metadata }) =>
      metadata.annotations?.[pendingDeletionAnnotation]
    );
    assert.deepEqual(asked.map(({ spec }) => spec.shardName), ["old"]);
    await stage.say("old", { conditions: [ready] });
    await waitUntil("one shard", stage.shards, (seen) => seen.length === 1);
    await stage.say("0-inf", { phase: "Healthy" });
    await stage.untilReason("ShardsReady");
  },
);

scenario("a shard that is wanted again while it leaves goes first, then comes back", async (stage) => {
  const old = async () => (await stage.shards()).filter(({ spec }) => spec.shardName === "old");
  await stage.apply([shard("0-inf"), shard("old")]);
  const [first] = await waitUntil("the shard", old, (seen) => seen.length === 1);
  await stage.apply([shard("0-inf")]);
  await stage.untilReason("CleanupPending");
  await stage.apply([shard("0-inf"), shard("old")]);
  await stage.say("old", { conditions: [ready] });
  const [second] = await waitUntil(
    "its successor",
    old,
    ([only]) => only !== undefined && only.metadata.uid !== first?.metadata.uid,
  );
  assert.equal(second?.metadata.annotations?.[pendingDeletionAnnotation], undefined);
});

scenario("a group that is asked to leave asks its shards, and is ready when they are", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply([shard("0-inf")]);
  await waitUntil("the shard", stage.shards, (seen) => seen.length === 1);
  const annotations = { [pendingDeletionAnnotation]: "2026-01-01T00:00:00Z" };
  await client.patch(TableGroups.resource, { namespace, name: "tg" }, { metadata: { annotations } });
  await waitUntil(
    "the shard to be asked",
    stage.shards,
    ([only]) => only?.metadata.annotations?.[pendingDeletionAnnotation] !== undefined,
  );
  const isReady = async () =>
    (await stage.status())?.conditions?.some(({ type, status }) =>
      type === "ReadyForDeletion" && status === "True"
    ) ?? false;
  assert.equal(await isReady(), false);
  await stage.say("0-inf", { conditions: [ready] });
  await waitUntil("the group to be ready", isReady, (seen) => seen);
  assert.equal((await stage.shards()).length, 1, "deleting the shards is left to the removal of their owner");
});

scenario("a settled group costs no request", async (stage) => {
  await stage.apply([shard("0-inf")]);
  await waitUntil("the shard", stage.shards, (seen) => seen.length === 1);
  await stage.say("0-inf", { phase: "Healthy" });
  await stage.untilReason("ShardsReady");
  await delay(1_000);
  const before = stage.operator.transport.seen.length;
  const annotations = { look: "again" };
  await stage.client.patch(TableGroups.resource, { namespace: stage.namespace, name: "tg" }, {
    metadata: { annotations },
  });
  await delay(1_500);
  assert.deepEqual(stage.operator.transport.seen.slice(before), []);
});
