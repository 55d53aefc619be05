/** Takes replication apart: subscriptions first, then the slots that they leave, then publications. */
import { SqlError } from "../../postgres/sql/errors.ts";
import type { SqlSession } from "../../postgres/sql/sql_client.ts";
import { type Desk, endsIn, until } from "./desk.ts";
import { askIn, databasesOf, MAINTENANCE_DATABASE, type Party } from "./party.ts";
import { namesOf } from "./sql_catalog.ts";
import {
  dropPublication,
  dropSlots,
  dropSubscription,
  endReaders,
  publicationExists,
  slots,
  slotsOf,
  subscription,
  subscriptionOf,
} from "./sql_replication.ts";
import type { Direction } from "./replication_names.ts";

/** A slot is free this long after its reader was told to stop, or it is tried again later; in milliseconds. */
const FREE_MS = 10_000;

/** What is needed to take apart; a side that is gone for good is left out. */
export type Remains = Pick<Desk, "upgrade" | "slots" | "clock" | "signal"> & {
  readonly source: Party | undefined;
  readonly target: Party | undefined;
};

/**
 * Takes one direction of replication apart, on both sides, as far as they are there. The publisher's side is taken apart even
 * when the subscriber does not answer: a slot that stays would keep the publisher's log for ever.
 * @throws SqlError of the subscriber afterwards
 */
export async function dismantle(remains: Remains, direction: Direction): Promise<void> {
  const [publisher, subscriber] = direction === "forward"
    ? [remains.source, remains.target]
    : [remains.target, remains.source];
  const failure = subscriber === undefined
    ? undefined
    : await failureOf(() => dropSubscriptions(remains, subscriber, direction));
  if (publisher !== undefined) await dropPublications(remains, publisher, direction);
  if (failure !== undefined) throw failure;
  if (publisher !== undefined && subscriber !== undefined) {
    await dropCopySlots(remains, publisher, subscriber);
  }
}

/** What a server did wrong; whatever is not its fault is thrown. */
async function failureOf(run: () => Promise<void>): Promise<SqlError | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof SqlError && error.failure !== "aborted" && error.failure !== "fenced") return error;
    throw error;
  }
}

async function dropSubscriptions(remains: Remains, party: Party, direction: Direction): Promise<void> {
  for (const database of await databasesOf(party)) {
    const { subscription: name } = endsIn({ ...remains, direction }, database);
    await using session = await party.open(database);
    if (subscriptionOf(await session.ask(subscription(name))) === undefined) continue;
    await session.change(dropSubscription(name));
  }
}

async function dropPublications(remains: Remains, party: Party, direction: Direction): Promise<void> {
  const databases = await databasesOf(party);
  const names = databases.map((database) => endsIn({ ...remains, direction }, database).subscription);
  await remains.slots.release(party.side.side, names, remains.signal);
  await using session = await party.open(MAINTENANCE_DATABASE);
  await freeSlots(remains, session, names);
  for (const database of databases) {
    const { publication } = endsIn({ ...remains, direction }, database);
    await using inside = await party.open(database);
    const present = await inside.ask(publicationExists(publication));
    if (present.length > 0) await inside.change([dropPublication(publication)]);
  }
}

/** Slots that first copies of tables have left behind; their names end with the number of the server that made them. */
async function dropCopySlots(remains: Remains, publisher: Party, subscriber: Party): Promise<void> {
  const system = { text: "SELECT system_identifier::text AS name FROM pg_control_system()" };
  const [number = ""] = namesOf(await askIn(subscriber, MAINTENANCE_DATABASE, system));
  await using session = await publisher.open(MAINTENANCE_DATABASE);
  const names = namesOf(
    await session.ask({
      text:
        "SELECT slot_name AS name FROM pg_replication_slots WHERE slot_name ~ ('^pg_[0-9]+_sync_[0-9]+_' || $1 || '$')",
      params: [number],
    }),
  );
  if (names.length > 0) await freeSlots(remains, session, names);
}

async function freeSlots(remains: Remains, session: SqlSession, names: readonly string[]): Promise<void> {
  const free = await until(remains, FREE_MS, async () => {
    const present = slotsOf(await session.ask(slots(names)));
    if (present.some(({ active }) => active)) await session.change([endReaders(names)]);
    if (present.some(({ active }) => !active)) await session.change([dropSlots(names)]);
    return slotsOf(await session.ask(slots(names))).length === 0;
  });
  if (!free) {
    throw new Error(
      `Cannot drop replication slots of the upgrade as they are still read: ${names.join(", ")}`,
    );
  }
}
