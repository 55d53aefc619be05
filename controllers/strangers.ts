/** Objects that bear the names of our children and are not ours: taking one over cannot be undone. */
import { multigresGroup } from "../api/multigres/group.ts";
import { managedByLabel, operatorName } from "../api/multigres/labels.ts";
import { NAME_TAKEN } from "../kube/act.ts";
import type { ReconcileContext } from "../kube/controller.ts";
import { wait, type WaitStep } from "../kube/plan.ts";
import type { Resource } from "../kube/resource.ts";
import type { Frozen, KubeObject, Stored } from "../kube/types.ts";

/** A kind, and the name that a child of this kind has or is to have. */
export type ChildName = readonly [resource: Resource, name: string];

/** Strangers carry no label that a watch could select, so their names are looked at again after this many seconds. */
const STRANGER_SECONDS = 30;

/**
 * Objects under our children's names that are not ours, such as `StatefulSet topo`. Looked for only while a child is not
 * known: a settled owner costs no request. Of our own kinds all objects are watched; those of other kinds are read live.
 * @throws ApiError, TransportError
 */
export async function findStrangers(
  owner: Stored,
  children: readonly ChildName[],
  { cache, client }: Pick<ReconcileContext, "cache" | "client">,
): Promise<string[]> {
  const { namespace, uid } = owner.metadata;
  const strangers: string[] = [];
  for (const [resource, name] of children) {
    if (cache.children(resource, uid).some(({ metadata }) => metadata.name === name)) continue;
    const key = namespace === undefined ? { name } : { namespace, name };
    const live = resource.group === multigresGroup
      ? cache.get(resource, key)
      : await client.find(resource, key);
    if (live !== undefined && !isOurs(live, uid)) strangers.push(`${resource.kind} ${name}`);
  }
  return strangers;
}

/** Ours is also what this operator made and what lost its owner (deleted with orphaning): it may be adopted. */
function isOurs(object: Frozen<KubeObject>, ownerUid: string): boolean {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller);
  return owner === undefined
    ? object.metadata.labels?.[managedByLabel] === operatorName
    : owner.uid === ownerUid;
}

/** The wait for strangers to leave. */
export function waitForNames(strangers: readonly string[]): WaitStep {
  const message =
    `Cannot make the children as these names are taken by objects of others: ${strangers.join(", ")}. ` +
    "Delete or rename them.";
  return wait(NAME_TAKEN, message, STRANGER_SECONDS);
}
