/** The PodDisruptionBudget of an etcd cluster. */
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import type { Applied } from "../../kube/client.ts";
import type { PodDisruptionBudget, StatefulSet } from "../../kube/kinds.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import { memberCount } from "./desired_stateful_set.ts";
import { childMetadata, selectorOf } from "./shape.ts";

/**
 * Lets a drain take one member at a time, so that the quorum stands. A single member gets no budget: it could only block
 * every drain, and would be lost with its node all the same.
 */
export function desiredDisruptionBudget(
  topoServer: TopoServer & Stored,
  existing: Frozen<StatefulSet> | undefined,
): Applied<PodDisruptionBudget> | undefined {
  if (memberCount(topoServer, existing) < 2) return undefined;
  return {
    metadata: childMetadata(topoServer, topoServer.metadata.name),
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(topoServer, existing) } },
  };
}
