/** Merging the settings of components that run as Deployments. */
import type { MultigatewaySpec, MultiorchSpec, StatelessSpec } from "../api/multigres/workloads.ts";
import { mergeKeys, nearestList, nearestResources } from "./merge.ts";
import { present } from "./present.ts";

/** Replicas and affinity of the child win; labels and annotations are merged; resources are replaced. */
export function mergeStateless(base: StatelessSpec, child: StatelessSpec): StatelessSpec {
  return present({
    replicas: child.replicas ?? base.replicas,
    affinity: child.affinity ?? base.affinity,
    resources: nearestResources(base.resources, child.resources),
    podAnnotations: mergeKeys(base.podAnnotations, child.podAnnotations),
    podLabels: mergeKeys(base.podLabels, child.podLabels),
  });
}

/** As {@link mergeStateless}; the buffer is merged field by field. */
export function mergeGateway(base: MultigatewaySpec, child: MultigatewaySpec): MultigatewaySpec {
  const buffer = { ...base.buffer, ...child.buffer };
  return {
    ...mergeStateless(base, child),
    ...(Object.keys(buffer).length === 0 ? {} : { buffer }),
  };
}

/** As {@link mergeStateless}; cells and placement are replaced. */
export function mergeOrchestrator(base: MultiorchSpec, child: MultiorchSpec): MultiorchSpec {
  return {
    ...mergeStateless(base, child),
    ...present({
      cells: nearestList(base.cells, child.cells),
      placement: child.placement ?? base.placement,
    }),
  };
}
