/**
 * Removal in two steps, the same for Cells, TableGroups and Shards: the parent asks by an annotation, the child gets ready
 * (drains, hands over, clears its records) and says so in a condition, then the parent deletes it.
 */
import { pendingDeletionAnnotation } from "../api/multigres/annotations.ts";
import type { Condition } from "../kube/conditions.ts";
import { patch, remove, type Step, tell } from "../kube/plan.ts";
import type { Resource } from "../kube/resource.ts";
import type { Frozen, KubeObject, Stored } from "../kube/types.ts";

/** Condition by which a child says that nothing is lost when it goes. */
export const READY_FOR_DELETION = "ReadyForDeletion";

/** A child as far as its removal is concerned. */
export type Removable = Frozen<KubeObject> & Stored & {
  readonly status?: { readonly conditions?: readonly Condition[] };
};

/** Whether the parent has asked for an object's removal. */
export function isRemovalAsked(object: Frozen<KubeObject>): boolean {
  return object.metadata.annotations?.[pendingDeletionAnnotation] !== undefined;
}

/** Whether an object is on its way out, by whichever hand. */
export function isLeaving(object: Frozen<KubeObject>): boolean {
  return object.metadata.deletionTimestamp !== undefined || isRemovalAsked(object);
}

export function isReadyForDeletion(object: Removable): boolean {
  return object.status?.conditions?.some(({ type, status }) =>
    type === READY_FOR_DELETION && status === "True"
  ) ?? false;
}

/** Asks for a removal, once. @param now RFC 3339. */
export function askForRemoval(resource: Resource, child: Removable, now: string): Step[] {
  if (isRemovalAsked(child)) return [];
  const annotations = { [pendingDeletionAnnotation]: now };
  const message = `${resource.kind} ${child.metadata.name} is not wanted any more and is asked to get ready`;
  return [patch(resource, child, { metadata: { annotations } }), tell("Normal", "PendingDeletion", message)];
}

/** The next step of a child's removal; none while the child is not ready, or is being deleted already. */
export function removeGently(resource: Resource, child: Removable, now: string): Step[] {
  if (child.metadata.deletionTimestamp !== undefined) return [];
  if (!isRemovalAsked(child)) return askForRemoval(resource, child, now);
  if (!isReadyForDeletion(child)) return [];
  return [
    remove(resource, child),
    tell("Normal", "Deleted", `${resource.kind} ${child.metadata.name} was ready and is deleted`),
  ];
}
