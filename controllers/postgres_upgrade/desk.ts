/** What work inside the databases has at hand. */
import { type Clock, sleep } from "../../kube/clock.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import type { Row, SqlSession, Statement } from "../../postgres/sql/sql_client.ts";
import { MAINTENANCE_DATABASE, type Party } from "./party.ts";
import {
  type Direction,
  type Ends,
  endsOf,
  replicationNames,
  type UpgradeIdentity,
} from "./replication_names.ts";
import { fenceSettings, type FenceState, fenceStateOf } from "./sql_fence.ts";
import { createSlot, slots } from "./sql_replication.ts";
import type { SideName } from "./sides.ts";

/** Tells Patroni which slots are none of its business to remove. */
export interface SlotKeeper {
  /** @param slots name to database. @throws PatroniError */
  keep(side: SideName, slots: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>;
  /** @throws PatroniError */
  release(side: SideName, slots: readonly string[], signal: AbortSignal): Promise<void>;
}

export interface Rules {
  readonly verifyRowCounts: boolean;
  /** Rows that a table may differ by. */
  readonly tolerance: number;
  /** How long transactions may go on behind the fence, in milliseconds. */
  readonly drainMs: number;
  /** Whether clients are led to the new cluster already: then they are not sent away again. */
  readonly attached: boolean;
}

export interface Desk {
  readonly upgrade: UpgradeIdentity;
  /** Whom the other one follows. */
  readonly source: Party;
  readonly target: Party;
  readonly direction: Direction;
  readonly slots: SlotKeeper;
  readonly rules: Rules;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Between two looks at something that changes within moments, in milliseconds. */
const LOOK_MS = 100;

/** Asks until the answer is good, or the time is over. @returns whether it became good */
export async function until(
  { clock, signal }: Pick<Desk, "clock" | "signal">,
  limitMs: number,
  isGood: () => Promise<boolean>,
): Promise<boolean> {
  const end = clock.monotonic() + limitMs;
  for (;;) {
    if (await isGood()) return true;
    if (clock.monotonic() >= end) return false;
    if (!await sleep(clock, LOOK_MS, signal)) {
      throw new SqlError("aborted", "Cannot go on as the work was stopped");
    }
  }
}

/** Names in one database, of the direction that the desk has. */
export function endsIn(
  { upgrade, direction }: Pick<Desk, "upgrade" | "direction">,
  database: string,
): Ends {
  return endsOf(replicationNames(upgrade, database), direction);
}

/** The same two servers with their parts swapped: the source follows the new cluster. */
export function turned(desk: Desk): Desk {
  const direction = desk.direction === "forward" ? "back" : "forward";
  return { ...desk, source: desk.target, target: desk.source, direction };
}

/** How messages call a side. */
export function calling({ side: { side } }: Party): string {
  return side === "source" ? "the source" : "the new cluster";
}

/** How the fence of a server stands. */
export async function fenceOf({ upgrade }: Pick<Desk, "upgrade">, party: Party): Promise<FenceState> {
  await using session = await party.open(MAINTENANCE_DATABASE);
  return fenceStateOf(await session.ask(fenceSettings), upgrade.uid);
}

/** Changes something in the database that belongs to no database in particular. */
export async function changeServer(party: Party, statements: readonly Statement[]): Promise<void> {
  await using session = await party.open(MAINTENANCE_DATABASE);
  await session.change(statements);
}

/** Makes a slot unless it is there. @param session in the database that it is to decode */
export async function ensureSlot(session: SqlSession, name: string): Promise<void> {
  if ((await session.ask(slots([name]))).length === 0) await session.change([createSlot(name)]);
}

/** Answers to several questions, one after the other. */
export async function askAll(session: SqlSession, statements: readonly Statement[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const statement of statements) rows.push(...await session.ask(statement));
  return rows;
}
