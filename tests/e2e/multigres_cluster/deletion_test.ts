import assert from "node:assert/strict";
import { clusterCleanupFinalizer } from "../../../api/multigres/annotations.ts";
import { clusterLabel } from "../../../api/multigres/labels.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { multiadminName } from "../../../api/multigres/names.ts";
import { isStored } from "../../../kube/stored.ts";
import { Deployments, PersistentVolumeClaims, Pods } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { freePort } from "../../ground/ports.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { borrow, type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { cluster, conditionOf, drop, eventsOf, keysBelow, kinds, start, untilGone } from "./support.ts";

const managed = { etcd: { replicas: 1, storage: { size: "1Gi" } } };

/** Everything that bears the cluster's label, or is named after it, kind by kind. */
async function left({ client, namespace }: ClusterStage, name: string): Promise<string[]> {
  const found: string[] = [];
  const all: readonly Resource[] = [...kinds, Pods, PersistentVolumeClaims, MultigresClusters.resource];
  for (const resource of all) {
    for (const { metadata } of await client.listAll(resource, { namespace })) {
      const isOf = metadata.labels?.[clusterLabel] === name || metadata.name === name ||
        metadata.name.startsWith(`${name}-`);
      if (isOf) found.push(`${resource.kind} ${metadata.name}`);
    }
  }
  return found;
}

async function leaveKey(stage: ClusterStage, key: string): Promise<void> {
  using pool = new StorePool();
  using store = borrow(pool, { endpoints: [stage.endpoint] });
  await store.write({ kind: "create", key, value: new Uint8Array() });
}

const untilNothingIsLeft = (stage: ClusterStage, name: string) =>
  waitUntil(`nothing of ${name}`, () => left(stage, name), (seen) => seen.length === 0);

for (const propagation of ["Background", "Foreground"] as const) {
  for (const whenDeleted of ["Delete", "Retain"]) {
    clusterTest(
      `a deletion in the ${propagation.toLowerCase()} with policy ${whenDeleted} leaves nothing of topology, components and records`,
      async (stage) => {
        const pvcDeletionPolicy = { whenDeleted, whenScaled: "Delete" };
        const cells = [{
          name: "zone-a",
          zoneId: "use1-aza",
          spec: { localTopoServer: { etcd: { replicas: 1, storage: { size: "1Gi" } } } },
        }];
        await stage.apply(cluster("own", { globalTopoServer: managed, pvcDeletionPolicy, cells }));
        await stage.apply(cluster("elsewhere", { pvcDeletionPolicy }));
        await using _operator = start(stage);
        for (const name of ["own", "elsewhere"]) await stage.untilPhase(name, "Healthy");
        const claims = (await left(stage, "own")).filter((each) => each.startsWith("PersistentVolumeClaim"));
        assert.equal(claims.length, 2, "one of the global etcd and one of the cell's");
        const root = `${stage.root}/elsewhere`;
        await leaveKey(stage, `${root}/databases/postgres/default/0-inf/ShardInitClaim`);
        await leaveKey(stage, `${root}/poolers/multipooler-zone-a-p-12345678/Pooler`);
        for (const name of ["own", "elsewhere"]) await drop(stage, name, propagation);
        for (const name of ["own", "elsewhere"]) {
          await untilGone(stage, name);
          const open = (await left(stage, name)).filter((each) => !each.startsWith("PersistentVolumeClaim "));
          assert.deepEqual(open, [], "what the cluster owned is gone when it is");
          await untilNothingIsLeft(stage, name);
        }
        assert.deepEqual(await keysBelow(stage.endpoint, root), []);
      },
    );
  }
}

clusterTest("a cluster that was deleted can be made again at once under its name", async (stage) => {
  await stage.apply(cluster("c", { globalTopoServer: managed }));
  await using _operator = start(stage);
  for (let turn = 0; turn < 3; turn++) {
    const { metadata } = await stage.untilPhase("c", "Healthy");
    await drop(stage, "c");
    await waitUntil(
      "the next one",
      async () => {
        const found = await stage.client.find(MultigresClusters.resource, metadata);
        if (found === undefined) await stage.apply(cluster("c", { globalTopoServer: managed }));
        return found?.metadata.uid;
      },
      (uid) => uid !== undefined && uid !== metadata.uid,
    );
  }
  await stage.untilPhase("c", "Healthy");
});

clusterTest("without pruning the records stay where they are", async (stage) => {
  await stage.apply(cluster("c", { topologyPruning: { enabled: false } }));
  await using _operator = start(stage);
  await stage.untilPhase("c", "Healthy");
  await drop(stage, "c");
  await untilGone(stage, "c");
  assert.equal((await keysBelow(stage.endpoint, `${stage.root}/c`)).length, 2);
});

clusterTest(
  "with orphaning the parts stay, and a cluster of the same name takes them back",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply(cluster("c", { globalTopoServer: managed }));
    await using _operator = start(stage);
    await stage.untilPhase("c", "Healthy");
    const names = async () => (await left(stage, "c")).filter((each) => each !== "MultigresCluster c");
    const before = await names();
    const uids = async () =>
      (await client.listAll(Deployments, { namespace })).map(({ metadata }) => metadata.uid).sort().join();
    const same = await uids();
    await drop(stage, "c", "Orphan");
    await untilGone(stage, "c");
    assert.deepEqual(await names(), before);
    await delay(1_000);
    assert.deepEqual(await names(), before);
    await stage.apply(cluster("c", { globalTopoServer: managed }));
    const { metadata } = await stage.untilPhase("c", "Healthy");
    assert.equal(await uids(), same);
    const adopted = await client.get(Deployments, { namespace, name: multiadminName("c") });
    assert.equal(adopted.metadata.ownerReferences?.[0]?.uid, metadata.uid);
  },
);

clusterTest(
  "the parts stay, too, when the garbage collector has orphaned them before we look",
  async (stage) => {
    await stage.apply(cluster("c", { globalTopoServer: managed }));
    {
      await using _operator = start(stage);
      await stage.untilPhase("c", "Healthy");
    }
    const names = async () => (await left(stage, "c")).filter((each) => each !== "MultigresCluster c");
    const before = await names();
    await drop(stage, "c", "Orphan");
    await waitUntil(
      "the garbage collector to be done",
      () => stage.cluster("c"),
      (seen) => !seen?.metadata.finalizers?.includes("orphan"),
    );
    await using _operator = start(stage);
    await untilGone(stage, "c");
    await delay(1_000);
    assert.deepEqual(await names(), before);
  },
);

clusterTest(
  "while its etcd is out of reach, a deletion ends within its bound and tells what stays behind",
  async (stage) => {
    const dead = { external: { endpoints: [`http://127.0.0.1:${freePort()}`], rootPath: "ROOT" } };
    await stage.apply(cluster("c", { globalTopoServer: dead }));
    await using _operator = start(stage);
    await waitUntil(
      "a first attempt",
      () => stage.cluster("c"),
      (seen) => conditionOf(seen, "TopologyRegistered") === "False/TopologyWaiting",
    );
    const asked = performance.now();
    await drop(stage, "c");
    await untilGone(stage, "c", 60_000);
    const seconds = (performance.now() - asked) / 1000;
    console.log(`gone ${seconds.toFixed(1)} s after the deletion`);
    assert.ok(seconds < 45, `${seconds} s`);
    const told = await waitUntil(
      "the warning",
      () => eventsOf(stage, "MultigresCluster", "c"),
      (events) => events.some(({ reason }) => reason === "TopoCleanupFailed"),
    );
    const warning = told.filter(({ reason }) => reason === "TopoCleanupFailed");
    assert.deepEqual(warning.map(({ count, type }) => `${type} ${count}`), ["Warning 1"]);
    assert.match(warning[0]?.message ?? "", /Records of the cluster stay in the topology/);
    await untilNothingIsLeft(stage, "c");
  },
);

clusterTest("a namespace that goes takes its clusters with it, their records too", async (stage) => {
  await stage.apply(cluster("own", { globalTopoServer: managed }));
  await stage.apply(cluster("elsewhere"));
  await using _operator = start(stage);
  for (const name of ["own", "elsewhere"]) await stage.untilPhase(name, "Healthy");
  await stage.ground.request("DELETE", `/api/v1/namespaces/${stage.namespace}`);
  await waitUntil(
    "the namespace to be gone",
    () => stage.ground.get(`/api/v1/namespaces/${stage.namespace}`),
    (seen) => seen === undefined,
    { timeoutMs: 60_000 },
  );
  assert.deepEqual(await keysBelow(stage.endpoint, `${stage.root}/elsewhere`), []);
});

clusterTest(
  "a finalizer that a hand took off comes back; without an operator a cluster waits for one",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply(cluster("c"));
    {
      await using _operator = start(stage);
      await stage.untilPhase("c", "Healthy");
      await client.patch(MultigresClusters.resource, { namespace, name: "c" }, {
        metadata: { finalizers: null },
      });
      await waitUntil(
        "the finalizer",
        () => stage.cluster("c"),
        ({ metadata }) => metadata.finalizers?.includes(clusterCleanupFinalizer) === true,
      );
    }
    await drop(stage, "c");
    await delay(500);
    const waiting = await stage.cluster("c");
    assert.ok(isStored(waiting) && waiting.metadata.deletionTimestamp !== undefined);
    await using _second = start(stage);
    await untilGone(stage, "c");
    await untilNothingIsLeft(stage, "c");
  },
);

/** Tells of the end of Shards later than of all else. */
function delayShardsEnd(transport: FaultyTransport, ms: number): void {
  const open = transport.stream.bind(transport);
  transport.stream = async (request) => {
    const stream = await open(request);
    if (!/\/shards\?/.test(request.path)) return stream;
    const read = async () => {
      const chunk = await stream.read();
      if (chunk !== undefined && new TextDecoder().decode(chunk).includes('"DELETED"')) await delay(ms);
      return chunk;
    };
    return { status: stream.status, read, cancel: () => stream.cancel() };
  };
}

clusterTest(
  "a Shard whose end is told last does not hold up the deletion until the next look",
  async (stage) => {
    await stage.apply(cluster("c"));
    await using _operator = start(stage, { prepare: (transport) => delayShardsEnd(transport, 3_000) });
    await stage.untilPhase("c", "Healthy");
    await drop(stage, "c");
    // Of new kinds the garbage collector hears within half a minute; the next look is due after a whole one.
    await untilGone(stage, "c", 50_000);
  },
);
