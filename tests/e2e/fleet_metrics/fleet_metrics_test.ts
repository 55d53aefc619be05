import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { type Event, Events } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { untilQuiet } from "../../support/quiet.ts";
import { planeOf, untilHealthy, watchedOperator } from "./support.ts";

const manifest = (more = "") => `
apiVersion: v1
kind: Secret
metadata: { name: pw }
stringData: { password: secret }
---
apiVersion: multigres.com/v1alpha1
kind: MultigresCluster
metadata: { name: c }
spec:
  postgresPasswordSecretRef: { name: pw, key: password }
  pvcDeletionPolicy: { whenDeleted: Delete, whenScaled: Delete }
  globalTopoServer: { external: { endpoints: [TOPO], rootPath: ROOT } }
  cells: [{ name: zone-a, zoneId: use1-aza }]
${more}
`;

const patroni = `
apiVersion: postgres-operator.smoketurner.com/v1alpha1
kind: PostgresCluster
metadata: { name: orders }
spec: { version: "16", replicas: 3, storage: { size: 1Gi }, tls: { enabled: false } }
`;

/** On a machine with other work. */
const patience = { timeoutMs: 120_000 };

async function remove({ client, namespace }: ClusterStage, resource: Resource, name: string): Promise<void> {
  const key = { namespace, name };
  await deleteNow(client, resource, key);
  await waitUntil(
    `${name} to be gone`,
    () => client.find(resource, key),
    (seen) => seen === undefined,
    patience,
  );
}

clusterTest(
  "what the fleet is made of can be scraped, follows what happens, and goes with it",
  async (stage) => {
    await stage.apply(manifest());
    await using _plane = planeOf(stage);
    await using watched = watchedOperator(stage);
    const { read, untilSample } = watched;
    await untilHealthy(stage);
    const namespace = `namespace="${stage.namespace}"`;
    // Pods are Ready a moment before their poolers have registered, so the phase may change once more.
    const info = "multigres_operator_cluster_info";
    await untilSample(info, /phase="Healthy"/, (value) => value === 1);
    assert.deepEqual([...await read(info)], [[`name="c",${namespace},phase="Healthy"`, 1]]);
    assert.equal(await untilSample("multigres_operator_cluster_cells_total", /cluster="c"/, () => true), 1);
    assert.equal(await untilSample("multigres_operator_cluster_shards_total", /cluster="c"/, () => true), 1);
    const [shard] = await stage.client.listAll(Shards.resource, { namespace: stage.namespace });
    const wanted = shard?.spec.replicas;
    assert.ok(wanted !== undefined && wanted >= 2);
    for (const state of ["desired", "ready"]) {
      const labels = new RegExp(`state="${state}"`);
      await untilSample("multigres_operator_cell_gateway_replicas", labels, (value) => value >= 1);
      await untilSample("multigres_operator_shard_pool_replicas", labels, (value) => value === wanted);
    }
    await untilSample("multigres_operator_last_backup_age_seconds", /cluster="c"/, (value) => value < 600);
    const drained = (result: string) =>
      untilSample("multigres_operator_drain_operations_total", new RegExp(`result="${result}"`), () => true);
    assert.deepEqual([await drained("success"), await drained("timeout")], [0, 0]);

    await stage.apply(manifest("  images: { postgres: example.com/postgres:next }"));
    const rolling = "multigres_operator_rolling_update_in_progress";
    await untilSample(rolling, /pool=/, (value) => value === 1);
    await untilSample("multigres_operator_pool_pods_drifted", /pool=/, (value) => value > 0);
    await untilSample(rolling, /pool=/, (value) => value === 0);
    await untilSample(
      "multigres_operator_drain_operations_total",
      /result="success"/,
      (value) => value === wanted,
    );
    assert.equal(await drained("timeout"), 0);

    await remove(stage, MultigresClusters.resource, "c");
    const mentions = async () =>
      (await watched.page()).split("\n").filter((line) => line.includes(stage.namespace));
    await waitUntil("nothing to be told of what is gone", mentions, (lines) => lines.length === 0, patience);
    assert.equal(watched.memory.size, 0);
  },
);

clusterTest("passes over a PostgresCluster are counted for as long as it is there", async (stage) => {
  await using watched = watchedOperator(stage);
  await stage.apply(patroni);
  const labels = /name="orders"/;
  await watched.untilSample("postgres_operator_cluster_replicas_ready", labels, (value) => value === 3);
  assert.equal(
    await watched.untilSample("postgres_operator_cluster_replicas_desired", labels, () => true),
    3,
  );
  await watched.untilSample("postgres_operator_reconciliations_total", labels, (value) => value > 1);
  await watched.untilSample(
    "postgres_operator_reconcile_duration_seconds_count",
    labels,
    (value) => value > 1,
  );
  await watched.untilSample("postgres_operator_clusters_total", /phase="Running"/, (value) => value === 1);
  await remove(stage, PostgresClusters.resource, "orders");
  await waitUntil("nothing to be told of it", watched.page, (page) => !page.includes("orders"), patience);
});

clusterTest("passes that fail are counted for their object, under the name of its kind", async (stage) => {
  let broken = true;
  await using watched = watchedOperator(stage, {
    prepare: (transport) => {
      transport.onRequest = ({ method, path }) =>
        broken && method === "PATCH" && path.includes("/cells/")
          ? { kind: "answer", status: 500, body: "{}" }
          : undefined;
    },
  });
  await stage.apply(manifest());
  const labels = /controller="multigrescluster",name="c"/;
  await watched.untilSample("multigres_operator_reconcile_errors_total", labels, (value) => value >= 1);
  broken = false;
  await waitUntil(
    "the cell to be made",
    () => stage.client.listAll(Cells.resource, { namespace: stage.namespace }),
    (cells) => cells.length === 1,
    patience,
  );
});

/** How often each event was told. */
async function told({ client, namespace }: ClusterStage): Promise<string[]> {
  const events = await client.listAll(Events, { namespace });
  const ours = ({ source }: Event) => source?.component?.endsWith("-controller") === true;
  return events.filter(ours).filter(({ involvedObject }) =>
    involvedObject.apiVersion?.startsWith("multigres.com")
  )
    .map(({ involvedObject, reason, count }) => `${involvedObject.kind} ${reason} ${count}`).sort();
}

clusterTest("what is looked at again without having changed tells no event", async (stage) => {
  await stage.apply(manifest());
  await using _plane = planeOf(stage);
  await using watched = watchedOperator(stage);
  await untilHealthy(stage);
  await untilQuiet(watched.operator, 2_000, 90_000);
  const before = await told(stage);
  assert.ok(before.length > 0);
  const passes = async () => {
    const counts = await watched.read("controller_runtime_reconcile_total");
    return [...counts].filter(([labels]) => labels.includes('"multigrescluster"'))
      .reduce((sum, [, count]) => sum + count, 0);
  };
  const passed = await passes();
  for (const round of ["1", "2", "3"]) {
    const key = { namespace: stage.namespace, name: "c" };
    await stage.client.patch(MultigresClusters.resource, key, { metadata: { annotations: { look: round } } });
    await untilQuiet(watched.operator, 1_000, 90_000);
  }
  assert.ok(await passes() >= passed + 3, "it was looked at again");
  assert.deepEqual(await told(stage), before);
});
