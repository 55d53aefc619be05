/** How many pods there should be, and how many are ready: of gateways and of topology servers. */
import { Cells } from "../../api/multigres/cell.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { StatefulSets } from "../../kube/kinds.ts";
import { keyOf } from "../../kube/store.ts";
import type { Sample, SampledMetric } from "../../telemetry/sampled.ts";
import { gatewayReplicas } from "../cell/shape.ts";
import { DEFAULT_REPLICAS } from "../topo_server/shape.ts";
import { type Fleet, namespaceOf } from "./fleet.ts";

/** Both numbers under the same labels, told apart by `state`. */
export function desiredAndReady<L extends string>(
  labels: Readonly<Record<L, string>>,
  desired: number,
  ready: number,
): Sample<L | "state">[] {
  return [
    { labels: { ...labels, state: "desired" }, value: desired },
    { labels: { ...labels, state: "ready" }, value: ready },
  ];
}

/** What was stored under an older schema may lack what is required today; one such object must not end a scrape. */
function hasSpec({ spec }: { readonly spec?: { readonly multigateway?: unknown } }): boolean {
  return spec?.multigateway !== undefined;
}

export function gatewayMetric({ cache }: Fleet): SampledMetric {
  const store = cache.store(Cells.resource);
  return {
    name: "multigres_operator_cell_gateway_replicas",
    help: "Gateways of a Cell: how many are wanted, and how many are ready.",
    type: "gauge",
    labelNames: ["cell", "namespace", "state"],
    samples: () =>
      [...store.values()].flatMap((cell) =>
        desiredAndReady(
          { cell: cell.metadata.name, namespace: namespaceOf(cell) },
          hasSpec(cell) ? gatewayReplicas(cell) : 0,
          cell.status?.gatewayReadyReplicas ?? 0,
        )
      ),
  };
}

export function topoServerMetric({ cache }: Fleet): SampledMetric {
  const store = cache.store(TopoServers.resource);
  const sets = cache.store(StatefulSets);
  return {
    name: "multigres_operator_toposerver_replicas",
    help: "Members of a TopoServer: how many are wanted, and how many are ready.",
    type: "gauge",
    labelNames: ["name", "namespace", "state"],
    samples: () =>
      [...store.values()].flatMap((server) =>
        desiredAndReady(
          { name: server.metadata.name, namespace: namespaceOf(server) },
          server.spec?.etcd?.replicas ?? DEFAULT_REPLICAS,
          sets.get(keyOf(server.metadata))?.status?.readyReplicas ?? 0,
        )
      ),
  };
}
