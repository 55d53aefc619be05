/** Where pods run, and where their images come from. */
import type { Affinity } from "../../api/kubernetes/affinity.ts";
import type { ClusterImages } from "../../api/multigres/component_images.ts";
import { locationOf } from "../../api/multigres/location.ts";
import type { PodPlacementSpec } from "../../api/multigres/placement.ts";
import type { Container, PodSpec } from "./pod_parts.ts";

/** The node label that pods of a cell ask for; none when the cell does not say where it is. */
export function cellNodeSelector(cell: Parameters<typeof locationOf>[0]): Record<string, string> {
  const location = locationOf(cell);
  return location === undefined ? {} : { [location.nodeLabel]: location.value };
}

export interface Placement {
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly affinity?: Affinity | undefined;
  readonly placement?: PodPlacementSpec | undefined;
}

/** The fields of a pod's spec that say on which nodes it may run; what is empty is left out. */
export function podPlacement(
  { nodeSelector = {}, affinity, placement }: Placement,
): Pick<PodSpec, "nodeSelector" | "affinity" | "tolerations"> {
  const tolerations = placement?.tolerations ?? [];
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector: { ...nodeSelector } }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(tolerations.length === 0 ? {} : { tolerations: [...tolerations] }),
  };
}

/** Of a container's fields, when its image is fetched. */
export function pullPolicy(
  { imagePullPolicy }: Pick<ClusterImages, "imagePullPolicy">,
): Pick<Container, "imagePullPolicy"> {
  return imagePullPolicy === undefined ? {} : { imagePullPolicy };
}

/** Of a pod's fields, the Secrets with which images are fetched. */
export function pullSecrets(
  { imagePullSecrets = [] }: Pick<ClusterImages, "imagePullSecrets">,
): Pick<PodSpec, "imagePullSecrets"> {
  return imagePullSecrets.length === 0 ? {} : { imagePullSecrets: [...imagePullSecrets] };
}
