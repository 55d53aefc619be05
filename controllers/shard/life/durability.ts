/** Whether enough of a shard works for its primary to accept writes. */
import type { Durability, LifePod, Slot } from "./model.ts";
import { serves } from "./health.ts";
import type { LifeView } from "./view.ts";

/** Whether instances in these places satisfy the policy. One of them is taken to be the primary. */
export function suffices(durability: Durability, instances: readonly Pick<Slot, "cell">[]): boolean {
  const cells = new Set(instances.map(({ cell }) => cell));
  return instances.length >= durability.instances && cells.size >= durability.cells;
}

/** The pods that serve besides this one. */
export function servingWithout(view: LifeView, pod: LifePod): LifePod[] {
  return view.shard.pods.filter((other) => other.name !== pod.name && serves(view, other));
}

/** The slots and pods that can serve at best: all but those set aside. */
export function atBest({ slots, excess }: LifeView): Pick<Slot, "cell">[] {
  return [
    ...slots.filter(({ pod }) => pod?.aside === undefined),
    ...excess.filter(({ aside }) => aside === undefined),
  ];
}

/** Whether the policy can be satisfied at all: two cells are never reached from one. */
export function isAttainable(view: LifeView): boolean {
  return suffices(view.shard.durability, atBest(view));
}

/**
 * Whether a shard may become as small as is wanted: whether the wanted instances can satisfy the policy. Where they and
 * the excess ones together cannot, it is no reason to keep the excess ones.
 */
export function mayScaleDown(view: LifeView): boolean {
  const wanted = atBest({ ...view, excess: [] });
  return suffices(view.shard.durability, wanted) || !isAttainable(view);
}

/** "AT_LEAST_2 needs 2 instances", "MULTI_CELL_AT_LEAST_2 needs 2 instances in 2 cells". */
export function needOf({ policy, instances, cells }: Durability): string {
  return `${policy} needs ${instances} instances${cells > 1 ? ` in ${cells} cells` : ""}`;
}
