/** How far the reader of some slots is behind, measured by what it confirms, not by what it was sent. */
import type { SqlSession } from "../../postgres/sql/sql_client.ts";
import { type Desk, until } from "./desk.ts";
import { MAINTENANCE_DATABASE, type Party } from "./party.ts";
import type { Lag } from "./report.ts";
import { namesOf, text } from "./sql_catalog.ts";
import { flushLog } from "./sql_fence.ts";
import { logPosition, slots, slotsOf, unconfirmed } from "./sql_replication.ts";

/**
 * Takes the position of now and waits until every slot has confirmed it. The log is flushed first: the position then covers
 * whatever clients were told is committed.
 * @param limitMs after so long it is not confirmed
 */
export async function measureLag(
  desk: Pick<Desk, "clock" | "signal">,
  party: Party,
  names: readonly string[],
  limitMs: number,
): Promise<Lag> {
  await using session = await party.open(MAINTENANCE_DATABASE);
  await session.change([flushLog]);
  const [row] = await session.ask(logPosition);
  const sourceLsn = text(row, "position");
  const begun = desk.clock.monotonic();
  const confirmed = await until(
    desk,
    limitMs,
    async () => (await session.ask(unconfirmed(names, sourceLsn))).length === 0,
  );
  const seconds = Math.floor((desk.clock.monotonic() - begun) / 1_000);
  return { ...await standing(session, names, sourceLsn), seconds, confirmed, sourceLsn };
}

async function standing(
  session: SqlSession,
  names: readonly string[],
  position: string,
): Promise<{ bytes: number; targetLsn: string }> {
  const found = slotsOf(await session.ask(slots(names)));
  const late = new Set(namesOf(await session.ask(unconfirmed(names, position))));
  const last = found.filter(({ name }) => late.has(name)).sort((a, b) => b.lagBytes - a.lagBytes)[0];
  return { bytes: last?.lagBytes ?? 0, targetLsn: last?.confirmed ?? position };
}
