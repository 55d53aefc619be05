/** What is, around one TableGroup. */
import { type Shard, Shards } from "../../api/multigres/shard.ts";
import type { ResolvedShard, TableGroup } from "../../api/multigres/table_group.ts";
import { timestamp } from "../../kube/conditions.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import { isLeaving } from "../removal.ts";
import { shardNameOf } from "./desired_shard.ts";

export type SeenShard = Frozen<Shard> & Stored;

export interface Observation {
  readonly tableGroup: TableGroup & Stored;
  /** Shards that are to be there, each with its object if there is one. */
  readonly wanted: readonly { readonly shard: ResolvedShard; readonly object: SeenShard | undefined }[];
  /** Shards on their way out: those not wanted, and wanted ones that must go before they can come back. */
  readonly leaving: readonly SeenShard[];
  /** RFC 3339. */
  readonly now: string;
}

/** Reads the store; makes no request. */
export function observe(tableGroup: TableGroup & Stored, { cache, clock }: ReconcileContext): Observation {
  const children = cache.children(Shards.resource, tableGroup.metadata.uid).filter(isStored);
  const byName = new Map(children.map((child) => [child.metadata.name, child]));
  const wanted = tableGroup.spec.shards
    .map((shard) => ({ shard, object: byName.get(shardNameOf(tableGroup, shard.name)) }))
    .filter(({ object }) => object === undefined || !isLeaving(object));
  const kept = new Set(wanted.map(({ object }) => object));
  const leaving = children.filter((child) => !kept.has(child));
  return { tableGroup, wanted, leaving, now: timestamp(clock.now()) };
}
