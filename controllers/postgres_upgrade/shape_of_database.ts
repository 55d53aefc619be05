/** What a database consists of, and how that differs between two sides. */
import type { SqlSession } from "../../postgres/sql/sql_client.ts";
import {
  materializedViews,
  type RelationName,
  relationsOf,
  sequences,
  shown,
  type Table,
  tables,
  tablesOf,
} from "./sql_catalog.ts";

export interface DatabaseShape {
  readonly tables: readonly Table[];
  readonly sequences: readonly RelationName[];
  readonly views: readonly RelationName[];
}

export async function shapeOf(session: SqlSession): Promise<DatabaseShape> {
  return {
    tables: tablesOf(await session.ask(tables)),
    sequences: relationsOf(await session.ask(sequences)),
    views: relationsOf(await session.ask(materializedViews)),
  };
}

/** Tables whose rows replication carries. */
export function replicated({ tables }: DatabaseShape): Table[] {
  return tables.filter(({ unlogged }) => !unlogged);
}

/**
 * What the one side has and the other lacks, or has otherwise; each as part of a sentence.
 * @param where how the other side is called
 */
export function shapeDifferences(
  database: string,
  source: DatabaseShape,
  target: DatabaseShape,
  where: string,
): string[] {
  const known = new Map(target.tables.map((table) => [shown(table), table]));
  const there = new Set([...target.sequences, ...target.views].map(shown));
  const tables = source.tables.flatMap((table) => {
    const other = known.get(shown(table));
    if (other === undefined) return [`table ${shown(table)} of database ${database} is missing in ${where}`];
    if (other.columns === table.columns) return [];
    return [
      `table ${shown(table)} of database ${database} has columns (${other.columns}) in ${where}, and ` +
      `(${table.columns}) on the other side`,
    ];
  });
  const others = [...source.sequences, ...source.views].filter((each) => !there.has(shown(each)))
    .map((each) => `${shown(each)} of database ${database} is missing in ${where}`);
  return [...tables, ...others];
}

/** Tables of the one list that the other lacks. */
export function withoutThese<T extends RelationName>(
  all: readonly T[],
  these: readonly RelationName[],
): T[] {
  const names = new Set(these.map(shown));
  return all.filter((each) => !names.has(shown(each)));
}
