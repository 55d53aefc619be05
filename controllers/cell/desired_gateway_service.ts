/** The Service of a cell's gateways. */
import type { Cell } from "../../api/multigres/cell.ts";
import { selectorLabels } from "../../api/multigres/labels.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import type { Applied } from "../../kube/client.ts";
import type { Service } from "../../kube/kinds.ts";
import type { Stored } from "../../kube/types.ts";
import { childMetadata, gatewayLabels, gatewayServiceName } from "./shape.ts";

/** Leads to the gateways of this cell alone. Reads from standbys have a Service of the cluster. */
export function desiredGatewayService(cell: Cell & Stored): Applied<Service> {
  const labels = gatewayLabels(cell);
  const { http, grpc, postgres } = ports.multigateway;
  return {
    metadata: childMetadata(cell, gatewayServiceName(cell), labels),
    spec: {
      type: "ClusterIP",
      selector: selectorLabels(labels),
      ports: [port(portNames.http, http), port(portNames.grpc, grpc), port(portNames.postgres, postgres)],
    },
  };
}

function port(name: string, number: number) {
  return { name, port: number, targetPort: name, protocol: "TCP" };
}
