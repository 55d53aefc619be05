import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  carryOutOn,
  encode,
  type UnknownFields,
  unknownFields,
  unknownOf,
} from "../../tests/support/topology_records.ts";
import {
  BackupLocationSchema,
  CellSchema,
  DatabaseSchema,
  S3BackupSchema,
} from "../gen/clustermetadata_pb.ts";
import { cellKey, cellsPrefix, claimKey, databaseKey, databasesPrefix, stepsOf } from "../keys.ts";
import type { Entry } from "../store.ts";
import { planCells, type WantedCell } from "./cells.ts";
import { planDatabases, type WantedDatabase } from "./databases.ts";
import type { RecordStep } from "./step.ts";
import { decode, type Stored } from "./stored.ts";

const root = "/g";
const names = ["a", "b", "c", "d"];

const cell: fc.Arbitrary<WantedCell> = fc.record({
  name: fc.constantFrom(...names),
  serverAddresses: fc.array(fc.constantFrom("x:1", "y:2"), { maxLength: 2 }),
  root: fc.constantFrom("/g", "/c"),
});

const database: fc.Arbitrary<WantedDatabase> = fc.record({
  name: fc.constantFrom(...names),
  cells: fc.uniqueArray(fc.constantFrom(...names)),
  backup: fc.constantFrom(
    undefined,
    { type: "filesystem" as const, filesystem: { path: "/elsewhere" } },
    {
      type: "s3" as const,
      s3: { bucket: "b", region: "r", endpoint: "https://s3" },
      encryption: { secretName: "k" },
    },
  ),
  durabilityPolicy: fc.constantFrom(undefined, "AT_LEAST_2", "ANY_2", "MULTI_CELL_AT_LEAST_2"),
});

const byName = { selector: ({ name }: { readonly name: string }) => name };

/** Any topology that somebody may have left, and any wish. */
const world = fc.record({
  cells: fc.uniqueArray(cell, byName),
  databases: fc.uniqueArray(database, byName),
  claimed: fc.uniqueArray(fc.constantFrom(...names)),
  more: unknownFields,
  wantedCells: fc.uniqueArray(cell, byName),
  wantedDatabases: fc.uniqueArray(database, byName),
  kept: fc.uniqueArray(fc.constantFrom(...names)),
  prune: fc.boolean(),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function entriesOf({ cells, databases, claimed, more }: World): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const put = (key: string, value: Uint8Array) =>
    entries.set(key, { key, value, revision: BigInt(entries.size + 1) });
  for (const { name, serverAddresses, root: own } of cells) {
    put(
      cellKey(root, name),
      encode(CellSchema, { name, serverAddresses: [...serverAddresses], root: own }, more),
    );
  }
  for (const { name, cells: used } of databases) {
    const value = fromBinary(S3BackupSchema, encode(S3BackupSchema, { bucket: "old" }, more));
    const location = { location: { case: "s3" as const, value } };
    const backupLocation = fromBinary(BackupLocationSchema, encode(BackupLocationSchema, location, more));
    put(databaseKey(root, name), encode(DatabaseSchema, { name, cells: [...used], backupLocation }, more));
  }
  for (const name of claimed) {
    put(claimKey(root, { database: name, tableGroup: "default", shard: "0-inf" }), new Uint8Array());
  }
  return entries;
}

function storedIn<T>(
  entries: ReadonlyMap<string, Entry>,
  prefix: string,
  kind: "Cell" | "Database",
  read: (entry: Entry) => Stored<T>,
) {
  const found = new Map<string, Stored<T>>();
  for (const entry of entries.values()) {
    const [name] = stepsOf(entry.key, prefix, kind, 1) ?? [];
    if (name !== undefined) found.set(name, read(entry));
  }
  return found;
}

/** Both plans for one moment, as the registration makes them. */
function plansFor(entries: ReadonlyMap<string, Entry>, { wantedCells, wantedDatabases, kept, prune }: World) {
  const cells = storedIn(entries, cellsPrefix(root), "Cell", (entry) => decode(CellSchema, entry));
  const databases = storedIn(
    entries,
    databasesPrefix(root),
    "Database",
    (entry) => decode(DatabaseSchema, entry),
  );
  const claims = [...entries.values()].flatMap(({ key, revision }) => {
    const [name] = stepsOf(key, databasesPrefix(root), "ShardInitClaim", 3) ?? [];
    return name === undefined ? [] : [{ key, revision, database: name }];
  });
  const removable = (name: string) => prune && !kept.includes(name);
  return {
    cells: planCells({ root, cells, databases, revision: 99n }, wantedCells, removable),
    databases: planDatabases({ root, databases, claims }, wantedDatabases, removable),
  };
}

function after(entries: ReadonlyMap<string, Entry>, steps: readonly RecordStep[]): Map<string, Entry> {
  return carryOutOn(entries, steps.map(({ write }) => write));
}

/** The whole way to the end: databases first, then what they no longer hold. */
function settle(entries: ReadonlyMap<string, Entry>, wish: World): Map<string, Entry> {
  const first = plansFor(entries, wish);
  const half = after(entries, [...first.cells.writes, ...first.databases]);
  return after(half, plansFor(half, wish).cells.removals);
}

Deno.test("what is wanted is there afterwards as it is wanted, and another look finds nothing to do", () => {
  fc.assert(fc.property(world, (wish) => {
    const end = settle(entriesOf(wish), wish);
    const again = plansFor(end, wish);
    assert.deepEqual([...again.cells.writes, ...again.databases, ...again.cells.removals], []);
    for (const { name, serverAddresses } of wish.wantedCells) {
      const entry = end.get(cellKey(root, name));
      assert.deepEqual(entry && fromBinary(CellSchema, entry.value).serverAddresses, serverAddresses);
    }
    for (const { name, cells } of wish.wantedDatabases) {
      const entry = end.get(databaseKey(root, name));
      assert.deepEqual(entry && fromBinary(DatabaseSchema, entry.value).cells, cells);
    }
  }));
});

Deno.test("nothing that is wanted or kept is ever removed, nothing at all without pruning, and no cell that a database lists", () => {
  fc.assert(fc.property(world, (wish) => {
    const entries = entriesOf(wish);
    const { cells, databases } = plansFor(entries, wish);
    const removed = [...databases, ...cells.removals].filter(({ write }) => write.kind === "delete");
    if (!wish.prune) assert.deepEqual(removed, []);
    const listed = new Set(wish.databases.flatMap((one) => one.cells));
    for (const { record, name, write } of removed) {
      const owner = record === "ShardInitClaim" ? write.key.split("/")[3] ?? "" : name;
      const wanted: readonly { readonly name: string }[] = record === "Cell"
        ? wish.wantedCells
        : wish.wantedDatabases;
      assert.ok(!wanted.some((one) => one.name === owner), `${record} ${name} is wanted`);
      assert.ok(!wish.kept.includes(owner), `${record} ${name} is kept`);
      if (record === "Cell") assert.ok(!listed.has(name), `${name} is in use`);
    }
  }));
});

Deno.test("what may go is gone in the end, claims with their database, and cells that are held say by whom", () => {
  fc.assert(fc.property(world, (wish) => {
    fc.pre(wish.prune);
    const end = settle(entriesOf(wish), wish);
    for (const key of end.keys()) {
      const [, kind, name = ""] = key.split("/").slice(1);
      const wanted: readonly { readonly name: string }[] = kind === "cells"
        ? wish.wantedCells
        : wish.wantedDatabases;
      if (wanted.some((one) => one.name === name) || wish.kept.includes(name)) continue;
      const held = plansFor(end, wish).cells.held.find(({ cell: one }) => one === name);
      assert.ok(kind === "cells" && held !== undefined && held.databases.length > 0, `${key} is left over`);
    }
  }));
});

Deno.test("fields that this version does not know survive each update, in nested messages too", () => {
  fc.assert(fc.property(world, (wish) => {
    const before = entriesOf(wish);
    const end = settle(before, wish);
    const same = (found: UnknownFields) => assert.deepEqual(found, wish.more);
    for (const key of before.keys()) {
      const value = end.get(key)?.value;
      if (value === undefined || key.endsWith("ShardInitClaim")) continue;
      if (key.endsWith("/Cell")) {
        same(unknownOf(CellSchema, value));
        continue;
      }
      same(unknownOf(DatabaseSchema, value));
      const { backupLocation } = fromBinary(DatabaseSchema, value);
      same(unknownOf(BackupLocationSchema, encode(BackupLocationSchema, backupLocation ?? {})));
      const location = backupLocation?.location;
      if (location?.case === "s3") same(unknownOf(S3BackupSchema, encode(S3BackupSchema, location.value)));
    }
  }));
});
