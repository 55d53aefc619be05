/** Whether what a child says of itself counts, the same for every kind. */
import type { Frozen, KubeObject } from "../kube/types.ts";

type Reporting = Frozen<KubeObject> & { readonly status?: { readonly observedGeneration?: number } };

/** A status that is about an older spec proves nothing. */
export function isFresh({ metadata, status }: Reporting): boolean {
  return metadata.generation !== undefined && status?.observedGeneration === metadata.generation;
}
