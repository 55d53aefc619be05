import assert from "node:assert/strict";
import { drainRequestedAtAnnotation, drainStateAnnotation } from "../../api/multigres/annotations.ts";
import { Cells } from "../../api/multigres/cell.ts";
import { clusterLabel, componentLabel, poolLabel } from "../../api/multigres/labels.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { Pods, StatefulSets } from "../../kube/kinds.ts";
import { fleetInMemory, type InMemoryFleet } from "../../tests/support/fleet_in_memory.ts";

const ofCluster = { labels: { [clusterLabel]: "c" } };

function putShard(fleet: InMemoryFleet, status: Record<string, unknown> = {}): void {
  const pools = { main: { cells: ["a", "b"], replicasPerCell: 2 }, extra: { cells: ["a"] } };
  fleet.put(Shards.resource, "s", { spec: { pools }, status }, ofCluster);
}

function putPod(fleet: InMemoryFleet, name: string, more: { state?: string; ready?: boolean } = {}): void {
  const { state, ready = true } = more;
  const marks = {
    [drainStateAnnotation]: state ?? "",
    [drainRequestedAtAnnotation]: fleet.clock.now().toISOString(),
  };
  const owner = {
    apiVersion: "multigres.com/v1alpha1",
    kind: "Shard",
    name: "s",
    uid: "uid-s",
    controller: true,
  };
  fleet.put(
    Pods,
    name,
    { status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] } },
    {
      labels: { [componentLabel]: "shard-pool", [poolLabel]: "main" },
      ownerReferences: [owner],
      annotations: state === undefined ? {} : marks,
    },
  );
}

Deno.test("a cluster is told with its phase, its cells and its shards, and no more once it is gone", async () => {
  const fleet = fleetInMemory();
  fleet.put(MultigresClusters.resource, "new");
  const cells = { a: {}, b: {} };
  const databases = { x: { totalShards: 2, readyShards: 1 }, y: { totalShards: 3, readyShards: 3 } };
  fleet.put(MultigresClusters.resource, "old", { status: { phase: "Degraded", cells, databases } });
  assert.deepEqual(await fleet.scrape("multigres_operator_cluster_"), [
    'multigres_operator_cluster_info{name="new",namespace="shop",phase="Initializing"} 1',
    'multigres_operator_cluster_info{name="old",namespace="shop",phase="Degraded"} 1',
    'multigres_operator_cluster_cells_total{cluster="new",namespace="shop"} 0',
    'multigres_operator_cluster_cells_total{cluster="old",namespace="shop"} 2',
    'multigres_operator_cluster_shards_total{cluster="new",namespace="shop"} 0',
    'multigres_operator_cluster_shards_total{cluster="old",namespace="shop"} 5',
  ]);
  fleet.put(MultigresClusters.resource, "old", { status: { phase: "Healthy" } });
  fleet.remove(MultigresClusters.resource, "new");
  assert.deepEqual(await fleet.scrape("multigres_operator_cluster_info"), [
    'multigres_operator_cluster_info{name="old",namespace="shop",phase="Healthy"} 1',
  ]);
});

Deno.test("a replica that stands by tells nothing of the fleet", async () => {
  const fleet = fleetInMemory();
  fleet.put(MultigresClusters.resource, "c");
  fleet.leading = false;
  assert.deepEqual(await fleet.scrape("multigres_operator_"), []);
  fleet.leading = true;
  assert.notDeepEqual(await fleet.scrape("multigres_operator_"), []);
});

Deno.test("gateways and topology servers are told as wanted and as ready", async () => {
  const fleet = fleetInMemory();
  fleet.put(Cells.resource, "cell", {
    spec: { multigateway: { replicas: 3 } },
    status: { gatewayReadyReplicas: 2, gatewayReplicas: 4 },
  });
  fleet.put(Cells.resource, "of-an-older-schema");
  fleet.put(TopoServers.resource, "topo", { spec: { etcd: { replicas: 5 } } });
  fleet.put(StatefulSets, "topo", { status: { readyReplicas: 4 } });
  assert.deepEqual((await fleet.scrape('multigres_operator_cell_gateway_replicas{cell="cell"')).sort(), [
    'multigres_operator_cell_gateway_replicas{cell="cell",namespace="shop",state="desired"} 3',
    'multigres_operator_cell_gateway_replicas{cell="cell",namespace="shop",state="ready"} 2',
  ]);
  assert.deepEqual(await fleet.scrape("multigres_operator_toposerver_replicas"), [
    'multigres_operator_toposerver_replicas{name="topo",namespace="shop",state="desired"} 5',
    'multigres_operator_toposerver_replicas{name="topo",namespace="shop",state="ready"} 4',
  ]);
});

Deno.test("a pool is told with wanted, ready and differing instances over all its cells", async () => {
  const fleet = fleetInMemory();
  putShard(fleet, { conditions: [{ type: "RollingUpdate", status: "True" }] });
  for (const name of ["p1", "p2", "p3"]) putPod(fleet, name, { ready: name !== "p3" });
  fleet.drifts.note("shop/s", [
    { pool: "main", drift: "user" },
    { pool: "main", drift: "user" },
    { pool: "extra", drift: "operator" },
  ]);
  const labels = (pool: string) => `cluster="c",shard="s",pool="${pool}",cell="",namespace="shop"`;
  assert.deepEqual(await fleet.scrape("multigres_operator_shard_pool_replicas"), [
    `multigres_operator_shard_pool_replicas{${labels("main")},state="desired"} 4`,
    `multigres_operator_shard_pool_replicas{${labels("main")},state="ready"} 2`,
    `multigres_operator_shard_pool_replicas{${labels("extra")},state="desired"} 1`,
    `multigres_operator_shard_pool_replicas{${labels("extra")},state="ready"} 0`,
  ]);
  assert.deepEqual(await fleet.scrape("multigres_operator_pool_pods_drifted"), [
    `multigres_operator_pool_pods_drifted{${labels("main")}} 2`,
    `multigres_operator_pool_pods_drifted{${labels("extra")}} 0`,
  ]);
  assert.deepEqual(await fleet.scrape("multigres_operator_rolling_update_in_progress"), [
    `multigres_operator_rolling_update_in_progress{${labels("main")}} 1`,
    `multigres_operator_rolling_update_in_progress{${labels("extra")}} 0`,
  ]);
});

Deno.test("a backup grows older between scrapes, and a shard without any is as old as itself", async () => {
  const fleet = fleetInMemory();
  const name = "multigres_operator_last_backup_age_seconds";
  const time = fleet.clock.now().toISOString();
  putShard(fleet);
  assert.deepEqual(await fleet.scrape(name), [], "nobody has looked yet");
  const conditions = [{ type: "BackupHealthy", status: "False", reason: "NoBackup" }];
  fleet.put(Shards.resource, "s", { status: { conditions } }, { ...ofCluster, creationTimestamp: time });
  await fleet.clock.advance(90_000);
  assert.deepEqual(await fleet.scrape(name), [`${name}{cluster="c",shard="s",namespace="shop"} 90`]);
  putShard(fleet, { lastBackupTime: fleet.clock.now().toISOString() });
  await fleet.clock.advance(60_000);
  assert.deepEqual(await fleet.scrape(name), [`${name}{cluster="c",shard="s",namespace="shop"} 60`]);
});

const operations = (result: string) =>
  `multigres_operator_drain_operations_total{cluster="c",shard="s",result="${result}"}`;

Deno.test("a drain that ends well counts as a success, and one that is let off as nothing", async () => {
  const fleet = fleetInMemory();
  putShard(fleet);
  assert.deepEqual(await fleet.scrape(operations("")), []);
  assert.deepEqual(await fleet.scrape(operations("success")), [`${operations("success")} 0`]);
  putPod(fleet, "p", { state: "requested" });
  putPod(fleet, "p", { state: "ready-for-deletion" });
  fleet.remove(Pods, "p");
  putPod(fleet, "q", { state: "draining" });
  putPod(fleet, "q");
  fleet.remove(Pods, "q");
  assert.deepEqual(await fleet.scrape(operations("success")), [`${operations("success")} 1`]);
  assert.deepEqual(await fleet.scrape(operations("timeout")), [`${operations("timeout")} 0`]);
});

Deno.test("a drain that takes longer than five minutes is overdue while it goes on, and counts once", async () => {
  const fleet = fleetInMemory();
  const overdue = 'matriarch_drains_overdue{cluster="c",shard="s",namespace="shop"}';
  putShard(fleet);
  putPod(fleet, "p", { state: "requested" });
  await fleet.clock.advance(200_000);
  putPod(fleet, "p", { state: "draining" });
  await fleet.clock.advance(100_000);
  assert.deepEqual(await fleet.scrape(overdue), [`${overdue} 0`]);
  await fleet.clock.advance(1_000);
  for (let scrapes = 0; scrapes < 3; scrapes++) {
    assert.deepEqual(await fleet.scrape(overdue), [`${overdue} 1`]);
    assert.deepEqual(await fleet.scrape(operations("timeout")), [`${operations("timeout")} 1`]);
  }
  putPod(fleet, "p", { state: "ready-for-deletion" });
  assert.deepEqual(await fleet.scrape(overdue), [`${overdue} 0`]);
  fleet.remove(Pods, "p");
  assert.deepEqual(await fleet.scrape(operations("success")), [`${operations("success")} 1`]);
});

Deno.test("a drain that was late counts so even when nobody scraped meanwhile", async () => {
  const fleet = fleetInMemory();
  putShard(fleet);
  putPod(fleet, "p", { state: "requested" });
  await fleet.clock.advance(400_000);
  putPod(fleet, "p", { state: "ready-for-deletion" });
  assert.deepEqual(await fleet.scrape(operations("timeout")), [`${operations("timeout")} 1`]);
});

Deno.test("shards of one name in two namespaces are counted together where no label tells them apart", async () => {
  const fleet = fleetInMemory();
  putShard(fleet);
  fleet.put(Shards.resource, "s", {}, { ...ofCluster, namespace: "other", uid: "uid-other" });
  assert.deepEqual(await fleet.scrape(operations("success")), [`${operations("success")} 0`]);
});

Deno.test("failed passes are counted by object, and passes over PostgresClusters under names of their own", async () => {
  const fleet = fleetInMemory();
  putShard(fleet);
  fleet.put(PostgresClusters.resource, "orders", {
    status: { phase: "Running", replicas: 3, readyReplicas: 2 },
  });
  fleet.metrics.reconciled("shard", "error", 1, "shop/s");
  fleet.metrics.reconciled("shard", "success", 1, "shop/s");
  fleet.metrics.reconciled("shard", "error", 1, "shop/gone");
  fleet.metrics.reconciled("postgrescluster", "error", 1, "shop/orders");
  fleet.metrics.reconciled("postgrescluster", "requeue_after", 0.3, "shop/orders");
  assert.deepEqual(await fleet.scrape("multigres_operator_reconcile_errors_total"), [
    'multigres_operator_reconcile_errors_total{controller="shard",name="s",namespace="shop"} 1',
  ]);
  const labels = 'namespace="shop",name="orders"';
  assert.deepEqual(await fleet.scrape("postgres_operator_reconciliation"), [
    `postgres_operator_reconciliations_total{${labels}} 1`,
    `postgres_operator_reconciliation_errors_total{${labels}} 1`,
  ]);
  const buckets = await fleet.scrape("postgres_operator_reconcile_duration_seconds_bucket");
  assert.equal(buckets.length, 16);
  assert.ok(buckets.includes(`postgres_operator_reconcile_duration_seconds_bucket{le="0.512",${labels}} 1`));
  assert.deepEqual(await fleet.scrape("postgres_operator_cluster_replicas"), [
    `postgres_operator_cluster_replicas_desired{${labels}} 3`,
    `postgres_operator_cluster_replicas_ready{${labels}} 2`,
  ]);
  const phases = await fleet.scrape("postgres_operator_clusters_total");
  assert.equal(phases.length, 10);
  assert.ok(phases.includes('postgres_operator_clusters_total{phase="Running"} 1'));
});

Deno.test("nothing is remembered of objects that are gone", async () => {
  const fleet = fleetInMemory();
  const before = (await fleet.metrics.render()).split("\n").length;
  for (let round = 0; round < 20; round++) {
    putShard(fleet);
    fleet.put(PostgresClusters.resource, "orders");
    putPod(fleet, "p", { state: "requested" });
    await fleet.clock.advance(301_000);
    await fleet.metrics.render();
    putPod(fleet, "p", { state: "ready-for-deletion" });
    fleet.drifts.note("shop/s", [{ pool: "main", drift: "user" }]);
    fleet.metrics.reconciled("shard", "error", 1, "shop/s");
    fleet.metrics.reconciled("postgrescluster", "success", 1, "shop/orders");
    assert.ok(fleet.memory.size > 0);
    fleet.remove(Pods, "p");
    fleet.remove(Shards.resource, "s");
    fleet.remove(PostgresClusters.resource, "orders");
    fleet.metrics.reconciled("shard", "error", 1, "shop/s");
    fleet.metrics.reconciled("postgrescluster", "success", 1, "shop/orders");
  }
  assert.equal(fleet.memory.size, 0);
  const after = (await fleet.metrics.render()).split("\n").filter((line) => !line.includes('controller="'));
  assert.deepEqual(after.filter((line) => line.includes("orders") || line.includes('"s"')), []);
  assert.ok(after.length <= before + 5);
});
