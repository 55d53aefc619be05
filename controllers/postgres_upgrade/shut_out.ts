/** Gets writers out of a server behind its fence. */
import { type Desk, until } from "./desk.ts";
import { MAINTENANCE_DATABASE, type Party } from "./party.ts";
import { namesOf, preparedTransactions } from "./sql_catalog.ts";
import { clients, endClients, writers } from "./sql_fence.ts";
import type { SqlSession } from "../../postgres/sql/sql_client.ts";

/** A client that is told to go is gone within this time, or it is told again; in milliseconds. */
const END_MS = 10_000;

/**
 * Ends every client that began before the fence stood: those after it may read only. Transactions that have written
 * something are given time to end; whatever they had not committed then was never acknowledged.
 * @param drainMs that time
 * @returns why it is not done; undefined when nobody is left who could write
 */
export async function shutOut(
  desk: Pick<Desk, "clock" | "signal">,
  party: Party,
  drainMs: number,
): Promise<string | undefined> {
  await using session = await party.open(MAINTENANCE_DATABASE);
  await drain(desk, session, drainMs);
  const before = pidsOf(await session.ask(clients));
  if (before.length > 0) await session.change([endClients(before)]);
  const gone = await until(desk, END_MS, async () => {
    const now = new Set(pidsOf(await session.ask(clients)));
    return before.every((pid) => !now.has(pid));
  });
  if (!gone) return "clients that were told to go are still connected";
  const prepared = namesOf(await session.ask(preparedTransactions));
  if (prepared.length > 0) {
    return `prepared transactions would be lost, or could be committed later: COMMIT PREPARED or ROLLBACK PREPARED ${
      prepared.slice(0, 5).join(", ")
    }`;
  }
  return undefined;
}

/** Waits for the transactions of now; those that begin meanwhile are not waited for. */
async function drain(
  desk: Pick<Desk, "clock" | "signal">,
  session: SqlSession,
  drainMs: number,
): Promise<void> {
  const waited = sessionsOf(await session.ask(writers));
  await until(desk, drainMs, async () => {
    if (waited.size === 0) return true;
    const now = sessionsOf(await session.ask(writers));
    return [...waited].every((each) => !now.has(each));
  });
}

function sessionsOf(rows: readonly Readonly<Record<string, unknown>>[]): Set<string> {
  return new Set(rows.map((row) => String(row["session"])));
}

function pidsOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  return rows.map((row) => String(row["pid"]));
}
