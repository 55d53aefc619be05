import assert from "node:assert/strict";
import { clusterSpec, firstCell, resolvedCluster, withShard } from "../tests/support/multigres_specs.ts";
import {
  cellSpec,
  globalTopoServerReference,
  localTopoServerSpec,
  shardSpec,
  tableGroupSpec,
} from "./child_specs.ts";
import { availableImages, type ImageSet } from "./image_set.ts";

const images: ImageSet = {
  multiadmin: "admin:1",
  multiadminWeb: "web:1",
  multigateway: "gateway:1",
  multiorch: "orch:1",
  multipooler: "pooler:1",
  postgres: "pg:1",
};

function parent(spec: ReturnType<typeof clusterSpec>) {
  return { name: "c", namespace: "shop", cluster: resolvedCluster(spec), images };
}

function groupSpec(spec: ReturnType<typeof clusterSpec>) {
  const of = parent(spec);
  const [database] = of.cluster.databases;
  const group = database?.tableGroups[0];
  assert.ok(database && group);
  return tableGroupSpec(of, database, group);
}

function firstShardSpec(spec: ReturnType<typeof clusterSpec>) {
  const group = groupSpec(spec);
  assert.ok(group.shards[0]);
  return shardSpec(group, group.shards[0]);
}

Deno.test("components reach a managed server by its Service, with the server's prefix", () => {
  const { cluster } = parent(clusterSpec({ globalTopoServer: { etcd: { rootPath: "/x" } } }));
  assert.deepEqual(globalTopoServerReference({ name: "c", namespace: "shop" }, cluster.globalTopoServer), {
    address: "c-global-topo.shop.svc:2379",
    implementation: "etcd",
    rootPath: "/x",
  });
});

Deno.test("components reach an external server by its first endpoint", () => {
  const external = { endpoints: ["http://b:2379", "http://a:2379"], rootPath: "/x", implementation: "i" };
  const { cluster } = parent(clusterSpec({ globalTopoServer: { external } }));
  assert.deepEqual(globalTopoServerReference({ name: "c", namespace: "shop" }, cluster.globalTopoServer), {
    address: "http://b:2379",
    implementation: "i",
    rootPath: "/x",
  });
});

Deno.test("components are told with which Secrets they and an external server prove themselves", () => {
  const reference = (secrets: object) => {
    const external = { endpoints: ["https://a:2379"], rootPath: "/x", ...secrets };
    const { cluster } = parent(clusterSpec({ globalTopoServer: { external } }));
    return globalTopoServerReference({ name: "c", namespace: "shop" }, cluster.globalTopoServer);
  };
  const plain = { address: "https://a:2379", implementation: "etcd", rootPath: "/x" };
  const secrets = { caSecret: "authority", clientCertSecret: "client" };
  assert.deepEqual(reference(secrets), { ...plain, ...secrets });
  assert.deepEqual(reference({ caSecret: "authority", clientCertSecret: "" }), {
    ...plain,
    caSecret: "authority",
  });
});

Deno.test("each way to locate a cell arrives at the Cell, and as a node label at the pools", () => {
  const spec = clusterSpec({
    cells: [{ name: "r", region: "eu" }, { name: "z", zone: "eu-1a" }, { name: "i", zoneId: "euw1-az1" }],
  });
  const of = parent(spec);
  assert.deepEqual(
    of.cluster.cells.map((cell) => cellSpec(of, cell)).map((
      { name, zone, zoneId, region },
    ) => [name, zone, zoneId, region]),
    [["r", undefined, undefined, "eu"], ["z", "eu-1a", undefined, undefined], [
      "i",
      undefined,
      "euw1-az1",
      undefined,
    ]],
  );
  assert.deepEqual(groupSpec(spec).cellTopologyLabels, {
    r: { "topology.kubernetes.io/region": "eu" },
    z: { "topology.kubernetes.io/zone": "eu-1a" },
    i: { "topology.k8s.aws/zone-id": "euw1-az1" },
  });
});

Deno.test("a Cell knows all cells by name, in an order of its own", () => {
  const cells = ["c", "a", "b"].map((name) => ({ name, region: name }));
  const of = parent(clusterSpec({ cells }));
  assert.deepEqual(cellSpec(of, firstCell(of.cluster)).allCells, ["a", "b", "c"]);
});

Deno.test("a Cell prunes poolers unless pruning is turned off", () => {
  const prunes = (topologyPruning: unknown) => {
    const of = parent(clusterSpec({ cells: [{ name: "a", region: "r" }], topologyPruning }));
    return cellSpec(of, firstCell(of.cluster)).topologyReconciliation;
  };
  assert.deepEqual(prunes({}), { prunePoolers: true, registerCell: true });
  assert.deepEqual(prunes({ enabled: true }), { prunePoolers: true, registerCell: true });
  assert.deepEqual(prunes({ enabled: false }), { prunePoolers: false, registerCell: true });
});

Deno.test("settings of the cluster arrive at Cells, TableGroups and Shards", () => {
  const shared = {
    internalTLS: { enabled: true },
    observability: { otlpEndpoint: "http://collector" },
    logLevels: {
      multiadmin: "info",
      multigateway: "warn",
      multiorch: "info",
      multipooler: "info",
      pgctld: "info",
    },
  };
  const pull = { imagePullPolicy: "Always", imagePullSecrets: [{ name: "registry" }] };
  const spec = withShard({}, {
    ...shared,
    images: { ...pull, postgres: "mine" },
    certCommonName: "db.example.com",
    postgresSuperuser: "admin",
    durabilityPolicy: "MULTI_CELL_AT_LEAST_2",
    topologyPruning: { enabled: false },
  });
  const of = parent(spec);
  const cell = cellSpec(of, firstCell(of.cluster));
  const shard = firstShardSpec(spec);
  for (const child of [cell, groupSpec(spec), shard]) {
    const { internalTLS, observability, logLevels } = child;
    assert.deepEqual({ internalTLS, observability, logLevels }, shared);
  }
  assert.deepEqual(cell.images, { ...pull, multigateway: "gateway:1" });
  assert.equal(cell.certCommonName, "db.example.com");
  // The images are those of the decision, in which the user's choice is already contained.
  assert.deepEqual(shard.images, { ...pull, multiorch: "orch:1", multipooler: "pooler:1", postgres: "pg:1" });
  assert.equal(shard.postgresSuperuser, "admin");
  assert.equal(shard.durabilityPolicy, "MULTI_CELL_AT_LEAST_2");
  assert.deepEqual(shard.topologyPruning, { enabled: false });
  assert.deepEqual(shard.postgresPasswordSecretRef, { name: "pw", key: "password" });
});

Deno.test("a Shard counts the instances of all pools in all cells", () => {
  const pools = { x: { replicasPerCell: 3, cells: ["a"] }, y: { replicasPerCell: 2 } };
  const cells = ["a", "b", "c"].map((name) => ({ name, region: name }));
  assert.equal(firstShardSpec(withShard({ spec: { pools } }, { cells })).replicas, 3 + 2 * 3);
});

Deno.test("the fate of a shard's volumes is the shard's word, else the table group's, else the cluster's", () => {
  const fate = (whenDeleted: string) => ({ whenDeleted, whenScaled: "Retain" });
  const policy = (shard: unknown, group: unknown, cluster: unknown) => {
    const shards = [{
      name: "0-inf",
      ...(shard === undefined ? {} : { spec: { pvcDeletionPolicy: shard } }),
    }];
    const own = group === undefined ? {} : { pvcDeletionPolicy: group };
    const tablegroups = [{ name: "default", default: true, ...own, shards }];
    return firstShardSpec(clusterSpec({
      pvcDeletionPolicy: cluster,
      cells: [{ name: "a", region: "r" }],
      databases: [{ name: "postgres", default: true, tablegroups }],
    })).pvcDeletionPolicy;
  };
  assert.deepEqual(policy(undefined, undefined, fate("Retain")), fate("Retain"));
  assert.deepEqual(policy(undefined, fate("Delete"), fate("Retain")), fate("Delete"));
  assert.deepEqual(policy(fate("Retain"), fate("Delete"), fate("Delete")), fate("Retain"));
});

Deno.test("a cell's own etcd becomes a TopoServer, whose volumes follow etcd's own policy", () => {
  const of = (local: unknown) => {
    const made = parent(
      clusterSpec({ cells: [{ name: "a", region: "r", spec: { localTopoServer: local } }] }),
    );
    return localTopoServerSpec(cellSpec(made, firstCell(made.cluster)));
  };
  const policy = { whenDeleted: "Retain", whenScaled: "Retain" };
  const spec = of({ etcd: { replicas: 1, image: "etcd:1", pvcDeletionPolicy: policy } });
  assert.deepEqual(spec?.pvcDeletionPolicy, policy);
  assert.deepEqual([spec?.etcd?.replicas, spec?.etcd?.image, spec?.etcd?.rootPath], [
    1,
    "etcd:1",
    "/multigres/a",
  ]);
  assert.ok(spec?.etcd && !("pvcDeletionPolicy" in spec.etcd));
  assert.ok(!("pvcDeletionPolicy" in (of({ etcd: {} }) ?? {})));
  assert.equal(of({ external: { endpoints: ["http://e"] } }), undefined);
});

Deno.test("a cell without a topology server of its own makes no TopoServer", () => {
  const of = parent(clusterSpec({ cells: [{ name: "a", region: "r" }] }));
  assert.equal(localTopoServerSpec(cellSpec(of, firstCell(of.cluster))), undefined);
  assert.ok(!("topoServer" in cellSpec({ ...of, images: availableImages() }, firstCell(of.cluster))));
});
