/** Clusters as they lie in stores, looked at for who keeps records where. */
import { MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { isRecord } from "../kube/errors.ts";
import { keyOf } from "../kube/store.ts";
import type { Frozen, KubeObject } from "../kube/types.ts";
import {
  isSamePlace,
  type TopologyNeighbour,
  type TopologyPlace,
  type TopologyUse,
  topologyUseOf,
} from "./validation/topology_places.ts";

const nowhere: TopologyUse = { places: [], prunes: false };

/** By spec, worked out once for each: fleets share a server, and each of their clusters asks for all others. */
const known = new WeakMap<object, TopologyUse>();

/** What a stored cluster has in topology servers that run elsewhere. One that does not fit its schema has nothing. */
export function storedTopologyUse(cluster: Frozen<KubeObject>): TopologyUse {
  const spec = "spec" in cluster ? cluster.spec : undefined;
  if (!isRecord(spec)) return nowhere;
  const before = known.get(spec);
  if (before !== undefined) return before;
  const decoded = MultigresClusters.decode(cluster);
  const use = decoded.ok ? topologyUseOf(decoded.value.spec) : nowhere;
  known.set(spec, use);
  return use;
}

/** Those of the clusters that have a place, but for one of them. Sorted, as it is told of the first. */
export function clustersAt<T extends Frozen<KubeObject>>(
  place: TopologyPlace,
  clusters: Iterable<T>,
  but: Pick<KubeObject["metadata"], "name" | "namespace">,
): T[] {
  const key = keyOf(but);
  return [...clusters].filter((cluster) =>
    storedTopologyUse(cluster).places.some((other) => isSamePlace(other, place)) &&
    keyOf(cluster.metadata) !== key
  ).sort((a, b) => keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1);
}

export function neighbourOf(cluster: Frozen<KubeObject>): TopologyNeighbour {
  return { cluster: keyOf(cluster.metadata), prunes: storedTopologyUse(cluster).prunes };
}
