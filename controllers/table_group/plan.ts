/**
 * From what is to what is to be done.
 *
 * | the table group      | its Shards                                                              |
 * | -------------------- | ----------------------------------------------------------------------- |
 * | is asked to leave    | are all asked to get ready; deleting them is left to the owner's removal |
 * | is being deleted     | are left to the garbage collector                                       |
 * | stays                | wanted ones are applied, the others removed gently (see `removal.ts`)    |
 */
import { Shards } from "../../api/multigres/shard.ts";
import { apply, type Plan } from "../../kube/plan.ts";
import { askForRemoval, isReadyForDeletion, isRemovalAsked, removeGently } from "../removal.ts";
import { desiredShard } from "./desired_shard.ts";
import type { Observation } from "./observe.ts";

export function plan(seen: Observation): Plan {
  const { tableGroup, wanted, leaving, now } = seen;
  if (isRemovalAsked(tableGroup)) {
    return allShards(seen).flatMap((shard) => askForRemoval(Shards.resource, shard, now));
  }
  if (tableGroup.metadata.deletionTimestamp !== undefined) return [];
  return [
    ...wanted.map(({ shard }) => apply(Shards.resource, desiredShard(tableGroup, shard))),
    ...leaving.flatMap((shard) => removeGently(Shards.resource, shard, now)),
  ];
}

/** Every Shard object of the table group, wanted or not. */
export function allShards({ wanted, leaving }: Observation) {
  return [...wanted.flatMap(({ object }) => object === undefined ? [] : [object]), ...leaving];
}

/** Whether the table group itself may go: it was asked to, and each of its Shards is ready to. */
export function mayLeave(seen: Observation): boolean {
  const shards = allShards(seen);
  return isRemovalAsked(seen.tableGroup) &&
    shards.every((shard) => shard.metadata.deletionTimestamp === undefined && isReadyForDeletion(shard));
}
