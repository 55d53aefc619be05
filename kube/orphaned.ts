/** Deletions that orphan (`kubectl delete --cascade=orphan`): what an object owns is to run on without it. */
import type { Frozen, KubeObject } from "./types.ts";

/** Finalizer by which the garbage collector takes owner references off before the object goes. */
const ORPHANING = "orphan";

/** Whether the garbage collector is still at it. */
export function isBeingOrphaned({ metadata }: Frozen<KubeObject>): boolean {
  return metadata.finalizers?.includes(ORPHANING) ?? false;
}

/**
 * Whether an object's dependents are, or are to be, without it. The garbage collector may be done before a controller looks,
 * and have taken its finalizer off again; it has then taken the owner off all of them.
 * @param dependents objects that are found otherwise than by their owner
 */
export function isOrphaned(
  object: Frozen<KubeObject>,
  dependents: readonly Frozen<KubeObject>[],
): boolean {
  const { uid } = object.metadata;
  const isOwned = (dependent: Frozen<KubeObject>) =>
    dependent.metadata.ownerReferences?.some((owner) => owner.uid === uid);
  return isBeingOrphaned(object) || (dependents.length > 0 && !dependents.some(isOwned));
}
