/** What is, around one TopoServer. */
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import { parseQuantity } from "../../kube/quantity.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import {
  type PersistentVolumeClaim,
  PersistentVolumeClaims,
  type Pod,
  type PodDisruptionBudget,
  PodDisruptionBudgets,
  Pods,
  type StatefulSet,
  StatefulSets,
  StorageClasses,
} from "../../kube/kinds.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { claimName } from "./shape.ts";
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
