/** The two Services over the gateways of all cells: one name for clients, wherever a gateway is up. */
import { componentLabel, instanceLabel } from "../../api/multigres/labels.ts";
import { globalGatewayServiceName, globalReplicaGatewayServiceName } from "../../api/multigres/names.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import type { Applied } from "../../kube/client.ts";
import type { Service } from "../../kube/kinds.ts";
import { entranceOf } from "./desired_entrance.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

const COMPONENT = "multigateway";

/** Leads to the primaries. It is the one that `externalGateway` opens. */
export function desiredGatewayService(view: ClusterView): Applied<Service> {
  const { spec, annotations } = entranceOf(view.owner.spec.externalGateway);
  return {
    metadata: childMetadata(view, {
      name: globalGatewayServiceName(view.parent.name),
      labels: labelsOf(view, COMPONENT),
      annotations,
    }),
    spec: {
      ...spec,
      selector: gatewaysOfAllCells(view),
      ports: [port(portNames.postgres, ports.multigateway.postgres)],
    },
  };
}

/** Leads to the standbys, for reads. */
export function desiredReplicaGatewayService(view: ClusterView): Applied<Service> {
  return {
    metadata: childMetadata(view, {
      name: globalReplicaGatewayServiceName(view.parent.name),
      labels: labelsOf(view, COMPONENT),
    }),
    spec: {
      type: "ClusterIP",
      selector: gatewaysOfAllCells(view),
      ports: [port(portNames.postgresReplica, ports.multigateway.postgresReplica)],
    },
  };
}

/** Pods of gateways carry neither the cluster's label nor a common cell. */
function gatewaysOfAllCells({ parent }: ClusterView): Record<string, string> {
  return { [componentLabel]: COMPONENT, [instanceLabel]: parent.name };
}

function port(name: string, number: number) {
  return { name, port: number, targetPort: name, protocol: "TCP" };
}
