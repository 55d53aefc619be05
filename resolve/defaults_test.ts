import assert from "node:assert/strict";
import { images } from "../api/multigres/images.ts";
import {
  clusterSpec,
  firstCell,
  firstShard,
  poolOf,
  resolvedCluster,
  withShard,
} from "../tests/support/multigres_specs.ts";
import type { ResolvedCluster } from "./cluster.ts";

const cells = [{ name: "a", zoneId: "use1-az1" }];
const localEtcd = { localTopoServer: { etcd: {} } };
const plain = resolvedCluster(clusterSpec({ cells: [{ ...cells[0], spec: localEtcd }] }));

function globalSpec(cluster: ResolvedCluster) {
  assert.ok(cluster.globalTopoServer.kind === "managed");
  return cluster.globalTopoServer.spec;
}

function twoCells(fields: Record<string, unknown> = {}): ResolvedCluster {
  return resolvedCluster(clusterSpec({ cells: [...cells, { name: "b", region: "r" }], ...fields }));
}

const guaranteed = (cpu: string, memory: string, limit: string) => ({
  requests: { cpu, memory },
  limits: { memory: limit },
});

/** What holds when nobody says anything: where it is found, and what is to stand there. */
const table: readonly [name: string, found: unknown, wanted: unknown][] = [
  ["members of the global etcd", globalSpec(plain).etcd?.replicas, 3],
  ["volume of the global etcd", globalSpec(plain).etcd?.storage, { size: "1Gi" }],
  ["keys of the global etcd", globalSpec(plain).etcd?.rootPath, "/multigres/global"],
  ["image of the global etcd", globalSpec(plain).etcd?.image, images.etcd],
  ["resources of the global etcd", globalSpec(plain).etcd?.resources, guaranteed("100m", "256Mi", "512Mi")],
  ["members of a cell's etcd", firstCell(plain).topoServer?.etcd?.replicas, 3],
  ["volume of a cell's etcd", firstCell(plain).topoServer?.etcd?.storage, { size: "1Gi" }],
  ["keys of a cell's etcd", firstCell(plain).topoServer?.etcd?.rootPath, "/multigres/a"],
  ["image of a cell's etcd", firstCell(plain).topoServer?.etcd?.image, images.etcd],
  [
    "resources of a cell's etcd",
    firstCell(plain).topoServer?.etcd?.resources,
    guaranteed("100m", "256Mi", "512Mi"),
  ],
  ["pods of multiadmin", plain.multiadmin.spec.replicas, 1],
  ["resources of multiadmin", plain.multiadmin.spec.resources, guaranteed("100m", "128Mi", "256Mi")],
  ["pods of multiadmin-web", plain.multiadminWeb.spec.replicas, 1],
  ["resources of multiadmin-web", plain.multiadminWeb.spec.resources, guaranteed("50m", "64Mi", "128Mi")],
  ["pods of a gateway", firstCell(plain).multigateway.replicas, 1],
  ["resources of a gateway", firstCell(plain).multigateway.resources, guaranteed("100m", "128Mi", "256Mi")],
  ["buffer of a gateway", firstCell(plain).multigateway.buffer, { enabled: true }],
  ["pods of an orchestrator", firstShard(plain).multiorch.replicas, 1],
  ["resources of an orchestrator", firstShard(plain).multiorch.resources, guaranteed("50m", "64Mi", "128Mi")],
  ["cells of an orchestrator", firstShard(twoCells()).multiorch.cells, ["a", "b"]],
  ["name of the only pool", Object.keys(firstShard(plain).pools), ["default"]],
  ["type of a pool", poolOf(plain, "default").type, "readWrite"],
  ["instances of a pool in a single cell", poolOf(plain, "default").replicasPerCell, 2],
  ["instances of a pool in each of two cells", poolOf(twoCells(), "default").replicasPerCell, 1],
  ["cells of a pool", poolOf(twoCells(), "default").cells, ["a", "b"]],
  ["volume of a pool", poolOf(plain, "default").storage, { size: "1Gi" }],
  [
    "resources of postgres",
    poolOf(plain, "default").postgres?.resources,
    guaranteed("100m", "256Mi", "512Mi"),
  ],
  [
    "resources of multipooler",
    poolOf(plain, "default").multipooler?.resources,
    guaranteed("100m", "128Mi", "256Mi"),
  ],
  ["backup", firstShard(plain).backup, {
    type: "filesystem",
    filesystem: { path: "/backups", storage: { size: "10Gi" } },
  }],
  ["durability", plain.databases[0]?.durabilityPolicy, "AT_LEAST_2"],
  ["log levels", plain.settings.logLevels, {
    multiadmin: "info",
    multigateway: "info",
    multiorch: "info",
    multipooler: "info",
    pgctld: "info",
  }],
  ["superuser", plain.settings.postgresSuperuser, "postgres"],
  ["pull policy", plain.settings.images, { imagePullPolicy: "IfNotPresent" }],
  ["pruning", plain.settings.topologyPruning, { enabled: true }],
  ["fate of volumes", plain.databases[0]?.tableGroups[0]?.pvcDeletionPolicy, {
    whenDeleted: "Delete",
    whenScaled: "Delete",
  }],
  ["fate of the global etcd's volumes", globalSpec(plain).pvcDeletionPolicy, {
    whenDeleted: "Delete",
    whenScaled: "Delete",
  }],
  ["databases", plain.databases.map(({ name }) => name), ["postgres"]],
  ["table groups", plain.databases[0]?.tableGroups.map((group) => [group.name, group.default]), [[
    "default",
    true,
  ]]],
  ["shards", plain.databases[0]?.tableGroups[0]?.shards.map(({ name }) => name), ["0-inf"]],
  ["templates", plain.templates, {}],
];

for (const [name, found, wanted] of table) {
  Deno.test(`without a word from the user: ${name}`, () => assert.deepEqual(found, wanted));
}

Deno.test("an external topology server is spoken to as etcd, below the usual prefix", () => {
  const external = { endpoints: ["http://etcd:2379"] };
  const cluster = resolvedCluster(clusterSpec({
    globalTopoServer: { external },
    cells: [{
      name: "a",
      region: "r",
      spec: { localTopoServer: { external: { ...external, implementation: "" } } },
    }],
  }));
  assert.deepEqual(cluster.globalTopoServer, {
    kind: "external",
    external: { ...external, implementation: "etcd", rootPath: "/multigres/global" },
  });
  assert.deepEqual(firstCell(cluster).topoServer, { external: { ...external, implementation: "etcd" } });
});

Deno.test("resources count as given once they have any part, be it an empty one", () => {
  const gateway = (resources: unknown) => {
    const cell = { name: "a", region: "r", spec: { multigateway: { resources } } };
    return firstCell(resolvedCluster(clusterSpec({ cells: [cell] }))).multigateway.resources;
  };
  assert.deepEqual(gateway({}), guaranteed("100m", "128Mi", "256Mi"));
  assert.deepEqual(gateway({ limits: {} }), { limits: {} });
  assert.deepEqual(gateway({ requests: {} }), { requests: {} });
  assert.deepEqual(gateway({ claims: [] }), { claims: [] });
});

Deno.test("zero replicas, a buffer that is off, and pruning that is off stay as they are", () => {
  const spec = { multigateway: { replicas: 0, buffer: { enabled: false, size: 5 } } };
  const cluster = resolvedCluster(clusterSpec({
    cells: [{ name: "a", region: "r", spec }],
    topologyPruning: { enabled: false },
  }));
  assert.equal(firstCell(cluster).multigateway.replicas, 0);
  assert.deepEqual(firstCell(cluster).multigateway.buffer, { enabled: false, size: 5 });
  assert.deepEqual(cluster.settings.topologyPruning, { enabled: false });
});

Deno.test("empty words count as not said", () => {
  const cluster = twoCells({ durabilityPolicy: "", postgresSuperuser: "" });
  assert.equal(cluster.databases[0]?.durabilityPolicy, "AT_LEAST_2");
  assert.equal(cluster.settings.postgresSuperuser, "postgres");
});

Deno.test("log levels and pull policy that are given stay beside those that are filled in", () => {
  const cluster = twoCells({ logLevels: { pgctld: "debug" }, images: { postgres: "pg:1" } });
  assert.equal(cluster.settings.logLevels.pgctld, "debug");
  assert.equal(cluster.settings.logLevels.multiorch, "info");
  assert.deepEqual(cluster.settings.images, { imagePullPolicy: "IfNotPresent", postgres: "pg:1" });
});

Deno.test("a pool in one of two cells has two instances there", () => {
  const cluster = resolvedCluster(withShard({ spec: { pools: { main: { cells: ["b"] } } } }, {
    cells: [...cells, { name: "b", region: "r" }],
  }));
  assert.equal(poolOf(cluster, "main").replicasPerCell, 2);
  assert.deepEqual(poolOf(cluster, "main").cells, ["b"]);
});

Deno.test("the pool that is added runs where the orchestrators run", () => {
  const cluster = resolvedCluster(withShard({ spec: { multiorch: { cells: ["b"] } } }, {
    cells: [...cells, { name: "b", region: "r" }],
  }));
  assert.deepEqual(poolOf(cluster, "default").cells, ["b"]);
});

Deno.test("cells that are filled in are sorted, cells that are given keep their order", () => {
  const cluster = resolvedCluster(withShard({ spec: { pools: { all: {}, some: { cells: ["c", "a"] } } } }, {
    cells: ["c", "a", "b"].map((name) => ({ name, region: name })),
  }));
  assert.deepEqual(poolOf(cluster, "all").cells, ["a", "b", "c"]);
  assert.deepEqual(poolOf(cluster, "some").cells, ["c", "a"]);
});

Deno.test("a cluster without cells has its other parts, and pools that are nowhere yet", () => {
  const cluster = resolvedCluster(clusterSpec({}));
  assert.deepEqual(cluster.cells, []);
  assert.equal(poolOf(cluster, "default").cells, undefined);
  assert.equal(cluster.multiadmin.spec.replicas, 1);
});
