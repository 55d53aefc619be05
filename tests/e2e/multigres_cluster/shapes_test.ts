import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { maxNameLength } from "../../../api/multigres/identifiers.ts";
import {
  cellObjectName,
  globalTopoServerName,
  localTopoServerName,
  multiadminWebName,
} from "../../../api/multigres/names.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { TableGroups } from "../../../api/multigres/table_group.ts";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { readCells } from "../../../topology/records/cells.ts";
import { freePort } from "../../ground/ports.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { borrow, type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import { cluster, conditionOf, eventsOf, external, messageOf, start, untilCondition } from "./support.ts";
import { untilQuiet } from "../../support/quiet.ts";

const longest = (start: string, length: number) => start.padEnd(length, "x");

/** The cells in a topology, with the addresses of their own. */
async function cellsIn(endpoint: string, root: string): Promise<Record<string, string>> {
  using pool = new StorePool();
  using store = borrow(pool, { endpoints: [endpoint] });
  const cells = await readCells(store, root);
  return Object.fromEntries(
    [...cells].map(([name, { record }]) => [name, `${record.serverAddresses.join()} ${record.root}`]),
  );
}

clusterTest(
  "a cluster of the longest names, with cells of three kinds and two table groups, becomes Healthy",
  async (stage) => {
    const name = longest("cluster", maxNameLength.cluster);
    const group = longest("group", maxNameLength.tableGroup);
    const cellNames = ["a", "b", "c"].map((start) => longest(start, maxNameLength.cell));
    const [managed = "", elsewhere = "", plain = ""] = cellNames;
    await stage.apply(cluster(name, {
      cells: [
        {
          name: managed,
          zoneId: "use1-aza",
          spec: { localTopoServer: { etcd: { replicas: 1, storage: { size: "1Gi" } } } },
        },
        {
          name: elsewhere,
          zoneId: "use1-azb",
          spec: { localTopoServer: { external: { endpoints: ["TOPO"], rootPath: "ROOT/elsewhere" } } },
        },
        { name: plain, zoneId: "use1-azc" },
      ],
      databases: [{
        name: "postgres",
        default: true,
        tablegroups: [{ name: "default", default: true }, { name: group }],
      }],
    }));
    await using operator = start(stage);
    const { status } = await stage.untilPhase(name, "Healthy");
    assert.deepEqual(Object.keys(status?.cells ?? {}).sort(), cellNames);
    assert.deepEqual(status?.databases, { postgres: { readyShards: 2, totalShards: 2 } });
    const local = `${localTopoServerName(cellObjectName(name, managed))}.${stage.namespace}.svc:2379`;
    const root = `${stage.root}/${name}`;
    assert.deepEqual(await cellsIn(stage.endpoint, root), {
      [managed]: `${local} /multigres/${managed}`,
      [elsewhere]: `${stage.endpoint} ${stage.root}/elsewhere`,
      [plain]: `${stage.endpoint} ${root}`,
    });
    await untilQuiet(operator);
  },
);

clusterTest("a second database is refused by the API server: there is one, named postgres", async (stage) => {
  const database = (name: string) => ({ name, default: true });
  await assert.rejects(
    stage.apply(cluster("c", { databases: [database("postgres"), database("other")] })),
    /at most 1|must be named postgres/,
  );
});

clusterTest("cells that are added get gateways, and all databases may use them", async (stage) => {
  const cells = (count: number) =>
    ["use1-aza", "use1-azb", "use1-azc"].slice(0, count).map((zoneId, at) => ({
      name: `zone-${at}`,
      zoneId,
    }));
  await stage.apply(cluster("c", { cells: cells(1) }));
  await using _operator = start(stage);
  await stage.untilPhase("c", "Healthy");
  await stage.apply(cluster("c", { cells: cells(3) }));
  const { status } = await waitUntil(
    "three cells",
    () => stage.untilPhase("c", "Healthy"),
    (seen) => Object.keys(seen.status?.cells ?? {}).length === 3,
  );
  assert.ok(Object.values(status?.cells ?? {}).every(({ ready }) => ready));
  assert.deepEqual(Object.keys(await cellsIn(stage.endpoint, `${stage.root}/c`)), [
    "zone-0",
    "zone-1",
    "zone-2",
  ]);
  const shards = await stage.client.listAll(Shards.resource, { namespace: stage.namespace });
  assert.deepEqual(shards.map(({ spec }) => spec.pools["default"]?.cells), [["zone-0", "zone-1", "zone-2"]]);
});

/** A cluster whose only pool is in zone-a. */
function pooledInZoneA(cells: readonly string[]): string {
  const pools = { main: { type: "readWrite", cells: ["zone-a"], replicasPerCell: 2 } };
  return cluster("c", {
    cells: cells.map((name) => ({ name, zoneId: name === "zone-a" ? "use1-aza" : "use1-azb" })),
    databases: [{
      name: "postgres",
      default: true,
      tablegroups: [{ name: "default", default: true, shards: [{ name: "0-inf", spec: { pools } }] }],
    }],
  });
}

/** The API server lets cells only be added; a list that was taken away as a whole may come back as any other. */
async function replaceCells(stage: ClusterStage, cells: readonly string[]): Promise<void> {
  const key = { namespace: stage.namespace, name: "c" };
  await stage.ground.request(
    "PATCH",
    `/apis/multigres.com/v1alpha1/namespaces/${key.namespace}/multigresclusters/${key.name}`,
    { spec: { cells: null } },
    "application/merge-patch+json",
  );
  await stage.apply(pooledInZoneA(cells));
}

clusterTest(
  "a cell that holds no pool and is not wanted any more goes gently, its record last",
  async (stage) => {
    await stage.apply(pooledInZoneA(["zone-a", "zone-b"]));
    {
      await using _operator = start(stage);
      await stage.untilPhase("c", "Healthy");
    }
    await assert.rejects(stage.apply(pooledInZoneA(["zone-a"])), /cells can be added, not removed/);
    await replaceCells(stage, ["zone-a"]);
    await using _operator = start(stage);
    const names = async () =>
      (await stage.client.listAll(Cells.resource, { namespace: stage.namespace })).map(({ spec }) =>
        spec.name
      );
    await waitUntil("one cell", names, (seen) => seen.join() === "zone-a");
    await waitUntil(
      "one record",
      () => cellsIn(stage.endpoint, `${stage.root}/c`),
      (seen) => Object.keys(seen).join() === "zone-a",
    );
    await stage.untilPhase("c", "Healthy");
    const tell = async () => (await eventsOf(stage, "MultigresCluster", "c")).map(({ reason }) => reason);
    const told = await waitUntil("the end to be told", tell, (seen) => seen.includes("TopoCleanup"));
    const order = ["PendingDeletion", "Deleted", "TopoCleanup"].map((reason) => told.indexOf(reason));
    assert.ok(
      order.every((at) => at >= 0) && order.join() === [...order].sort((a, b) => a - b).join(),
      told.join(),
    );
  },
);

clusterTest(
  "a cell that holds a pool stays, whatever the list of cells says, and it is said why",
  async (stage) => {
    await stage.apply(pooledInZoneA(["zone-a", "zone-b"]));
    await using operator = start(stage);
    await stage.untilPhase("c", "Healthy");
    await operator.stop();
    await replaceCells(stage, ["zone-b"]);
    await using _second = start(stage);
    const seen = await waitUntil(
      "a refusal",
      () => stage.cluster("c"),
      (seen) => conditionOf(seen, "SpecAccepted").startsWith("False/"),
    );
    assert.match(messageOf(seen, "SpecAccepted"), /zone-a/);
    const cells = await stage.client.listAll(Cells.resource, { namespace: stage.namespace });
    assert.equal(cells.length, 2);
    assert.ok(
      cells.every(({ metadata }) => metadata.annotations?.["multigres.com/pending-deletion"] === undefined),
    );
  },
);

clusterTest(
  "a cluster moves from its own etcd to one elsewhere when that has its records, and not to one that does not answer",
  async (stage) => {
    const { client, namespace } = stage;
    const wait = { etcd: { replicas: 1, storage: { size: "1Gi" } } };
    await stage.apply(cluster("c", { globalTopoServer: wait }));
    await using _operator = start(stage);
    await stage.untilPhase("c", "Healthy");
    const own = `${globalTopoServerName("c")}.${namespace}.svc:2379`;
    const used = async () => {
      const children = [
        ...await client.listAll(Cells.resource, { namespace }),
        ...await client.listAll(TableGroups.resource, { namespace }),
        ...await client.listAll(Shards.resource, { namespace }),
      ];
      return [...new Set(children.map(({ spec }) => spec.globalTopoServer.address))];
    };
    assert.deepEqual(await used(), [own]);

    const mistyped = { external: { endpoints: [`http://127.0.0.1:${freePort()}`], rootPath: "ROOT/c" } };
    await stage.apply(cluster("c", { globalTopoServer: mistyped }));
    const held = await untilCondition(stage, "c", ["TopologyRegistered", "Unknown/TopoConnectFailed"]);
    assert.equal(held.status?.phase, "Progressing");
    assert.deepEqual(await used(), [own], "nobody was taken to a topology without records");
    assert.ok(await client.find(TopoServers.resource, { namespace, name: globalTopoServerName("c") }));
    // What has nothing to do with the move is done.
    await stage.apply(cluster("c", { globalTopoServer: mistyped, multiadmin: { spec: { replicas: 2 } } }));
    await waitFor("the other change", async () => {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/c-multiadmin`;
      return JSON.stringify(await stage.ground.get(path)).includes('"replicas":2');
    });

    await stage.apply(cluster("c", { globalTopoServer: external("c") }));
    await stage.untilPhase("c", "Healthy");
    assert.deepEqual(await used(), [stage.endpoint]);
    await waitUntil(
      "its own etcd to be gone",
      () => client.listAll(TopoServers.resource, { namespace }),
      (servers) => servers.length === 0,
    );
    const { metadata } = await client.get(MultigresClusters.resource, { namespace, name: "c" });
    assert.equal((await stage.cluster("c")).status?.observedGeneration, metadata.generation);
  },
);

clusterTest("a map that a user empties is empty in the parts too", async (stage) => {
  const podLabels = { tier: "edge" };
  await stage.apply(
    cluster("c", { cells: [{ name: "zone-a", zoneId: "use1-aza", spec: { multigateway: { podLabels } } }] }),
  );
  await using _operator = start(stage);
  await stage.untilPhase("c", "Healthy");
  const path = `/apis/multigres.com/v1alpha1/namespaces/${stage.namespace}/multigresclusters/c`;
  const cells = [{ name: "zone-a", zoneId: "use1-aza", spec: { multigateway: { podLabels: {} } } }];
  await stage.ground.request("PATCH", path, { spec: { cells } }, "application/merge-patch+json");
  await waitUntil(
    "no label of the user's",
    () => stage.client.listAll(Cells.resource, { namespace: stage.namespace }),
    ([cell]) => Object.keys(cell?.spec.multigateway?.podLabels ?? {}).length === 0,
  );
  await stage.untilPhase("c", "Healthy");
});

clusterTest("databases do not wait for what only administrators use", async (stage) => {
  const names = Array.from({ length: 10 }, (_, index) => `c${index}`);
  await stage.apply(names.map((name) => cluster(name)).join("---\n"));
  await using operator = start(stage);
  for (const name of names) await stage.untilPhase(name, "Healthy");
  const { writes } = operator.transport;
  const isEarly = (name: string) =>
    writes.findIndex((write) => write.includes(`/tablegroups/${name}-`)) <
      writes.findIndex((write) => write.includes(`/deployments/${multiadminWebName(name)}`));
  // The topology may answer one or the other of them late.
  const early = names.filter(isEarly);
  assert.ok(early.length >= names.length / 2, `of ten only ${early.join()}`);
});
