/** What is, around one TopoServer. */
import { managedByLabel, operatorName } from "../../api/multigres/labels.ts";
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import { parseQuantity } from "../../kube/apply_diff.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import {
  type PersistentVolumeClaim,
  PersistentVolumeClaims,
  type Pod,
  type PodDisruptionBudget,
  PodDisruptionBudgets,
  Pods,
  Services,
  type StatefulSet,
  StatefulSets,
  StorageClasses,
} from "../../kube/kinds.ts";
import type { Resource } from "../../kube/resource.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { claimName, headlessName } from "./shape.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { memberCount } from "./desired_stateful_set.ts";

/** What is known of the StorageClass that a TopoServer names. */
export type ClassFinding =
  | { readonly kind: "unspecified" }
  | { readonly kind: "found"; readonly name: string }
  | { readonly kind: "missing"; readonly name: string }
  /** StorageClasses cannot be read, so its absence proves nothing. */
  | { readonly kind: "unknown"; readonly name: string };

/** A member's volume, and how it compares with what is asked for. */
export interface Volume {
  readonly claim: Frozen<PersistentVolumeClaim> & Stored;
  readonly comparison: "equal" | "grow" | "cannot-grow" | "shrink";
}

export interface Observation {
  readonly topoServer: TopoServer & Stored;
  readonly statefulSet: Frozen<StatefulSet> | undefined;
  readonly disruptionBudget: (Frozen<PodDisruptionBudget> & Stored) | undefined;
  readonly pods: readonly Frozen<Pod>[];
  readonly volumes: readonly Volume[];
  readonly storageClass: ClassFinding;
}

/** Reads the stores; makes no request. */
export function observe(topoServer: TopoServer & Stored, { cache }: ReconcileContext): Observation {
  const { uid } = topoServer.metadata;
  const statefulSet = cache.children(StatefulSets, uid).find(sameName(topoServer));
  return {
    topoServer,
    statefulSet,
    disruptionBudget: cache.children(PodDisruptionBudgets, uid).filter(isStored).find(sameName(topoServer)),
    pods: statefulSet?.metadata.uid === undefined ? [] : cache.children(Pods, statefulSet.metadata.uid),
    volumes: volumesOf(topoServer, statefulSet, cache),
    storageClass: findClass(topoServer, cache),
  };
}

/**
 * Objects under our children's names that are not ours, such as `StatefulSet a/b`. Read live, and only while a child is not
 * known: applying over a stranger would take it over, and that cannot be undone.
 */
export async function findStrangers(
  { topoServer, statefulSet }: Observation,
  { cache, client }: ReconcileContext,
): Promise<string[]> {
  const { name, namespace, uid } = topoServer.metadata;
  const budget = desiredDisruptionBudget(topoServer, statefulSet);
  const children: [Resource, string][] = [
    [StatefulSets, name],
    [Services, name],
    [Services, headlessName(topoServer)],
    ...(budget === undefined ? [] : [[PodDisruptionBudgets, name] satisfies [Resource, string]]),
  ];
  const strangers: string[] = [];
  for (const [resource, childName] of children) {
    const key = namespace === undefined ? { name: childName } : { namespace, name: childName };
    if (cache.children(resource, uid).some((child) => child.metadata.name === childName)) continue;
    const live = await client.find(resource, key);
    const ours = live?.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid);
    if (live !== undefined && !ours && !isOrphanOfOurs(live)) strangers.push(`${resource.kind} ${childName}`);
  }
  return strangers;
}

/** An object that this operator made and that lost its owner (deleted with orphaning) may be adopted. */
function isOrphanOfOurs(object: Frozen<KubeObject>): boolean {
  const owned = object.metadata.ownerReferences?.some((owner) => owner.controller) ?? false;
  return !owned && object.metadata.labels?.[managedByLabel] === operatorName;
}

function volumesOf(
  topoServer: TopoServer,
  statefulSet: Frozen<StatefulSet> | undefined,
  cache: ReconcileContext["cache"],
): Volume[] {
  const wanted = parseQuantity(topoServer.spec.etcd?.storage?.size);
  const { namespace } = topoServer.metadata;
  if (wanted === undefined || namespace === undefined || statefulSet === undefined) return [];
  const ordinals = Array.from({ length: memberCount(topoServer, statefulSet) }, (_, at) => at);
  return ordinals.flatMap((ordinal) => {
    const claim = cache.get(PersistentVolumeClaims, { namespace, name: claimName(topoServer, ordinal) });
    if (claim === undefined || !isStored(claim)) return [];
    return [{ claim, comparison: compareSize(claim, wanted, cache) }];
  });
}

function compareSize(
  claim: Frozen<PersistentVolumeClaim>,
  wanted: number,
  cache: ReconcileContext["cache"],
): Volume["comparison"] {
  const asked = parseQuantity(claim.spec?.resources?.requests?.["storage"]);
  if (asked === undefined || asked === wanted) return "equal";
  if (asked > wanted) return "shrink";
  const name = claim.spec?.storageClassName;
  const storageClass = name === undefined ? undefined : cache.get(StorageClasses, { name });
  return storageClass !== undefined && !storageClass.allowVolumeExpansion ? "cannot-grow" : "grow";
}

function findClass(topoServer: TopoServer, cache: ReconcileContext["cache"]): ClassFinding {
  const name = topoServer.spec.etcd?.storage?.class;
  if (name === undefined) return { kind: "unspecified" };
  if (cache.get(StorageClasses, { name }) !== undefined) return { kind: "found", name };
  return { kind: cache.isCurrent(StorageClasses) ? "missing" : "unknown", name };
}

function sameName(topoServer: TopoServer): (object: Frozen<KubeObject>) => boolean {
  return (object) => object.metadata.name === topoServer.metadata.name;
}
