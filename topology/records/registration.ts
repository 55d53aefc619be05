/** Brings the cells and databases of a cluster into its global topology, and takes out those that are gone. */
import { type Database, DatabaseSchema } from "../gen/clustermetadata_pb.ts";
import { databasesPrefix, stepsOf } from "../keys.ts";
import type { CallOptions, TopologyStore } from "../store.ts";
import { type CellsSeen, type HeldCell, planCells, readCells, type WantedCell } from "./cells.ts";
import { type ClaimKey, type DatabasesSeen, planDatabases, type WantedDatabase } from "./databases.ts";
import { type RecordStep, untilSettled } from "./step.ts";
import { decode, type Stored } from "./stored.ts";

export interface WantedTopology {
  /** Root of the global topology. Everything below it belongs to this cluster. */
  readonly root: string;
  readonly cells: readonly WantedCell[];
  readonly databases: readonly WantedDatabase[];
  /** Whether records of cells and databases that are not wanted are removed. */
  readonly prune: boolean;
  /** Not wanted any more, but still being taken down: their records stay until then. */
  readonly keep?: { readonly cells?: ReadonlySet<string>; readonly databases?: ReadonlySet<string> };
}

export interface Registered {
  /** What was written, in order. Empty when all was as it should be. */
  readonly done: readonly RecordStep[];
  /** Cells that could not be removed yet. */
  readonly held: readonly HeldCell[];
}

/**
 * Reads what is there, writes what differs, removes what is not wanted: two reads and nothing else when all is well.
 * Nothing that somebody else wrote meanwhile is overwritten: it is looked at again. A cell goes only in a step that
 * makes sure that no database was written since none was seen to list it.
 * @throws TopologyError
 */
export async function register(
  store: TopologyStore,
  wanted: WantedTopology,
  options?: CallOptions,
): Promise<Registered> {
  let held: readonly HeldCell[] = [];
  const done = await untilSettled(store, async () => {
    const seen = await look(store, wanted.root, options);
    const databases = planDatabases(seen, wanted.databases, removable(wanted, wanted.keep?.databases));
    const cells = planCells(seen, wanted.cells, removable(wanted, wanted.keep?.cells));
    held = cells.held;
    const settled = databases.length === 0;
    return [...cells.writes, ...databases, ...(settled ? cells.removals : [])];
  }, options);
  return { done, held };
}

function removable({ prune }: WantedTopology, kept: ReadonlySet<string> = new Set()) {
  return (name: string): boolean => prune && !kept.has(name);
}

async function look(
  store: TopologyStore,
  root: string,
  options?: CallOptions,
): Promise<CellsSeen & DatabasesSeen> {
  const cells = await readCells(store, root, options);
  const prefix = databasesPrefix(root);
  const { entries, revision } = await store.list(prefix, options);
  const databases = new Map<string, Stored<Database>>();
  const claims: ClaimKey[] = [];
  for (const entry of entries) {
    const [database] = stepsOf(entry.key, prefix, "Database", 1) ?? [];
    if (database !== undefined) databases.set(database, decode(DatabaseSchema, entry));
    const [claimed] = stepsOf(entry.key, prefix, "ShardInitClaim", 3) ?? [];
    if (claimed !== undefined) claims.push({ key: entry.key, revision: entry.revision, database: claimed });
  }
  return { root, revision, cells, databases, claims };
}
