/** How pods of a cluster are found. */
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";

/** Name of the index of pods by `namespace/cluster`. */
export const inNamespace = "postgres-cluster";

/** The index itself: members and poolers alike bear the label, which no user can change. */
export const clusterIndex = { [inNamespace]: clusterKeys };

/** Key of the PostgresCluster that an object bears the label of. */
export function clusterKeys({ metadata }: Frozen<KubeObject>): string[] {
  const name = metadata.labels?.[labelKeys.cluster];
  const { namespace } = metadata;
  return name === undefined || namespace === undefined ? [] : [keyOf({ namespace, name })];
}
