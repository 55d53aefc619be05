/** Clusters on an API server that goes away and comes back, and clusters that were stored before their schema changed. */
import assert from "node:assert/strict";
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { customResourceDefinition } from "../../api/schema/crd.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Definitions } from "../../kube/definition.ts";
import { Deployments, Events } from "../../kube/kinds.ts";
import type { Stores } from "../../controllers/services.ts";
import type { TopologyStore } from "../../topology/store.ts";
import { StorePool } from "../../topology/etcd/store_pool.ts";
import { openEtcd } from "../../topology/etcd/open.ts";
import type { ControlPlane } from "../ground/control_plane.ts";
import { ownedTest, privateControlPlane } from "../ground/ground.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";
import { downToShards } from "../support/cluster_stage.ts";
import { clusterSpec } from "../support/multigres_specs.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../support/operator.ts";
import { untilQuiet } from "../support/quiet.ts";

const namespace = "default";

function specIn(plane: ControlPlane, name: string, more: Readonly<Record<string, unknown>> = {}) {
  return clusterSpec({
    globalTopoServer: { external: { endpoints: [plane.etcd], rootPath: `/topology/${name}` } },
    cells: [{ name: "zone-a", zoneId: "use1-aza" }],
    ...more,
  });
}

async function apply(client: KubeClient, name: string, spec: MultigresCluster["spec"]): Promise<void> {
  await client.apply(MultigresClusters.resource, { metadata: { name, namespace }, spec });
}

function operatorOf(plane: ControlPlane, pool: StorePool): RunningOperator {
  const stores: Stores = { borrow: (connection) => pool.borrow(connection) };
  return startOperator(plane.connection, { setUp: downToShards({ stores }) });
}

const untilHealthy = (client: KubeClient, name: string) =>
  waitUntil(
    `${name} to be Healthy`,
    () => client.get(MultigresClusters.resource, { name, namespace }),
    ({ status, metadata }) =>
      status?.phase === "Healthy" && status.observedGeneration === metadata.generation,
    { timeoutMs: 60_000 },
  );

async function keysOf(store: TopologyStore, name: string): Promise<string[]> {
  return (await store.list(`/topology/${name}/`)).entries.map(({ key }) => key);
}

ownedTest("clusters go on where they were when the API server stops, freezes and comes back", async () => {
  await using plane = await privateControlPlane("all");
  using client = steadyClient(plane.connection);
  await installKinds(client);
  using pool = new StorePool();
  await using operator = operatorOf(plane, pool);
  const names = ["a", "b", "c", "d"];
  await apply(client, "a", specIn(plane, "a"));
  await untilHealthy(client, "a");
  for (const name of ["b", "c"]) await apply(client, name, specIn(plane, name));
  await plane.stopApiServer();
  await delay(2_000);
  await plane.startApiServer();
  await waitFor("the next cluster", () => apply(client, "d", specIn(plane, "d")).then(() => true));
  for (const name of names) await untilHealthy(client, name);

  const more = { multiadmin: { spec: { replicas: 2 } } };
  for (const name of names) await apply(client, name, specIn(plane, name, more));
  await plane.pauseApiServer();
  await delay(3_000);
  plane.resumeApiServer();
  for (const name of names) {
    await untilHealthy(client, name);
    const { spec } = await client.get(Deployments, { name: `${name}-multiadmin`, namespace });
    assert.equal(spec?.replicas, 2);
  }
  await untilQuiet(operator);
});

/** The definition as it was before it learnt what a cluster is: anything goes. */
function looseDefinition() {
  const { metadata, spec } = customResourceDefinition(MultigresClusters);
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: anything, status: anything } } };
  return {
    metadata: { name: metadata.name },
    spec: { ...spec, versions: spec.versions.map((each) => ({ ...each, schema })) },
  };
}

ownedTest(
  "a cluster that does not fit its schema any more says so, is left as it is, and can go with its records",
  async () => {
    await using plane = await privateControlPlane("all");
    using client = steadyClient(plane.connection);
    await installKinds(client);
    using pool = new StorePool();
    await using operator = operatorOf(plane, pool);
    for (const name of ["legible", "illegible", "good"]) await apply(client, name, specIn(plane, name));
    for (const name of ["legible", "illegible", "good"]) await untilHealthy(client, name);

    await client.apply(Definitions, looseDefinition());
    const spoil = (name: string, spec: unknown) =>
      waitFor(
        "the spoilt object to be taken",
        () => client.patch(MultigresClusters.resource, { name, namespace }, { spec }).then(() => true),
      );
    await spoil("legible", { multiadmin: { spec: { replicas: "many" } }, cells: "none" });
    await spoil("illegible", { globalTopoServer: { external: "nowhere" } });
    for (const name of ["legible", "illegible"]) {
      await waitUntil(
        `${name} to be told`,
        () => client.listAll(Events, { namespace }),
        (events) =>
          events.some(({ reason, involvedObject }) =>
            reason === "InvalidSpec" && involvedObject.name === name
          ),
      );
      assert.ok(
        await client.find(Deployments, { name: `${name}-multiadmin`, namespace }),
        "nothing was taken away",
      );
    }
    await apply(client, "good", specIn(plane, "good", { multiadmin: { spec: { replicas: 2 } } }));
    await untilHealthy(client, "good");
    await untilQuiet(operator);

    const store = openEtcd({ endpoints: [plane.etcd] });
    for (const name of ["legible", "illegible"]) {
      const { metadata } = await client.get(MultigresClusters.resource, { name, namespace });
      const precondition = { uid: metadata.uid ?? "", resourceVersion: metadata.resourceVersion ?? "" };
      await client.delete(MultigresClusters.resource, { name, namespace }, { precondition });
      await waitUntil(
        `${name} to be gone`,
        () => client.find(MultigresClusters.resource, { name, namespace }),
        (seen) => seen === undefined,
        { timeoutMs: 60_000 },
      );
    }
    assert.deepEqual(await keysOf(store, "legible"), []);
    assert.equal((await keysOf(store, "illegible")).length, 2, "nobody can tell where its records are");
    const told = await waitUntil(
      "the warning",
      () => client.listAll(Events, { namespace }),
      (events) => events.some(({ reason }) => reason === "TopoCleanupFailed"),
    );
    const warnings = told.filter(({ reason }) => reason === "TopoCleanupFailed");
    assert.deepEqual(warnings.map(({ involvedObject, count }) => `${involvedObject.name} ${count}`), [
      "illegible 1",
    ]);
    store.close();
  },
);
