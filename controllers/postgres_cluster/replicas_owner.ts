/** Who owns the number of members in a StatefulSet, when somebody else is to say it. */
import { FIELD_MANAGER } from "../../api/smoketurner/group.ts";
import type { Caller } from "../../kube/act.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { RpcStep } from "../../kube/plan.ts";
import { defineResource, writtenBy } from "../../kube/resource.ts";
import { keyOf } from "../../kube/store.ts";
import type { KubeObject } from "../../kube/types.ts";
import { StatefulSets } from "./kinds.ts";
import type { Observation } from "./observe.ts";
import { keyIn } from "./shape.ts";

/** A StatefulSet of which nothing but the number is said. */
interface CountedSet extends KubeObject {
  spec?: { replicas: number };
}

/** Holds the number while no autoscaler has said one: a number that nobody owns becomes 1. */
const Held = writtenBy(`${FIELD_MANAGER}-replicas`, defineResource<CountedSet>({ ...StatefulSets }));

/** Hands the number over, as it is, before it is left out of what we apply. Nothing when that was done. */
export function holdReplicas(
  { cluster, statefulSet }: Observation,
  { cache }: Pick<ReconcileContext, "cache">,
): RpcStep[] {
  const replicas = statefulSet?.spec?.replicas;
  const key = keyIn(cluster, cluster.metadata.name);
  const owned = cache.store(StatefulSets).entry(keyOf(key))?.owned.main?.["f:spec"] ?? "";
  if (replicas === undefined || !owned.includes('"f:replicas"')) return [];
  return [{
    kind: "rpc",
    target: `StatefulSet ${keyOf(key)}`,
    method: "HoldReplicas",
    payload: { key, replicas },
  }];
}

/** Carries {@link holdReplicas} out. */
export function replicasHolder(seen: Observation, { client }: Pick<ReconcileContext, "client">): Caller {
  return async () => {
    const { cluster, statefulSet } = seen;
    const replicas = statefulSet?.spec?.replicas;
    if (replicas === undefined) return undefined;
    const metadata = keyIn(cluster, cluster.metadata.name);
    await client.apply(Held, { metadata, spec: { replicas } });
    return undefined;
  };
}
