/** How far the new cluster has come in following the source. */
import { type Desk, endsIn } from "./desk.ts";
import { measureLag } from "./lag.ts";
import type { Lag, Report } from "./report.ts";
import { subscription, subscriptionOf, type SubscriptionState } from "./sql_replication.ts";
import { followedDatabases } from "./work_configure.ts";

/** A lag that is longer is told as it is, and measured anew; in milliseconds. */
const LAG_LIMIT_MS = 10_000;

/** Nothing is followed, as there is no table: then nothing can be behind. */
export const noLag: Lag = { bytes: 0, seconds: 0, confirmed: true, sourceLsn: "0/0", targetLsn: "0/0" };

export async function follow(desk: Desk): Promise<Report> {
  const databases = await followedDatabases(desk);
  const states = await subscriptionStates(desk, databases);
  const sum = (pick: (state: SubscriptionState) => number) =>
    states.reduce((total, state) => total + (state === undefined ? 0 : pick(state)), 0);
  const absent = states.filter((state) => state === undefined).length;
  return {
    kind: "followed",
    copying: sum(({ copying }) => copying) + absent,
    errors: sum(({ errors }) => errors),
    lag: await lagOf(desk, databases),
  };
}

/** Behind which database its subscription is; undefined for one that has none. */
async function subscriptionStates(
  desk: Desk,
  databases: readonly string[],
): Promise<(SubscriptionState | undefined)[]> {
  const states = [];
  for (const database of databases) {
    await using session = await desk.target.open(database);
    states.push(subscriptionOf(await session.ask(subscription(endsIn(desk, database).subscription))));
  }
  return states;
}

/** How far the new cluster is behind, over all databases. */
export async function lagOf(desk: Desk, databases: readonly string[], limitMs = LAG_LIMIT_MS): Promise<Lag> {
  const names = databases.map((database) => endsIn(desk, database).subscription);
  return names.length === 0 ? noLag : await measureLag(desk, desk.source, names, limitMs);
}
