/**
 * From what is to what is to be done.
 *
 * | StatefulSet | StorageClass named | what happens                                                              |
 * | ----------- | ------------------ | ------------------------------------------------------------------------- |
 * | absent      | missing            | wait: claims made now would name it for ever                              |
 * | absent      | otherwise          | everything is made                                                        |
 * | there       | any                | volumes grow first, then everything is kept as it should be               |
 *
 * Two wishes are refused, and said so (see `refusals`): another number of members, because etcd would have to be told
 * member by member, and a smaller volume, because Kubernetes cannot shrink one.
 */
import { PersistentVolumeClaims, PodDisruptionBudgets, Services, StatefulSets } from "../../kube/kinds.ts";
import { apply, patch, type Plan, remove, type Step, wait, type WaitStep } from "../../kube/plan.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { desiredClientService, desiredHeadlessService } from "./desired_services.ts";
import { desiredStatefulSet } from "./desired_stateful_set.ts";
import type { Observation } from "./observe.ts";

/** Labels have 63 characters, of which a StatefulSet's revision takes 11. */
const LONGEST_NAME = 52;
/** Nothing but another object helps here. */
const HOPELESS_SECONDS = 3_600;
/** StorageClasses are watched; this is only for the case that the watch is not allowed. */
const CLASS_SECONDS = 300;

export function plan(seen: Observation): Plan {
  const obstacle = obstacleOf(seen);
  if (obstacle !== undefined) return [obstacle];
  const { topoServer, statefulSet } = seen;
  return [
    ...growth(seen),
    apply(Services, desiredHeadlessService(topoServer, statefulSet)),
    apply(Services, desiredClientService(topoServer, statefulSet)),
    ...disruptionBudget(seen),
    apply(StatefulSets, desiredStatefulSet(topoServer, statefulSet)),
  ];
}

/** What must go out of the way before anything can be made. */
function obstacleOf(seen: Observation): WaitStep | undefined {
  const { topoServer, statefulSet, storageClass } = seen;
  const { name } = topoServer.metadata;
  if (name.length > LONGEST_NAME) {
    const message =
      `Cannot make StatefulSet ${name} as its name has ${name.length} characters: Kubernetes labels its ` +
      `pods with it, which allows ${LONGEST_NAME}. Make a TopoServer with a shorter name.`;
    return wait("NameTooLong", message, HOPELESS_SECONDS);
  }
  if (statefulSet === undefined && storageClass.kind === "missing") {
    return wait("StorageClassNotFound", `StorageClass ${storageClass.name} does not exist`, CLASS_SECONDS);
  }
  return undefined;
}

/** Before all else and whatever else is wrong: a full disk may be the reason for it. */
function growth({ topoServer, volumes }: Observation): Step[] {
  const storage = topoServer.spec.etcd?.storage?.size;
  return volumes
    .filter((volume) => volume.comparison === "grow")
    .map(({ claim }) =>
      patch(PersistentVolumeClaims, claim, { spec: { resources: { requests: { storage } } } })
    );
}

function disruptionBudget({ topoServer, statefulSet, disruptionBudget: existing }: Observation): Step[] {
  const desired = desiredDisruptionBudget(topoServer, statefulSet);
  if (desired !== undefined) return [apply(PodDisruptionBudgets, desired)];
  return existing === undefined ? [] : [remove(PodDisruptionBudgets, existing)];
}

/** Wishes that are not fulfilled, each a sentence with field, value and remedy. */
export function refusals({ topoServer, statefulSet, volumes }: Observation): string[] {
  const { replicas, storage } = topoServer.spec.etcd ?? {};
  const members = statefulSet?.spec?.replicas;
  const found: string[] = [];
  if (replicas !== undefined && members !== undefined && replicas !== members) {
    found.push(
      `Cannot change spec.etcd.replicas to ${replicas} as etcd was made with ${members} members; set it back to ${members}.`,
    );
  }
  const shrink = volumes.find((volume) => volume.comparison === "shrink");
  if (shrink !== undefined) {
    found.push(
      `Cannot shrink spec.etcd.storage.size to ${storage?.size} as claim ${shrink.claim.metadata.name} asks for ` +
        `${shrink.claim.spec?.resources?.requests?.["storage"]}; set it back.`,
    );
  }
  const rigid = volumes.find((volume) => volume.comparison === "cannot-grow");
  if (rigid !== undefined) {
    found.push(
      `Cannot grow claim ${rigid.claim.metadata.name} to spec.etcd.storage.size ${storage?.size} as StorageClass ` +
        `${rigid.claim.spec?.storageClassName} does not allow expansion; set allowVolumeExpansion on it or set the size back.`,
    );
  }
  return found;
}
