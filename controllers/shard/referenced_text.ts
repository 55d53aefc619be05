/** The text that a shard's `postgresConfigRef` names. It is the user's, so it is read live, each time that it changed. */
import type { Background, Task } from "../../kube/background.ts";
import type { Cache } from "../../kube/cache.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { type ConfigMap, ConfigMaps } from "../../kube/kinds.ts";
import { managedByLabel, operatorName } from "../../api/multigres/labels.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import type { ReferencedText } from "./settings.ts";
import { namespaceOf, type ShardView } from "./view.ts";

/** A version of a ConfigMap never changes, so what was read of it holds; in milliseconds. */
const DAY_MS = 86_400_000;

/** Of ConfigMaps that others made, only that they are there, and in which version, is kept. */
export function trimConfigMap(configMap: ConfigMap): ConfigMap {
  if (configMap.metadata.labels?.[managedByLabel] === operatorName) return configMap;
  const { name, namespace = "", uid = "", resourceVersion = "" } = configMap.metadata;
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, uid, resourceVersion } };
}

/** Returns at once; the shard is woken when the text is there. */
export function referencedText(
  view: ShardView,
  { background, key }: { readonly background: Background<string | undefined>; readonly key: string },
  context: ReconcileContext,
): ReferencedText {
  const ref = view.owner.spec.postgresConfigRef;
  if (ref === undefined) return { kind: "none" };
  const name = { namespace: namespaceOf(view), name: ref.name };
  const known = context.cache.get(ConfigMaps, name);
  if (known === undefined) {
    const message = `Cannot use spec.postgresConfigRef as ConfigMap ${ref.name} does not exist; create it`;
    return { kind: "missing", message };
  }
  const task: Task<string | undefined> = {
    id: [ref.name, ref.key, known.metadata.uid, known.metadata.resourceVersion].join("/"),
    freshMs: () => DAY_MS,
    run: async () => (await context.client.find(ConfigMaps, name))?.data?.[ref.key],
  };
  const progress = background.look(key, task, context);
  if (progress.kind === "pending") return { kind: "pending" };
  if (progress.kind === "failed") return { kind: "missing", message: progress.error.message };
  if (progress.result !== undefined) return { kind: "found", text: progress.result };
  const message = `Cannot use spec.postgresConfigRef as ConfigMap ${ref.name} has no key ${ref.key}; add it`;
  return { kind: "missing", message };
}

/** Shards whose settings a ConfigMap holds. */
export function usersOfConfigMap({ metadata }: Frozen<KubeObject>, cache: Cache): string[] {
  return [...cache.store(Shards.resource).values()]
    .filter((shard) =>
      shard.metadata.namespace === metadata.namespace &&
      shard.spec.postgresConfigRef?.name === metadata.name
    )
    .map((shard) => keyOf(shard.metadata));
}
