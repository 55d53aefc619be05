/** The way back: after the cutover the source follows the new cluster, so that it can take its place again. */
import { type Desk, ensureSlot } from "./desk.ts";
import { replicationNames } from "./replication_names.ts";
import { askIn, databasesOf, MAINTENANCE_DATABASE } from "./party.ts";
import type { WayBack } from "./report.ts";
import { relationsOf } from "./sql_catalog.ts";
import {
  createPublication,
  createSubscription,
  publicationExists,
  publishedTables,
  slots,
  slotsOf,
  type SlotState,
  subscription,
  subscriptionOf,
} from "./sql_replication.ts";

/**
 * Makes the source follow the new cluster, while nobody writes to either. No row is copied: both have the same.
 * @param databases in which the new cluster followed the source
 */
export async function openWayBack(desk: Desk, databases: readonly string[]): Promise<void> {
  for (const database of databases) await publishBack(desk, database);
  // Patroni makes a slot that it is to keep, and a slot must not be older than its publication.
  const kept = databases.map((
    database,
  ) => [replicationNames(desk.upgrade, database).backSubscription, database]);
  await desk.slots.keep("target", Object.fromEntries(kept), desk.signal);
  for (const database of databases) {
    const { backPublication, backSubscription } = replicationNames(desk.upgrade, database);
    await using source = await desk.source.open(database);
    await using target = await desk.target.open(database);
    await ensureSlot(target, backSubscription);
    if (subscriptionOf(await source.ask(subscription(backSubscription))) !== undefined) continue;
    const conninfo = desk.target.conninfo(database);
    await source.change([
      createSubscription({ name: backSubscription, conninfo, publication: backPublication, copy: false }),
    ]);
  }
}

async function publishBack(desk: Desk, database: string): Promise<void> {
  const { publication, backPublication } = replicationNames(desk.upgrade, database);
  if ((await askIn(desk.target, database, publicationExists(backPublication))).length > 0) return;
  const tables = relationsOf(await askIn(desk.source, database, publishedTables(publication)));
  await using target = await desk.target.open(database);
  await target.change([createPublication(backPublication, tables)]);
}

/** Whether the source gets everything that is written to the new cluster. */
export async function judgeWayBack(desk: Desk): Promise<WayBack> {
  const wanted: string[] = [];
  const broken: string[] = [];
  for (const database of await databasesOf(desk.target)) {
    const names = replicationNames(desk.upgrade, database);
    const published = await askIn(desk.target, database, publicationExists(names.backPublication));
    if (published.length === 0) continue;
    wanted.push(names.backSubscription);
    const state = subscriptionOf(await askIn(desk.source, database, subscription(names.backSubscription)));
    if (state === undefined) {
      broken.push(`database ${database} of the source follows the new cluster no more`);
    } else if (!state.enabled) {
      broken.push(`the subscription of database ${database} of the source is disabled`);
    } else if (!state.working && state.errors > 0) {
      broken.push(`the source cannot apply the changes of database ${database}: see its log`);
    }
  }
  const states = slotsOf(await askIn(desk.target, MAINTENANCE_DATABASE, slots(wanted)));
  return wayBackOf(wanted, states, broken);
}

/** A gibibyte: from there on people are told, as the log fills the disk of the new cluster. */
const NOTEWORTHY_BYTES = 2 ** 30;

/** The judgement, from what was found. */
export function wayBackOf(
  wanted: readonly string[],
  states: readonly SlotState[],
  broken: readonly string[],
): WayBack {
  const lagBytes = Math.max(0, ...states.map((state) => state.lagBytes));
  const lost = wanted.filter((name) => {
    const state = states.find((each) => each.name === name);
    return state === undefined || state.walStatus === "lost";
  });
  const reasons = [
    ...broken,
    ...lost.map((name) => `slot ${name} of the new cluster, or the log that it needs, is gone`),
  ];
  if (reasons.length > 0) return { feasible: false, reason: reasons.join("; "), lagBytes };
  const far = lagBytes < NOTEWORTHY_BYTES
    ? ""
    : `, more than ${
      Math.floor(lagBytes / NOTEWORTHY_BYTES)
    } GiB behind: the new cluster keeps that much log for it`;
  return { feasible: true, reason: `the source follows the new cluster${far}`, lagBytes };
}
