/** Compares the two sides: what there is, and how many rows of it. */
import type { SqlSession } from "../../postgres/sql/sql_client.ts";
import { calling, type Desk, endsIn } from "./desk.ts";
import { databasesOf } from "./party.ts";
import type { Lag, MismatchedTable, Report } from "./report.ts";
import { replicated, shapeDifferences, shapeOf, withoutThese } from "./shape_of_database.ts";
import { relationsOf, shown, type Table, whole } from "./sql_catalog.ts";
import { publishedTables, qualified } from "./sql_replication.ts";
import { lagOf } from "./work_follow.ts";

export type Verified = Extract<Report, { kind: "verified" }>;

/**
 * What counts as equal. While one side takes writes, a count of its follower has to lie between two of its own, one from
 * before and one from after: nobody can count both sides at the same moment. Behind the fence the two are simply equal.
 */
export type Manner = "live" | "fenced";

/** Tables that do not agree are counted again so often before that is told: rows come and go meanwhile. */
const ROUNDS = 3;

interface Pair {
  readonly source: SqlSession;
  readonly target: SqlSession;
}

interface Counts {
  readonly table: Table;
  readonly before: number;
  readonly target: number;
  readonly after: number;
}

interface Compared {
  readonly tables: number;
  readonly differences: readonly string[];
  readonly mismatches: readonly MismatchedTable[];
}

export async function verify(desk: Desk, manner: Manner): Promise<Verified> {
  const databases = await databasesOf(desk.source);
  const there = new Set(await databasesOf(desk.target));
  const parts: Compared[] = [];
  const followed: string[] = [];
  for (const database of databases) {
    if (!there.has(database)) {
      const differences = [`database ${database} is missing in ${calling(desk.target)}`];
      parts.push({ tables: 0, mismatches: [], differences });
      continue;
    }
    const part = await verifyDatabase(desk, database, manner);
    if (part.tables > 0) followed.push(database);
    parts.push(part);
  }
  const lag: Lag = await lagOf(desk, followed);
  return {
    kind: "verified",
    at: desk.clock.now().toISOString(),
    tables: parts.reduce((sum, { tables }) => sum + tables, 0),
    mismatches: parts.flatMap(({ mismatches }) => mismatches),
    differences: parts.flatMap(({ differences }) => differences),
    lag,
  };
}

async function verifyDatabase(desk: Desk, database: string, manner: Manner): Promise<Compared> {
  await using source = await desk.source.open(database);
  await using target = await desk.target.open(database);
  const shapes = { source: await shapeOf(source), target: await shapeOf(target) };
  const differences = shapeDifferences(database, shapes.source, shapes.target, calling(desk.target));
  const published = relationsOf(await source.ask(publishedTables(endsIn(desk, database).publication)));
  const tables = replicated(shapes.source);
  differences.push(
    ...withoutThese(tables, published).map((table) =>
      `table ${shown(table)} of database ${database} is new in ${
        calling(desk.source)
      } and not followed: drop it, or ` +
      "move its rows by hand"
    ),
  );
  if (!desk.rules.verifyRowCounts || differences.length > 0) {
    return { tables: tables.length, differences, mismatches: [] };
  }
  const mismatches = await compareCounts(desk, database, { source, target }, { tables, manner });
  return { tables: tables.length, differences, mismatches };
}

async function compareCounts(
  desk: Desk,
  database: string,
  pair: Pair,
  { tables, manner }: { readonly tables: readonly Table[]; readonly manner: Manner },
): Promise<MismatchedTable[]> {
  let open = tables;
  let found: Counts[] = [];
  for (let round = 0; round < ROUNDS && open.length > 0; round++) {
    found = await countTables(desk, database, pair, open);
    found = found.filter((counts) => !agrees(counts, desk.rules.tolerance));
    open = found.map(({ table }) => table);
    if (manner === "fenced") break;
  }
  return found.map(({ table: { schema, name }, before, target }) => ({
    schema,
    table: name,
    sourceCount: before,
    targetCount: target,
    difference: before - target,
  }));
}

async function countTables(
  desk: Desk,
  database: string,
  { source, target }: Pair,
  tables: readonly Table[],
): Promise<Counts[]> {
  const before = await countsIn(source, tables);
  // Whatever the first count has seen must have arrived before the new cluster is counted.
  await lagOf(desk, [database]);
  const other = await countsIn(target, tables);
  const after = await countsIn(source, tables.filter((_, at) => before[at] !== other[at]));
  let next = 0;
  return tables.map((table, at) => {
    const [first, there] = [before[at] ?? 0, other[at] ?? 0];
    return { table, before: first, target: there, after: first === there ? first : after[next++] ?? first };
  });
}

async function countsIn(session: SqlSession, tables: readonly Table[]): Promise<number[]> {
  const counts: number[] = [];
  for (const table of tables) {
    const [row] = await session.ask({ text: `SELECT count(*) AS count FROM ONLY ${qualified(table)}` });
    counts.push(Number(whole(row, "count")));
  }
  return counts;
}

/** Whether a count of the new cluster lies between the two of the source, give or take. */
export function agrees(
  { before, target, after }: Omit<Counts, "table">,
  tolerance: number,
): boolean {
  return target >= Math.min(before, after) - tolerance && target <= Math.max(before, after) + tolerance;
}

/** Whether a comparison found nothing. */
export function isClean({ mismatches, differences }: Verified): boolean {
  return mismatches.length === 0 && differences.length === 0;
}

/** What a comparison found, in a few words. */
export function findingsOf({ mismatches, differences }: Verified): string {
  const rows = mismatches.map(({ schema, table, sourceCount, targetCount }) =>
    `${schema}.${table} has ${sourceCount} rows, and ${targetCount} where they were copied to`
  );
  return [...differences, ...rows].slice(0, 5).join("; ");
}
