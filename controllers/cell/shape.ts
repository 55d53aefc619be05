/** Names and labels of what belongs to one Cell. */
import type { Cell } from "../../api/multigres/cell.ts";
import { cellLabel, clusterLabel, locationLabels, standardLabels } from "../../api/multigres/labels.ts";
import { locationOf } from "../../api/multigres/location.ts";
import {
  gatewayDeploymentName,
  gatewayServiceName as serviceNameOf,
  localTopoServerName,
} from "../../api/multigres/names.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { Frozen, Stored } from "../../kube/types.ts";

/** Component of the gateway's objects and pods; the name of its container and its subcommand too. */
export const GATEWAY = "multigateway";

/** Gateways of a cell that does not say how many: the resolved cells of a cluster always do. */
const DEFAULT_REPLICAS = 1;

/** The cluster that a cell belongs to; one that was made by hand stands for itself. */
export function clusterOf({ metadata }: Frozen<Cell>): string {
  return metadata.labels?.[clusterLabel] ?? metadata.name;
}

/** As whom the gateways of a cell prove themselves to other components. */
export function gatewayIdentity(cell: Frozen<Cell>) {
  const { namespace = "default" } = cell.metadata;
  return { component: GATEWAY, cluster: clusterOf(cell), namespace } as const;
}

export function gatewayName(cell: Cell): string {
  return gatewayDeploymentName(clusterOf(cell), cell.spec.name);
}

export function gatewayServiceName(cell: Cell): string {
  return serviceNameOf(clusterOf(cell), cell.spec.name);
}

export function topoServerName(cell: Cell): string {
  return localTopoServerName(cell.metadata.name);
}

export function gatewayReplicas(cell: Frozen<Cell>): number {
  return cell.spec.multigateway.replicas ?? DEFAULT_REPLICAS;
}

/**
 * Labels of the gateway's Deployment, Service and pods. They do not name the cluster by its own label, only as the
 * instance, and neither does the selector that follows from them: a Deployment's selector never changes.
 */
export function gatewayLabels(cell: Cell): Record<string, string> {
  return {
    ...standardLabels(clusterOf(cell), GATEWAY),
    [cellLabel]: cell.spec.name,
    ...locationLabels(locationOf(cell.spec)),
  };
}

/** Labels of the cell's own TopoServer, which hands them on to its members. */
export function topoServerLabels(cell: Cell): Record<string, string> {
  const cluster = clusterOf(cell);
  return {
    ...standardLabels(cluster, "local-topo"),
    [clusterLabel]: cluster,
    [cellLabel]: cell.spec.name,
  };
}

/** `metadata` of a child. */
export function childMetadata(cell: Cell & Stored, name: string, labels: Record<string, string>) {
  const { namespace } = cell.metadata;
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels,
    ownerReferences: [controllerReference(cell)],
  };
}
