import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import {
  cellObjectName,
  globalTopoServerName,
  multiadminName,
  multiadminWebName,
} from "../../../api/multigres/names.ts";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import { Deployments, Services } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import { steadyClient } from "../../support/operator.ts";
import { SETTLED_MS, untilQuiet } from "../../support/quiet.ts";
import { cluster, conditionOf, kinds, messageOf, start, untilCondition } from "./support.ts";

const managed = { etcd: { replicas: 1, storage: { size: "1Gi" } } };

const labels = { app: "theirs" };
const pod = { metadata: { labels }, spec: { containers: [{ name: "theirs", image: "theirs:1" }] } };

/** Objects of others under names that the cluster c is to have, one of each kind. */
const strangers: readonly {
  readonly resource: Resource;
  readonly name: string;
  readonly manifest: object;
}[] = [
  {
    resource: Deployments,
    name: multiadminName("c"),
    manifest: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      spec: { selector: { matchLabels: labels }, template: pod },
    },
  },
  {
    resource: Services,
    name: multiadminWebName("c"),
    manifest: { apiVersion: "v1", kind: "Service", spec: { ports: [{ port: 80 }] } },
  },
  {
    resource: TopoServers.resource,
    name: globalTopoServerName("c"),
    manifest: { apiVersion: "multigres.com/v1alpha1", kind: "TopoServer", spec: { etcd: {} } },
  },
  {
    resource: Cells.resource,
    name: cellObjectName("c", "zone-a"),
    manifest: {
      apiVersion: "multigres.com/v1alpha1",
      kind: "Cell",
      spec: {
        name: "zone-a",
        zoneId: "use1-aza",
        globalTopoServer: { address: "theirs:2379", implementation: "etcd", rootPath: "/theirs" },
        images: { multigateway: "theirs:1" },
        multigateway: { replicas: 1 },
      },
    },
  },
];

for (const { resource, name, manifest } of strangers) {
  clusterTest(
    `a ${resource.kind} of somebody else under our name is left as it is, and it is said what is in the way`,
    async (stage) => {
      const { client, ground, namespace } = stage;
      const uidOf = async () => (await client.get(resource, { namespace, name })).metadata;
      await ground.apply({ ...manifest, metadata: { name, namespace } });
      const before = await uidOf();
      await stage.apply(cluster("c", { globalTopoServer: managed }));
      await using _operator = start(stage);
      const seen = await untilCondition(stage, "c", ["SpecAccepted", "False/NameTaken"]);
      assert.match(
        messageOf(seen, "SpecAccepted"),
        new RegExp(`${resource.kind} ${name} .*Delete or rename it`),
      );
      assert.equal(seen.status?.phase, "Progressing");
      const after = await uidOf();
      assert.equal(after.uid, before.uid);
      assert.equal(after.ownerReferences, undefined);
      assert.equal(after.labels?.["multigres.com/cluster"], undefined);
      // What does not need the name is there.
      const others = strangers.filter((each) => each.name !== name);
      await waitUntil(
        "the other parts",
        async () => (await Promise.all(
          others.map((each) => client.find(each.resource, { namespace, name: each.name })),
        )),
        (found) => found.every((each) => each?.metadata.labels?.["multigres.com/cluster"] === "c"),
      );
      await ground.request("DELETE", await ground.pathOf({ ...manifest, metadata: { name, namespace } }));
      await waitUntil(
        "the cluster to go on",
        () => stage.cluster("c"),
        (each) => each.status?.phase === "Healthy",
        {
          timeoutMs: 60_000,
        },
      );
    },
  );
}

clusterTest(
  "a quota that is used up is named, holds up only what it refuses, and is tried again when it was raised",
  async (stage) => {
    const { ground, namespace } = stage;
    const quota = (services: string) =>
      ground.apply({
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "few", namespace },
        spec: { hard: { "count/services": services } },
      });
    await quota("1");
    const path = `/api/v1/namespaces/${namespace}/resourcequotas/few`;
    await waitUntil(
      "the quota to be in force",
      () => ground.get(path),
      (seen) => JSON.stringify(seen).includes('"used"'),
    );
    await stage.apply(cluster("c"));
    await using operator = start(stage);
    const seen = await untilCondition(stage, "c", ["SpecAccepted", "False/FailedApply"]);
    assert.match(messageOf(seen, "SpecAccepted"), /exceeded quota: few/);
    await waitUntil(
      "the topology",
      () => stage.cluster("c"),
      (each) => conditionOf(each, "TopologyRegistered") === "True/Registered",
    );
    assert.ok(await stage.client.find(Cells.resource, { namespace, name: cellObjectName("c", "zone-a") }));
    await untilQuiet(operator, SETTLED_MS);
    await quota("50");
    await waitUntil(
      "the cluster to go on",
      () => stage.cluster("c"),
      (each) => each.status?.phase === "Healthy",
      {
        timeoutMs: 90_000,
      },
    );
  },
);

clusterTest(
  "another writer who fights over the same fields neither wins nor drives the operator mad",
  async (stage) => {
    const { namespace } = stage;
    using fighter = steadyClient(sharedCluster().connection, "fighter");
    await stage.apply(cluster("c"));
    await using operator = start(stage);
    await stage.untilPhase("c", "Healthy");
    await untilQuiet(operator, SETTLED_MS);
    const before = operator.transport.writes.length;
    const blows = 60;
    const admin = { namespace, name: multiadminName("c") };
    for (let blow = 0; blow < blows; blow++) {
      await fighter.patch(Deployments, admin, { spec: { replicas: 2 + blow % 5 } });
      const annotations = { "example.org/blow": `${blow}` };
      await fighter.patch(MultigresClusters.resource, { namespace, name: "c" }, {
        metadata: { annotations },
      });
    }
    await waitUntil(
      "our number of replicas",
      () => stage.client.get(Deployments, admin),
      ({ spec }) => spec?.replicas === 1,
    );
    await stage.untilPhase("c", "Healthy");
    await untilQuiet(operator);
    const writes = operator.transport.writes.slice(before);
    console.log(`${writes.length} writes after ${blows} blows`);
    assert.ok(writes.length <= 3 * blows, `${writes.length} writes`);
    const events = writes.filter((entry) => entry.endsWith("/events"));
    assert.ok(events.length <= blows, `${events.length} events`);
  },
);

/** How many objects of each kind there are. */
async function census({ client, namespace }: ClusterStage): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const resource of kinds) {
    counted[resource.kind] = (await client.listAll(resource, { namespace })).length;
  }
  return counted;
}

clusterTest("a cluster of fifty cells becomes Healthy, and is quiet then", async (stage) => {
  const zones = ["use1-aza", "use1-azb", "use1-azc"];
  const cells = Array.from({ length: 50 }, (_, at) => ({ name: `zone-${at}`, zoneId: zones[at % 3] }));
  const pools = { main: { type: "readWrite", cells: ["zone-0", "zone-1"], replicasPerCell: 1 } };
  const databases = [{
    name: "postgres",
    default: true,
    tablegroups: [{ name: "default", default: true, shards: [{ name: "0-inf", spec: { pools } }] }],
  }];
  await stage.apply(cluster("c", { cells, databases }));
  const begun = performance.now();
  await using operator = start(stage);
  const { status } = await waitUntil(
    "it to be Healthy",
    () => stage.cluster("c"),
    (each) => each.status?.phase === "Healthy",
    {
      timeoutMs: 120_000,
      intervalMs: 300,
    },
  );
  const seconds = (performance.now() - begun) / 1000;
  assert.equal(Object.values(status?.cells ?? {}).filter(({ ready }) => ready).length, 50);
  await untilQuiet(operator);
  const { length } = operator.transport.writes;
  const statusWrites = operator.transport.writes.filter((entry) =>
    entry.endsWith("/multigresclusters/c/status")
  ).length;
  console.log(
    `Healthy after ${seconds.toFixed(1)} s, ${length} writes, ${statusWrites} of them of its own status`,
  );
  assert.deepEqual(await census(stage), {
    Cell: 50,
    TableGroup: 1,
    Shard: 1,
    TopoServer: 0,
    StatefulSet: 0,
    Deployment: 52,
    Service: 54,
  });
});
