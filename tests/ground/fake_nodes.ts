/** What a bare control plane lacks to run a workload: nodes, and a storage class. All of it is fake but the objects. */
import { fileURLToPath } from "node:url";
import type { GroundClient, Manifest } from "./client.ts";
import { conditionStatus, listAt } from "./json.ts";
import { waitUntil } from "./wait_for.ts";

/** Region of all fake nodes. */
export const fakeRegion = "us-east-1";

/** Zone name and zone id of each fake node, one node a zone. */
export const fakeZones = [
  { name: "us-east-1a", id: "use1-aza" },
  { name: "us-east-1b", id: "use1-azb" },
  { name: "us-east-1c", id: "use1-azc" },
] as const;

/** The files that tell the fake kubelet how objects move on. */
export const stageFiles: readonly string[] = ["nodes", "pods", "volumes"].map((name) =>
  fileURLToPath(new URL(`./kwok/${name}.yaml`, import.meta.url))
);

function node(index: number, zone: { readonly name: string; readonly id: string }): Manifest {
  const name = `node-${index + 1}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "matriarch.test/fake": "true",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": fakeRegion,
        "topology.kubernetes.io/zone": zone.name,
        "topology.k8s.aws/zone-id": zone.id,
      },
    },
    spec: { podCIDR: `10.${100 + index}.0.0/16`, podCIDRs: [`10.${100 + index}.0.0/16`] },
  };
}

const standardClass: Manifest = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: {
    name: "standard",
    annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
  },
  provisioner: "matriarch.test/fake",
  reclaimPolicy: "Delete",
  volumeBindingMode: "Immediate",
  allowVolumeExpansion: true,
};

/** Creates the storage class `standard` (the default one) and one node in each zone. */
export async function createFakeNodes(client: GroundClient): Promise<void> {
  const nodes = fakeZones.map((zone, index) => node(index, zone));
  await Promise.all([standardClass, ...nodes].map((object) => client.apply(object)));
}

/** Waits until every fake node reports Ready and the controller manager serves new namespaces. */
export async function waitForFakeNodes(
  client: GroundClient,
  hopeless: () => string | undefined,
): Promise<void> {
  await waitUntil(
    "all fake nodes to be Ready",
    () => client.get("/api/v1/nodes"),
    (list) => {
      const nodes = listAt(list, "items");
      return nodes.length === fakeZones.length &&
        nodes.every((node) => conditionStatus(node, "Ready") === "True");
    },
    { hopeless },
  );
  await waitUntil(
    "the controller manager to make the default service account",
    () => client.get("/api/v1/namespaces/default/serviceaccounts/default"),
    (account) => account !== undefined,
    { hopeless },
  );
}
