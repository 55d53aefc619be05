/**
 * Makes the new cluster follow the source: each step is looked for before it is done, so that it does not matter how much of
 * it has happened before.
 */
import { calling, changeServer, type Desk, endsIn, ensureSlot, fenceOf } from "./desk.ts";
import { askIn, databasesOf, type Party } from "./party.ts";
import type { Report } from "./report.ts";
import { type DatabaseShape, replicated, shapeDifferences, shapeOf } from "./shape_of_database.ts";
import { availableExtensions, extensions, namesOf, type RelationName, shown } from "./sql_catalog.ts";
import { setFence } from "./sql_fence.ts";
import {
  createPublication,
  createSubscription,
  enableSubscription,
  publicationExists,
  qualified,
  subscription,
  subscriptionOf,
} from "./sql_replication.ts";
import { listed } from "./work_examine.ts";

type Configured = Extract<Report, { kind: "configured" }>;

const nothing: Configured = { kind: "configured", waiting: [], obstacles: [] };

export async function configure(desk: Desk): Promise<Report> {
  const databases = await databasesOf(desk.source);
  const missing = await missingDatabases(desk.target, databases);
  if (missing.length > 0) return { ...nothing, obstacles: missing };
  const fenced = await fenceTarget(desk);
  if (fenced !== undefined) return { ...nothing, obstacles: [fenced] };
  const parts: Configured[] = [];
  const published: string[] = [];
  for (const database of databases) {
    const obstacles = await publish(desk, database);
    if (obstacles === undefined) published.push(database);
    else parts.push({ ...nothing, obstacles });
  }
  // Patroni makes a slot that it is to keep. What is decoded from a slot must find the publication in the catalogues of
  // that moment, so a slot that is older than its publication could never be read.
  const names = published.map((database) => [endsIn(desk, database).subscription, database]);
  if (names.length > 0) await desk.slots.keep("source", Object.fromEntries(names), desk.signal);
  for (const database of published) parts.push(await follow(desk, database));
  return {
    kind: "configured",
    waiting: parts.flatMap(({ waiting }) => waiting),
    obstacles: parts.flatMap(({ obstacles }) => obstacles),
  };
}

async function missingDatabases(target: Party, wanted: readonly string[]): Promise<string[]> {
  const there = new Set(await databasesOf(target));
  return wanted.filter((database) => !there.has(database))
    .map((database) => `database ${database} is missing in the new cluster`);
}

/** From here on only replication writes to the new cluster. */
async function fenceTarget(desk: Desk): Promise<string | undefined> {
  const fence = await fenceOf(desk, desk.target);
  if (fence.kind === "open") await changeServer(desk.target, setFence(desk.upgrade.uid, "filling"));
  if (fence.kind === "foreign") return `all roles of the new cluster are set to ${fence.setting}: undo it`;
  return undefined;
}

/**
 * Publishes the tables of a database that the other side has too.
 * @returns what stands against following it, nothing where it has no tables; undefined once it is published
 */
async function publish(desk: Desk, database: string): Promise<readonly string[] | undefined> {
  await using source = await desk.source.open(database);
  await using target = await desk.target.open(database);
  const shapes = { source: await shapeOf(source), target: await shapeOf(target) };
  const lacking = await missingExtensions(desk, database);
  const obstacles = [
    ...lacking,
    ...shapeDifferences(database, shapes.source, shapes.target, calling(desk.target)),
  ];
  const tables = replicated(shapes.source);
  if (obstacles.length > 0 || tables.length === 0) return obstacles;
  const { publication, subscription: name } = endsIn(desk, database);
  if ((await target.ask(subscription(name))).length > 0) return undefined;
  const filled = await filledTables(desk.target, database, replicated(shapes.target));
  if (filled.length > 0) {
    return [`tables of database ${database} of the new cluster have rows already: ${listed(filled)}`];
  }
  const published = await source.ask(publicationExists(publication));
  if (published.length === 0) await source.change([createPublication(publication, tables)]);
  return undefined;
}

/** Makes the new cluster follow what a database publishes. */
async function follow(desk: Desk, database: string): Promise<Configured> {
  const names = endsIn(desk, database);
  const conninfo = desk.source.conninfo(database);
  await using target = await desk.target.open(database);
  const present = subscriptionOf(await target.ask(subscription(names.subscription)));
  if (present !== undefined) {
    if (!present.enabled || present.conninfo !== conninfo) {
      await target.change(enableSubscription(names.subscription, conninfo));
    }
    return present.working ? nothing : { ...nothing, waiting: [`database ${database} is not yet followed`] };
  }
  await using source = await desk.source.open(database);
  await ensureSlot(source, names.subscription);
  await target.change([
    createSubscription({ name: names.subscription, conninfo, publication: names.publication, copy: true }),
  ]);
  return { ...nothing, waiting: [`database ${database} begins to be followed`] };
}

async function missingExtensions({ source, target }: Desk, database: string): Promise<string[]> {
  const wanted = namesOf(await askIn(source, database, extensions));
  const there = new Set(namesOf(await askIn(target, database, availableExtensions)));
  return wanted.filter((name) => !there.has(name)).map((name) =>
    `extension ${name} of database ${database} does not exist in the image of the new cluster: drop it in the source`
  );
}

/** Rows of somebody else would collide with those of the source, or stay beside them. */
async function filledTables(
  target: Party,
  database: string,
  tables: DatabaseShape["tables"],
): Promise<string[]> {
  const filled: RelationName[] = [];
  await using session = await target.open(database);
  for (const table of tables) {
    const rows = await session.ask({ text: `SELECT 1 AS one FROM ONLY ${qualified(table)} LIMIT 1` });
    if (rows.length > 0) filled.push(table);
  }
  return filled.map(shown);
}

/** Databases in which the one side follows the other: those that our publication is in. */
export async function followedDatabases(
  desk: Pick<Desk, "upgrade" | "source" | "direction">,
): Promise<string[]> {
  const followed: string[] = [];
  for (const database of await databasesOf(desk.source)) {
    const { publication } = endsIn(desk, database);
    const rows = await askIn(desk.source, database, publicationExists(publication));
    if (rows.length > 0) followed.push(database);
  }
  return followed;
}
