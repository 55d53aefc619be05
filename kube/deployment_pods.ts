/** The pods of Deployments. A ReplicaSet stands between, which nobody has to watch for it. */
import type { Cache } from "./cache.ts";
import { type Pod, Pods } from "./kinds.ts";
import { keyOf } from "./store.ts";
import type { Frozen, KubeObject, ObjectKey } from "./types.ts";

/** The Deployment controller writes it on each pod, and ends the ReplicaSet's name in it. */
const HASH_LABEL = "pod-template-hash";

const BY_DEPLOYMENT = "deployment";

/** Indexes that a watch of Pods needs for {@link podsOfDeployment}. */
export const deploymentIndex = { [BY_DEPLOYMENT]: deploymentsOfPod };

/** Keys (`namespace/name`) of the Deployment that a pod belongs to; none when it belongs to something else. */
export function deploymentsOfPod({ metadata }: Frozen<KubeObject>): string[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const hash = metadata.labels?.[HASH_LABEL];
  if (owner?.kind !== "ReplicaSet" || hash === undefined || !owner.name.endsWith(`-${hash}`)) return [];
  const name = owner.name.slice(0, -hash.length - 1);
  const { namespace } = metadata;
  return [keyOf(namespace === undefined ? { name } : { namespace, name })];
}

/** The pods of a Deployment, of its former revisions too, from a store with {@link deploymentIndex}. */
export function podsOfDeployment(cache: Cache, deployment: ObjectKey): Frozen<Pod>[] {
  return cache.store(Pods).find(BY_DEPLOYMENT, keyOf(deployment));
}
