/** The two Services of an etcd cluster: one to talk to it, one by which its members find each other. */
import { ports } from "../../api/multigres/ports.ts";
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import type { Applied } from "../../kube/client.ts";
import type { Service, StatefulSet } from "../../kube/kinds.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import { childMetadata, headlessName, selectorOf } from "./shape.ts";

type Existing = Frozen<StatefulSet> | undefined;

/** Leads clients to the members that are ready. */
export function desiredClientService(topoServer: TopoServer & Stored, existing: Existing): Applied<Service> {
  return {
    metadata: childMetadata(topoServer, topoServer.metadata.name),
    spec: {
      type: "ClusterIP",
      ipFamilyPolicy: "PreferDualStack",
      selector: selectorOf(topoServer, existing),
      ports: [port("client")],
    },
  };
}

/** Gives each member a name in DNS, also before it is ready: members must meet in order to become so. */
export function desiredHeadlessService(
  topoServer: TopoServer & Stored,
  existing: Existing,
): Applied<Service> {
  return {
    metadata: childMetadata(topoServer, headlessName(topoServer)),
    spec: {
      type: "ClusterIP",
      clusterIP: "None",
      ipFamilyPolicy: "PreferDualStack",
      publishNotReadyAddresses: true,
      selector: selectorOf(topoServer, existing),
      ports: [port("client"), port("peer")],
    },
  };
}

function port(name: "client" | "peer") {
  return { name, port: ports.etcd[name], targetPort: name, protocol: "TCP" };
}
