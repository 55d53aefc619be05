/** Which changes of members' pods are news. */
import { createHash } from "node:crypto";
import type { Cache } from "../../kube/cache.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { clusterKeys } from "./indexes.ts";
import { Pods } from "./kinds.ts";

/** Digits of the hash: 64 bits. */
const HEX_DIGITS = 16;

/**
 * Keys of the clusters that a change of a pod concerns. Each member's Patroni writes to its pod every ten seconds; of
 * that nothing is kept here, so nobody has to look because of it. A hash of what was last seen of each pod is
 * remembered, and goes with the pod.
 */
export function wokenByPods(): (pod: Frozen<KubeObject>, cache: Cache) => string[] {
  const seen = new Map<string, string>();
  return (pod, cache) => {
    const key = keyOf(pod.metadata);
    if (cache.get(Pods, pod.metadata) === undefined) {
      seen.delete(key);
      return clusterKeys(pod);
    }
    const now = digestOf(pod);
    if (seen.get(key) === now) return [];
    seen.set(key, now);
    return clusterKeys(pod);
  };
}

/** Of everything that is kept of a pod but its version. */
function digestOf({ metadata, ...rest }: Frozen<KubeObject>): string {
  const { resourceVersion: _version, ...told } = metadata;
  return createHash("sha256").update(JSON.stringify([told, rest])).digest("hex").slice(0, HEX_DIGITS);
}
