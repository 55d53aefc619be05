/** The TopoServer of a cluster. */
import { globalTopoServerName } from "../../api/multigres/names.ts";
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import type { Applied } from "../../kube/client.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

/** The etcd that holds the global topology; none when an external one does. */
export function desiredGlobalTopoServer(view: ClusterView): Applied<TopoServer> | undefined {
  const { name, cluster } = view.parent;
  const server = cluster.globalTopoServer;
  if (server.kind === "external") return undefined;
  return {
    metadata: childMetadata(view, {
      name: globalTopoServerName(name),
      labels: labelsOf(view, "global-topo"),
    }),
    spec: server.spec,
  };
}
