/**
 * Records of poolers whose pod is gone. A mark has the orchestrator take the pooler out of the cohort within a second;
 * without it, it counts for hours, and may cost the shard its majority.
 *
 * | slot of the record            | done                                              |
 * | ----------------------------- | ------------------------------------------------- |
 * | wanted, and can be filled     | left alone: the same pooler is back in a moment   |
 * | wanted, but its volume is lost | marked                                           |
 * | not wanted, or none           | marked                                            |
 *
 * Only while a primary leads, for only it changes the cohort, and without one the record tells who may have a vote.
 */
import { blindness } from "./gate.ts";
import type { LifeAction } from "./actions.ts";
import { type LifeView, slotKey } from "./view.ts";

export function markStrays(view: LifeView): LifeAction[] {
  const { shard, slots } = view;
  if (blindness(view, "scaleDown") !== undefined) return [];
  const expected = new Set(slots.filter(({ claim }) => claim?.lost !== true).map(slotKey));
  return shard.strays.filter(({ slot }) => slot === undefined || !expected.has(slotKey(slot)))
    .map(({ id }): LifeAction => ({ kind: "markShutdown", pooler: id }));
}
