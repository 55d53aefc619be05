/** Before anything is begun: what in the source an upgrade could not bring over, or would break by trying to. */
import { databasesOf, MAINTENANCE_DATABASE, type Party } from "./party.ts";
import { replicationNames, type UpgradeIdentity } from "./replication_names.ts";
import type { Report } from "./report.ts";
import {
  fenceOverrides,
  foreignSlots,
  foreignSubscriptions,
  largeObjects,
  limits,
  namesOf,
  shown,
  type Table,
  tables,
  tablesOf,
  text,
  whole,
} from "./sql_catalog.ts";
import { fenceSettings, fenceStateOf } from "./sql_fence.ts";

interface Findings {
  readonly obstacles: string[];
  readonly warnings: string[];
}

/** Slots and processes that first copies take beside those of the subscriptions. */
const COPY_RESERVE = 2;
/** So many names are told; the rest is counted. */
const SHOWN = 5;

export async function examine(upgrade: UpgradeIdentity, source: Party): Promise<Report> {
  const databases = await databasesOf(source);
  const parts = [await examineServer(upgrade, source, databases)];
  for (const database of databases) parts.push(await examineDatabase(upgrade, source, database));
  return {
    kind: "examined",
    obstacles: parts.flatMap(({ obstacles }) => obstacles),
    warnings: parts.flatMap(({ warnings }) => warnings),
    databases,
  };
}

async function examineServer(
  upgrade: UpgradeIdentity,
  source: Party,
  databases: readonly string[],
): Promise<Findings> {
  await using session = await source.open(MAINTENANCE_DATABASE);
  const found: Findings = { obstacles: [], warnings: [] };
  const [row] = await session.ask(limits);
  const ours = databases.map((database) => replicationNames(upgrade, database).subscription);
  const wanted = databases.length;
  const level = text(row, "wal_level");
  if (level !== "logical") {
    found.obstacles.push(
      `wal_level is ${level}, and logical replication needs logical: set it in spec.postgresqlParams of the source`,
    );
  }
  const number = (column: string) => Number(whole(row, column));
  found.obstacles.push(
    ...short("max_replication_slots", number("slots"), number("slots_used") + wanted + COPY_RESERVE),
    ...short("max_wal_senders", number("senders"), number("senders_used") + wanted + COPY_RESERVE),
    // The way back after the cutover needs one in the source for each database.
    ...short("max_logical_replication_workers", number("workers"), wanted + 1),
  );
  const fence = fenceStateOf(await session.ask(fenceSettings), upgrade.uid);
  if (fence.kind === "foreign") {
    found.obstacles.push(`all roles are set to ${fence.setting}: undo it by ALTER ROLE ALL RESET`);
  }
  const overrides = namesOf(await session.ask(fenceOverrides));
  if (overrides.length > 0) {
    found.obstacles.push(
      `default_transaction_read_only is set for ${
        listed(overrides)
      }, so that a cutover could not keep writers out: ` +
        "undo it by ALTER ROLE or ALTER DATABASE ... RESET default_transaction_read_only",
    );
  }
  const readers = namesOf(await session.ask(foreignSlots(ours)));
  if (readers.length > 0) {
    found.warnings.push(
      `others read changes by slots ${listed(readers)}: lead them to the new cluster by hand`,
    );
  }
  return found;
}

function short(setting: string, current: number, needed: number): string[] {
  if (current >= needed) return [];
  return [
    `${setting} is ${current}, and ${needed} are needed: raise it in spec.postgresqlParams of the source`,
  ];
}

async function examineDatabase(
  upgrade: UpgradeIdentity,
  source: Party,
  database: string,
): Promise<Findings> {
  await using session = await source.open(database);
  const found = judgeTables(database, tablesOf(await session.ask(tables)));
  const [row] = await session.ask(largeObjects);
  const count = whole(row, "count");
  if (count > 0n) {
    found.obstacles.push(
      `database ${database} has ${count} large objects, which logical replication does not carry: ` +
        "move them into bytea columns, or remove them (vacuumlo finds those that nothing refers to)",
    );
  }
  const ours = Object.values(replicationNames(upgrade, database));
  const subscriptions = namesOf(await session.ask(foreignSubscriptions(ours)));
  if (subscriptions.length > 0) {
    found.warnings.push(
      `database ${database} has subscriptions ${
        listed(subscriptions)
      }, which are not carried over: make them anew`,
    );
  }
  return found;
}

/** What tables are in the way. Once published, a table without identity would refuse updates and deletes in the source. */
export function judgeTables(database: string, found: readonly Table[]): Findings {
  const unidentified = found.filter(({ identified, unlogged }) => !identified && !unlogged).map(shown);
  const unlogged = found.filter((table) => table.unlogged).map(shown);
  return {
    obstacles: unidentified.length === 0 ? [] : [
      `tables of database ${database} without a primary key cannot be followed: ${listed(unidentified)}. ` +
      "Add a primary key, or ALTER TABLE ... REPLICA IDENTITY FULL (or USING INDEX)",
    ],
    warnings: unlogged.length === 0
      ? []
      : [`unlogged tables of database ${database} arrive empty: ${listed(unlogged)}`],
  };
}

export function listed(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return names.slice(0, SHOWN).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
