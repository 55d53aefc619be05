/** Poolers: what each instance says of itself. */
import { poolerServiceId } from "../../api/multigres/names.ts";
import { TopologyError } from "../errors.ts";
import { type Multipooler, MultipoolerSchema } from "../gen/clustermetadata_pb.ts";
import { poolersPrefix, type ShardKeyPath, stepsOf } from "../keys.ts";
import type { CallOptions, Listing, TopologyStore } from "../store.ts";
import { decode, type Stored } from "./stored.ts";

export type StoredPooler = Stored<Multipooler>;

export interface PoolerListing {
  readonly poolers: readonly StoredPooler[];
  /** Keys of records that are no poolers. */
  readonly unreadable: readonly string[];
}

/** The topology of one cell. */
export interface CellTopology {
  readonly cell: string;
  readonly store: TopologyStore;
  readonly root: string;
}

/** What of a listing belongs to a shard in a cell. */
export function selectPoolers(
  { entries }: Listing,
  { root, cell, shard }: { readonly root: string; readonly cell: string; readonly shard: ShardKeyPath },
): PoolerListing {
  const poolers: StoredPooler[] = [];
  const unreadable: string[] = [];
  for (const entry of entries) {
    if (stepsOf(entry.key, poolersPrefix(root), "Pooler", 1) === undefined) continue;
    try {
      const stored = decode(MultipoolerSchema, entry);
      if (stored.record.id?.cell === cell && isOfShard(stored.record, shard)) poolers.push(stored);
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error;
      unreadable.push(entry.key);
    }
  }
  return { poolers, unreadable };
}

function isOfShard({ shardKey }: Multipooler, { database, tableGroup, shard }: ShardKeyPath): boolean {
  return shardKey?.database === database && shardKey.tableGroup === tableGroup && shardKey.shard === shard;
}

export interface ShardPoolers extends PoolerListing {
  /** Cells whose topology could not be read, and why: nothing is known of their poolers. */
  readonly unreachable: ReadonlyMap<string, TopologyError>;
}

/**
 * The poolers of a shard in all its cells, read at the same time, and once where cells share store and root. Cells whose
 * topology cannot be read are left out.
 * @throws TopologyError that of the first cell when no cell can be read: that must not look like "no primary"
 */
export async function readShardPoolers(
  cells: readonly CellTopology[],
  shard: ShardKeyPath,
  options?: CallOptions,
): Promise<ShardPoolers> {
  const list = listingOnce(options);
  const unreachable = new Map<string, TopologyError>();
  const listings = await Promise.all(cells.map(async ({ cell, store, root }): Promise<PoolerListing> => {
    try {
      return selectPoolers(await list(store, root), { root, cell, shard });
    } catch (error) {
      if (!(error instanceof TopologyError) || error.failure === "aborted") throw error;
      unreachable.set(cell, error);
      return { poolers: [], unreadable: [] };
    }
  }));
  const [first] = unreachable.values();
  if (first !== undefined && unreachable.size === cells.length) throw first;
  return {
    poolers: listings.flatMap(({ poolers }) => poolers),
    unreadable: [...new Set(listings.flatMap((listing) => listing.unreadable))],
    unreachable,
  };
}

function listingOnce(options: CallOptions | undefined) {
  const known = new Map<TopologyStore, Map<string, Promise<Listing>>>();
  return (store: TopologyStore, root: string): Promise<Listing> => {
    const byRoot = known.get(store) ?? new Map<string, Promise<Listing>>();
    known.set(store, byRoot);
    const listing = byRoot.get(root) ?? store.list(poolersPrefix(root), options);
    byRoot.set(root, listing);
    return listing;
  };
}

/**
 * The pod that a pooler runs in. Poolers are given an ID that comes from the name of their pod; those that were not are
 * known by their host name, which begins with that of the pod.
 * @param pods names of pods of the pooler's shard and cell
 */
export function podOf({ id, hostname }: Multipooler, pods: readonly string[]): string | undefined {
  return pods.find((pod) =>
    id?.name === poolerServiceId(pod) || id?.name === pod || hostname === pod ||
    hostname.startsWith(`${pod}.`)
  );
}
