/** The Services of a shard: one per pool and cell, and one per orchestrator. */
import { selectorLabels } from "../../api/multigres/labels.ts";
import { orchestratorServiceName, poolServiceName } from "../../api/multigres/names.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import type { Applied } from "../../kube/client.ts";
import type { Service } from "../../kube/kinds.ts";
import {
  childMetadata,
  orchestratorLabels,
  poolLabels,
  poolPath,
  type PoolView,
  shardPath,
  type ShardView,
} from "./view.ts";

type Port = NonNullable<NonNullable<Service["spec"]>["ports"]>[number];

/**
 * Gives each pod of a pool a name in DNS, also before it is ready: poolers find out under which name others reach them by
 * looking up their own address, and they must meet to become ready for anything.
 */
export function desiredPoolService(pool: PoolView): Applied<Service> {
  const labels = poolLabels(pool);
  return {
    metadata: childMetadata(pool.shard, poolServiceName(poolPath(pool)), labels),
    spec: {
      type: "ClusterIP",
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: selectorLabels(labels),
      ports: [
        port(portNames.http, ports.multipooler.http),
        port(portNames.grpc, ports.multipooler.grpc),
        port(portNames.postgres, ports.postgres),
        port(portNames.metrics, ports.postgresExporter),
      ],
    },
  };
}

/** Leads to the orchestrators of a shard in one cell. */
export function desiredOrchestratorService(shard: ShardView, cell: string): Applied<Service> {
  const labels = orchestratorLabels(shard, cell);
  return {
    metadata: childMetadata(shard, orchestratorServiceName(shardPath(shard), cell), labels),
    spec: {
      type: "ClusterIP",
      selector: selectorLabels(labels),
      ports: [port(portNames.http, ports.multiorch.http), port(portNames.grpc, ports.multiorch.grpc)],
    },
  };
}

/** A container names its ports as the Service does. */
function port(name: string, number: number): Port {
  return { name, port: number, targetPort: name, protocol: "TCP" };
}
