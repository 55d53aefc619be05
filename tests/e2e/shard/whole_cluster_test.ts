import assert from "node:assert/strict";
import { adoptOperatorChangesAnnotation } from "../../../api/multigres/annotations.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { addControllers } from "../../../controllers/controllers.ts";
import { ConfigMaps, Deployments, PersistentVolumeClaims, Pods, Services } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest, services } from "../../support/cluster_stage.ts";
import { type DataPlane, startDataPlane } from "../../support/data_plane/data_plane.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { SETTLED_MS } from "../../support/quiet.ts";
import { asked, conditionOf, untilQuiet } from "./support.ts";

const manifest = `
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
`;

const left: readonly Resource[] = [
  Pods,
  PersistentVolumeClaims,
  Deployments,
  Services,
  ConfigMaps,
  Shards.resource,
];

/** The poolers of real shards wait for the record of their database. */
function planeOf({ namespace, endpoint, root }: ClusterStage): DataPlane {
  const { connection } = sharedCluster();
  return startDataPlane({ connection, namespace, etcd: endpoint, root, speed: 30, needsDatabase: true });
}

function start(stage: ClusterStage) {
  return stage.start({ setUp: (manager) => addControllers(manager, services({ evidenceSeconds: 0.3 })) });
}

async function shardOf({ client, namespace }: ClusterStage) {
  const [shard] = await client.listAll(Shards.resource, { namespace });
  return shard;
}

clusterTest(
  "a cluster is Healthy when its shard accepts writes, is quiet then, and tells when it does not",
  async (stage) => {
    await stage.apply(manifest);
    await using plane = planeOf(stage);
    await using operator = start(stage);
    await stage.untilPhase("c", "Healthy");
    assert.ok(plane.writable());
    assert.equal(conditionOf(await shardOf(stage) ?? {}, "PrimaryAvailable"), "True/PrimarySeen");
    await untilQuiet(operator, SETTLED_MS);
    const before = asked(operator).length;
    await untilQuiet(operator, SETTLED_MS);
    assert.deepEqual(asked(operator).slice(before), []);
    plane.kill(plane.primary() ?? "");
    await waitUntil(
      "another phase",
      async () => (await stage.cluster("c")).status?.phase,
      (phase) => phase !== "Healthy",
      {
        intervalMs: 20,
      },
    );
  },
);

clusterTest("a cluster that is deleted goes last, and leaves nothing where that is wanted", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply(manifest);
  await using plane = planeOf(stage);
  await using operator = start(stage);
  await stage.untilPhase("c", "Healthy");
  const [primary, instances] = [plane.primary(), plane.instances().length];
  const key = { namespace, name: "c" };
  await client.patch(MultigresClusters.resource, key, {
    metadata: { annotations: { [adoptOperatorChangesAnnotation]: "true" } },
  });
  await waitUntil(
    "the consent to come down",
    () => shardOf(stage),
    (shard) => shard?.metadata.annotations?.[adoptOperatorChangesAnnotation] === "true",
  );
  await deleteNow(client, MultigresClusters.resource, key);
  await waitUntil("the cluster to be gone", () => client.find(MultigresClusters.resource, key), (seen) => {
    return seen === undefined;
  }, { timeoutMs: 60_000 });
  for (const resource of left) {
    const names = async () =>
      (await client.listAll(resource, { namespace })).map(({ metadata }) => metadata.name)
        .filter((name) => name !== "kube-root-ca.crt");
    await waitUntil(`no ${resource.kind}`, names, (seen) => seen.length === 0);
  }
  // Not by the garbage collector, which would end all of them at once.
  const ended = operator.transport.writes.filter((write) => /^DELETE .*\/pods\//.test(write));
  assert.equal(new Set(ended).size, instances, ended.join("\n"));
  assert.ok(ended.at(-1)?.endsWith(`/${primary}`), ended.join("\n"));
});
