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

/** "AT_LEAST_2 needs 2 instances", "MULTI_CELL_AT_LEAST_2 needs 2 instances in 2 cells". */
export function needOf({ policy, instances, cells }: Durability): string {
  return `${policy} needs ${instances} instances${cells > 1 ? ` in ${cells} cells` : ""}`;
}
