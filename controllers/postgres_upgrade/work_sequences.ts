/** Sequences, which replication does not carry, and what else makes a server ready for work. */
import { isAboutStatement } from "../../postgres/sql/errors.ts";
import type { SqlSession } from "../../postgres/sql/sql_client.ts";
import { askAll, type Desk } from "./desk.ts";
import { databasesOf, type Party } from "./party.ts";
import type { Report } from "./report.ts";
import { materializedViews, type RelationName, relationsOf, sequences, shown } from "./sql_catalog.ts";
import { qualified } from "./sql_replication.ts";
import { sameState, sequenceStates, sequenceStatesOf, setSequence } from "./sql_sequences.ts";

export type Sequenced = Extract<Report, { kind: "sequenced" }>;

/** Sets every sequence of one side to where the other's stands, and reads it again. */
export async function copySequences(desk: Desk, from: Party, to: Party): Promise<Sequenced> {
  let total = 0;
  const failed: string[] = [];
  for (const database of await databasesOf(from)) {
    await using source = await from.open(database);
    await using target = await to.open(database);
    const done = await copyIn(source, target);
    total += done.total;
    failed.push(...done.failed);
  }
  return { kind: "sequenced", at: desk.clock.now().toISOString(), total, failed, warnings: [] };
}

async function copyIn(source: SqlSession, target: SqlSession): Promise<{ total: number; failed: string[] }> {
  const names = relationsOf(await source.ask(sequences));
  const there = new Set(relationsOf(await target.ask(sequences)).map(shown));
  const wanted = sequenceStatesOf(await askAll(source, sequenceStates(names)));
  const known = names.filter((name) => there.has(shown(name)));
  const failed = names.filter((name) => !there.has(shown(name))).map(shown);
  const current = new Map(
    sequenceStatesOf(await askAll(target, sequenceStates(known))).map((state) => [shown(state), state]),
  );
  for (const state of wanted.filter((each) => there.has(shown(each)))) {
    if (sameState(current.get(shown(state)), state)) continue;
    try {
      await target.change([setSequence(state)]);
    } catch (error) {
      if (!isAboutStatement(error)) throw error;
      failed.push(`${shown(state)} (${error.message})`);
    }
  }
  return { total: names.length, failed };
}

/**
 * Statistics, without which every plan is a guess, and the contents of views that were copied without them.
 * @returns views that could not be filled, with the reason
 */
export async function warmUp({ source, target }: Pick<Desk, "source" | "target">): Promise<string[]> {
  const failed: string[] = [];
  for (const database of await databasesOf(source)) {
    await using there = await source.open(database);
    await using session = await target.open(database);
    const populated = (await there.ask(materializedViews)).filter(isPopulated);
    const empty = (await session.ask(materializedViews)).filter((row) => !isPopulated(row));
    const wanted = new Set(relationsOf(populated).map(shown));
    const views = relationsOf(empty).filter((each) => wanted.has(shown(each)));
    failed.push(...(await refresh(session, views)).map((each) => `database ${database}: ${each}`));
    await session.change([{ text: "ANALYZE" }]);
  }
  return failed;
}

async function refresh(session: SqlSession, views: readonly RelationName[]): Promise<string[]> {
  const failed: string[] = [];
  for (const view of views) {
    try {
      await session.change([{ text: `REFRESH MATERIALIZED VIEW ${qualified(view)}` }]);
    } catch (error) {
      if (!isAboutStatement(error)) throw error;
      failed.push(`materialized view ${shown(view)} stays empty: ${error.message}`);
    }
  }
  return failed;
}

function isPopulated(row: Readonly<Record<string, unknown>>): boolean {
  return row["populated"] === true;
}
