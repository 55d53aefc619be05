/**
 * Volumes of members. They grow before all else and whatever else is wrong, as a full disk may be the reason for it; they
 * never shrink, as Kubernetes cannot do that.
 *
 * A StatefulSet's claim template and selector can never be changed. When they no longer fit, the StatefulSet alone is
 * deleted, its members go on, and the one that is made in its place takes them over.
 */
import { DATA_VOLUME, dataClaimName } from "../../api/smoketurner/names.ts";
import { parseQuantity } from "../../kube/quantity.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { type PersistentVolumeClaim, type StatefulSet, StorageClasses } from "../../kube/kinds.ts";
import { patch, remove, type Step, tell } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import { memberLabels } from "./desired_stateful_set.ts";
import { PersistentVolumeClaims, StatefulSets } from "./kinds.ts";
import type { Member } from "./members.ts";
import type { Observation } from "./observe.ts";
import { type Cluster, keyIn, nameOf } from "./shape.ts";

/** A member's volume, and how it compares with what is asked for. */
export interface Volume {
  readonly claim: Frozen<PersistentVolumeClaim> & Stored;
  readonly comparison: "equal" | "grow" | "cannot-grow" | "shrink";
}

export function volumesOf(
  cluster: Cluster,
  members: number,
  cache: ReconcileContext["cache"],
): Volume[] {
  const ordinals = Array.from({ length: members }, (_, at) => at);
  return ordinals.flatMap((ordinal) => {
    const claim = cache.get(PersistentVolumeClaims, keyIn(cluster, dataClaimName(nameOf(cluster), ordinal)));
    if (claim === undefined || !isStored(claim)) return [];
    return [{ claim, comparison: comparisonOf(claim, cluster.spec.storage.size, cache) }];
  });
}

function comparisonOf(
  claim: Frozen<PersistentVolumeClaim>,
  size: string,
  cache: ReconcileContext["cache"],
): Volume["comparison"] {
  const wanted = parseQuantity(size);
  const asked = parseQuantity(claim.spec?.resources?.requests?.["storage"]);
  if (wanted === undefined || asked === undefined || asked === wanted) return "equal";
  if (asked > wanted) return "shrink";
  const name = claim.spec?.storageClassName;
  const storageClass = name === undefined ? undefined : cache.get(StorageClasses, { name });
  return storageClass !== undefined && !storageClass.allowVolumeExpansion ? "cannot-grow" : "grow";
}

/** Asks for larger volumes. */
export function growth(cluster: Cluster, volumes: readonly Volume[]): Step[] {
  const storage = cluster.spec.storage.size;
  return volumes
    .filter(({ comparison }) => comparison === "grow")
    .map(({ claim }) =>
      patch(PersistentVolumeClaims, claim, { spec: { resources: { requests: { storage } } } })
    );
}

/** Wishes about volumes that are not fulfilled, as sentences. */
export function volumeRefusals(
  { spec }: Cluster,
  { volumes, statefulSet }: Pick<Observation, "volumes" | "statefulSet">,
): string[] {
  const { size, storageClass } = spec.storage;
  const shrink = volumes.find(({ comparison }) => comparison === "shrink");
  const rigid = volumes.find(({ comparison }) => comparison === "cannot-grow");
  const found: string[] = [];
  const template = dataTemplate(statefulSet);
  if (template !== undefined && template.spec?.storageClassName !== storageClass) {
    const [made = "not set", asked = "not set"] = [template.spec?.storageClassName, storageClass];
    found.push(
      `Cannot change spec.storage.storageClass to ${asked} as volumes keep the class that they were made with: current ` +
        `value is ${made}; set it back.`,
    );
  }
  if (shrink !== undefined) {
    const asked = shrink.claim.spec?.resources?.requests?.["storage"];
    found.push(
      `Cannot shrink spec.storage.size to ${size} as claim ${shrink.claim.metadata.name} asks for ${asked}; set it back.`,
    );
  }
  if (rigid !== undefined) {
    found.push(
      `Cannot grow claim ${rigid.claim.metadata.name} to spec.storage.size ${size} as StorageClass ` +
        `${rigid.claim.spec?.storageClassName} does not allow expansion; set allowVolumeExpansion on it or set the size back.`,
    );
  }
  return found;
}

/** Why a StatefulSet must be made anew; undefined while it serves. */
export function whyReplace(
  cluster: Cluster,
  existing: Frozen<StatefulSet> | undefined,
  volumes: readonly Volume[],
): string | undefined {
  if (existing === undefined) return undefined;
  const labels = memberLabels(cluster);
  const selector = Object.entries(existing.spec?.selector.matchLabels ?? {});
  const unmatched = selector.find(([key, value]) => labels[key] !== value);
  if (unmatched !== undefined) return `it selects by label ${unmatched[0]}, which spec.labels sets otherwise`;
  const template = dataTemplate(existing);
  const made = parseQuantity(template?.spec?.resources?.requests?.["storage"]);
  const wanted = parseQuantity(cluster.spec.storage.size);
  const unsettled = volumes.some(({ comparison }) => comparison !== "equal");
  if (made === undefined || wanted === undefined || made >= wanted || unsettled) return undefined;
  return `new members would get volumes of ${template?.spec?.resources?.requests?.["storage"]}`;
}

function dataTemplate(set: Frozen<StatefulSet> | undefined) {
  return set?.spec?.volumeClaimTemplates?.find(({ metadata }) => metadata?.name === DATA_VOLUME);
}

/** Deletes the StatefulSet alone. All members must bear the labels by which the next one finds them. */
export function replacement(
  existing: (Frozen<StatefulSet> & Stored) | undefined,
  why: string | undefined,
  members: readonly Member[],
): Step[] {
  const isComplete = members.every(({ ready, leaving }) => ready && !leaving);
  if (existing === undefined || why === undefined || !isComplete) return [];
  if (existing.metadata.deletionTimestamp !== undefined) return [];
  const message = `StatefulSet ${existing.metadata.name} is made anew, and its members go on, as ${why}`;
  return [
    { ...remove(StatefulSets, existing), propagation: "Orphan" },
    tell("Normal", "StatefulSetReplaced", message),
  ];
}
