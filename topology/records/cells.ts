/** Cells: which there are, and where their own topology is. */
import { type Cell, CellSchema, type Database } from "../gen/clustermetadata_pb.ts";
import { cellKey, cellsPrefix, databasesPrefix, stepsOf } from "../keys.ts";
import type { CallOptions, TopologyStore } from "../store.ts";
import type { RecordStep } from "./step.ts";
import { creationOf, decode, type Stored, updateOf } from "./stored.ts";

export interface WantedCell {
  readonly name: string;
  /** Where clients of the cell's topology server connect: those of the global one when the cell has none of its own. */
  readonly serverAddresses: readonly string[];
  readonly root: string;
}

/** What is there, and what of it may go. */
export interface CellsSeen {
  /** Root of the global topology. */
  readonly root: string;
  readonly cells: ReadonlyMap<string, Stored<Cell>>;
  readonly databases: ReadonlyMap<string, Stored<Database>>;
  /** Revision as of which {@link databases} are all there are. */
  readonly revision: bigint;
}

export interface CellPlan {
  /** Creations and updates. */
  readonly writes: readonly RecordStep[];
  /** Only to be carried out when databases have settled: each is refused if a database was written after it was seen. */
  readonly removals: readonly RecordStep[];
  /** Cells that should go but that databases still list. */
  readonly held: readonly HeldCell[];
}

export interface HeldCell {
  readonly cell: string;
  readonly databases: readonly string[];
}

/**
 * | there | wanted | kept | listed by a database | what happens                                  |
 * | ----- | ------ | ---- | -------------------- | --------------------------------------------- |
 * | no    | yes    |      |                      | create                                        |
 * | yes   | yes    |      |                      | update, if name, addresses or root differ     |
 * | yes   | no     | yes  |                      | nothing: its removal is under way             |
 * | yes   | no     | no   | yes                  | held                                          |
 * | yes   | no     | no   | no                   | remove, unless a database changes meanwhile   |
 *
 * @param removable whether a cell that is not wanted may go; never asked about a cell that is wanted
 */
export function planCells(
  seen: CellsSeen,
  wanted: readonly WantedCell[],
  removable: (cell: string) => boolean,
): CellPlan {
  const names = new Set(wanted.map(({ name }) => name));
  const removals: RecordStep[] = [];
  const held: HeldCell[] = [];
  for (const [name, cell] of seen.cells) {
    if (names.has(name) || !removable(name)) continue;
    const users = [...seen.databases].filter(([, { record }]) => record.cells.includes(name));
    if (users.length === 0) removals.push(removal(seen, name, cell));
    else held.push({ cell: name, databases: users.map(([database]) => database) });
  }
  return {
    writes: wanted.flatMap((cell) => writeOf(seen.root, cell, seen.cells.get(cell.name))),
    removals,
    held,
  };
}

function writeOf(root: string, wanted: WantedCell, stored: Stored<Cell> | undefined): RecordStep[] {
  const fill = (cell: Cell) => {
    cell.name = wanted.name;
    cell.serverAddresses = [...wanted.serverAddresses];
    cell.root = wanted.root;
  };
  const write = stored === undefined
    ? creationOf(CellSchema, cellKey(root, wanted.name), fill)
    : updateOf(CellSchema, stored, fill);
  return write === undefined ? [] : [{ record: "Cell", name: wanted.name, write }];
}

function removal({ revision, root }: CellsSeen, name: string, cell: Stored<Cell>): RecordStep {
  const unchanged = { prefix: databasesPrefix(root), revision };
  return {
    record: "Cell",
    name,
    write: { kind: "delete", key: cell.key, revision: cell.revision, unchanged },
  };
}

/** All cells of a topology by name. @param root of the global topology. @throws TopologyError */
export async function readCells(
  store: TopologyStore,
  root: string,
  options?: CallOptions,
): Promise<Map<string, Stored<Cell>>> {
  const { entries } = await store.list(cellsPrefix(root), options);
  return new Map(entries.flatMap((entry) => {
    const name = stepsOf(entry.key, cellsPrefix(root), "Cell", 1)?.[0];
    return name === undefined ? [] : [[name, decode(CellSchema, entry)]];
  }));
}
