/** The cluster that `task up` works on: a control plane of its own, or the one that `KUBECONFIG` names. */
import { ensureBinaries, type Progress } from "./build.ts";
import { type Connection, readKubeconfig } from "./connection.ts";
import { programsOf, startControlPlane } from "./control_plane.ts";

/** A cluster to run the operator on. */
export interface ClusterInUse extends AsyncDisposable {
  readonly connection: Connection;
  readonly kubeconfigPath: string;
  /** The command to type for kubectl. */
  readonly kubectl: string;
  /** True when the cluster was there before us, and stays. */
  readonly existing: boolean;
}

/** Finds or starts the cluster. @throws Error in one line when something that is needed is missing. */
export async function clusterInUse(progress: Progress): Promise<ClusterInUse> {
  const kubeconfigPath = Deno.env.get("KUBECONFIG");
  if (kubeconfigPath) {
    const connection = await readKubeconfig(kubeconfigPath);
    const stays = () => Promise.resolve();
    return { connection, kubeconfigPath, kubectl: "kubectl", existing: true, [Symbol.asyncDispose]: stays };
  }
  const binaries = await ensureBinaries([...programsOf.all, "kubectl"], progress);
  progress("Starting etcd, kube-apiserver, kube-controller-manager, kube-scheduler and three fake nodes ...");
  const plane = await startControlPlane("all", binaries);
  return {
    connection: plane.connection,
    kubeconfigPath: plane.kubeconfigPath,
    kubectl: binaries.kubectl ?? "kubectl",
    existing: false,
    [Symbol.asyncDispose]: () => plane.stop(),
  };
}
