/** What poolers leave behind in a topology that outlives their cluster: nobody is left who would take it out. */
import { poolersPrefix, stepsOf } from "../keys.ts";
import type { CallOptions, TopologyStore } from "../store.ts";
import { type RecordStep, untilSettled } from "./step.ts";

/**
 * Removes the records of all poolers below a root, which belongs to one cluster alone.
 * @param root of a topology whose poolers have all ended
 * @throws TopologyError
 */
export async function removePoolers(
  store: TopologyStore,
  root: string,
  options?: CallOptions,
): Promise<readonly RecordStep[]> {
  const prefix = poolersPrefix(root);
  return await untilSettled(store, async () => {
    const { entries } = await store.list(prefix, options);
    return entries.filter(({ key }) => stepsOf(key, prefix, "Pooler", 1) !== undefined)
      .map(({ key, revision }): RecordStep => ({
        record: "Pooler",
        name: key,
        write: { kind: "delete", key, revision },
      }));
  }, options);
}
