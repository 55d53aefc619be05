/** TopoServers to keep an operator busy. */
import type { GroundClient, Manifest } from "../ground/client.ts";

const namespace = "default";
const collection = `/apis/multigres.com/v1alpha1/namespaces/${namespace}/toposervers`;

/** A TopoServer of three members. */
export function topoServer(name: string): Manifest {
  return {
    apiVersion: "multigres.com/v1alpha1",
    kind: "TopoServer",
    metadata: { name, namespace },
    spec: { etcd: { replicas: 3, storage: { size: "1Gi" } } },
  };
}

/** Deletes a TopoServer; what hangs on it is left to whoever collects garbage. */
export async function deleteTopoServer(client: GroundClient, name: string): Promise<void> {
  await client.request("DELETE", `${collection}/${name}`);
}
