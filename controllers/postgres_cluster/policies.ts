/** What admission demands of clusters by their namespace, for objects that it was not asked about. */
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { Cache } from "../../kube/cache.ts";
import { Namespaces } from "../../kube/kinds.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import type { Finding } from "../../resolve/validation/finding.ts";
import { productionFindings } from "../../resolve/validation/postgres_cluster.ts";
import { type Cluster, namespaceOf } from "./shape.ts";

/** The rules that a cluster breaks; none while its namespace is not known. */
export function policiesOf(cluster: Cluster, cache: Cache): readonly Finding<string>[] {
  const namespaceLabels = cache.get(Namespaces, { name: namespaceOf(cluster) })?.metadata.labels;
  return namespaceLabels === undefined ? [] : productionFindings({ spec: cluster.spec, namespaceLabels });
}

/** Keys of the clusters in a namespace whose labels may have changed. */
export function keysWithin({ metadata: { name } }: Frozen<KubeObject>, cache: Cache): string[] {
  return [...cache.store(PostgresClusters.resource).values()]
    .filter(({ metadata }) => metadata.namespace === name)
    .map(({ metadata }) => keyOf(metadata));
}
