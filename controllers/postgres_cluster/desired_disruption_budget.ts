/** The PodDisruptionBudget of a cluster's members. */
import type { Applied } from "../../kube/client.ts";
import type { PodDisruptionBudget } from "../../kube/kinds.ts";
import { childMetadata, type Cluster, memberSelector, namesOf } from "./shape.ts";

/**
 * Lets a drain take one member at a time. A single member may be taken as well: a budget could only block every drain, and
 * the member would be lost with its node all the same.
 */
export function desiredDisruptionBudget(cluster: Cluster, members: number): Applied<PodDisruptionBudget> {
  return {
    metadata: childMetadata(cluster, namesOf(cluster).podDisruptionBudget),
    spec: {
      minAvailable: Math.max(0, members - 1),
      unhealthyPodEvictionPolicy: "IfHealthyBudget",
      selector: { matchLabels: memberSelector(cluster) },
    },
  };
}
