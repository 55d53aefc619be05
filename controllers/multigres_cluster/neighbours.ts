/**
 * Clusters that share a place in a topology server that the operator does not run. Admission refuses the second one. Where it
 * was not asked, or two came at once, the one that is older has the place: nothing is made of the other.
 */
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import type { Cache } from "../../kube/cache.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { clustersAt, neighbourOf, storedTopologyUse } from "../../resolve/neighbours.ts";
import { present } from "../../resolve/present.ts";
import type { Finding } from "../../resolve/validation/finding.ts";
import { neighbourFindings, topologyUseOf } from "../../resolve/validation/topology_places.ts";
import { TOPOLOGY_REGISTERED } from "./topology_statement.ts";

/** Why a cluster may not have its topology where it says. */
export function trespasses({ metadata, spec }: MultigresCluster, cache: Cache): Finding[] {
  return neighbourFindings(
    topologyUseOf(spec),
    (place) =>
      clustersAt(place, clustersOf(cache), metadata)
        .filter((other) => isOlder(other.metadata, metadata))
        .map(neighbourOf),
  );
}

/**
 * Another cluster with records where this one has its own: nothing may be removed there that is not this cluster's for sure.
 * One that was refused from the first has none. It is sought among `others`, all when absent.
 */
export function topologyNeighbour(
  { metadata, spec: { globalTopoServer } }: MultigresCluster,
  cache: Cache,
  others: (other: Frozen<MultigresCluster>) => boolean = () => true,
): string | undefined {
  const { places } = topologyUseOf(present({ globalTopoServer }));
  const found = places.flatMap((place) => clustersAt(place, clustersOf(cache), metadata))
    .find((other) => hasRecords(other) && others(other));
  return found === undefined ? undefined : keyOf(found.metadata);
}

/** Whether a cluster has, or may have, records in its topology. */
export function hasRecords({ status }: Frozen<MultigresCluster>): boolean {
  return status?.conditions?.some(({ type }) => type === TOPOLOGY_REGISTERED) ?? false;
}

/** Whoever is refused for a neighbour waits for a change of that one. */
export function neighboursOf(cluster: Frozen<KubeObject>, cache: Cache): string[] {
  const { places } = storedTopologyUse(cluster);
  const keys = places.flatMap((place) => clustersAt(place, clustersOf(cache), cluster.metadata))
    .map((other) => keyOf(other.metadata));
  return [...new Set(keys)];
}

function clustersOf(cache: Cache): Iterable<Frozen<MultigresCluster>> {
  return cache.store(MultigresClusters.resource).values();
}

/** Of two of the same second, the one whose name comes first. */
function isOlder(one: Frozen<KubeObject["metadata"]>, other: Frozen<KubeObject["metadata"]>): boolean {
  const ages = [one, other].map(({ creationTimestamp = "" }) => creationTimestamp);
  if (ages[0] === ages[1]) return keyOf(one) < keyOf(other);
  return (ages[0] ?? "") < (ages[1] ?? "");
}
