/** Whether a shard may become as small as is wanted. */
import { suffices } from "./durability.ts";
import type { LifeView } from "./view.ts";

/**
 * Whether the wanted instances can satisfy the durability policy. Where they and the excess ones together cannot, it is
 * no reason to keep the excess ones.
 */
export function mayScaleDown({ shard, slots, excess }: LifeView): boolean {
  const kept = slots.filter(({ pod }) => pod?.aside === undefined);
  const now = [...kept, ...excess.filter(({ aside }) => aside === undefined)];
  return suffices(shard.durability, kept) || !suffices(shard.durability, now);
}
