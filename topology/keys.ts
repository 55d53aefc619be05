/**
 * Names of keys. `root` is the prefix that a topology has: the global one holds cells, databases and claims, that of a
 * cell holds poolers, gateways and orchestrators. Both may be the same.
 */
import { posix } from "node:path";

/** Where a shard is within one cluster. */
export interface ShardKeyPath {
  readonly database: string;
  readonly tableGroup: string;
  readonly shard: string;
}

/** What the keys of a topology's own records end in. */
export type RecordKind = "Cell" | "Database" | "ShardInitClaim" | "Pooler";

/** Ends in a slash, so that `zone1` and `zone10` stay apart. */
export function cellsPrefix(root: string): string {
  return `${posix.join(root, "cells")}/`;
}

export function cellKey(root: string, cell: string): string {
  return posix.join(root, "cells", cell, "Cell");
}

/** Below it lie the records of databases, and what belongs to their shards. */
export function databasesPrefix(root: string): string {
  return `${posix.join(root, "databases")}/`;
}

export function databaseKey(root: string, database: string): string {
  return posix.join(root, "databases", database, "Database");
}

/** Who may bootstrap a shard. */
export function claimKey(root: string, { database, tableGroup, shard }: ShardKeyPath): string {
  return posix.join(root, "databases", database, tableGroup, shard, "ShardInitClaim");
}

/** @param root of the cell */
export function poolersPrefix(root: string): string {
  return `${posix.join(root, "poolers")}/`;
}

/** @param root of the cell */
export function poolerKey(root: string, cell: string, serviceId: string): string {
  return posix.join(root, "poolers", `multipooler-${cell}-${serviceId}`, "Pooler");
}

/**
 * The steps between `prefix` and `kind`: `["zone1"]` for a cell, database, table group and shard for a claim. Undefined
 * for keys of other kinds or with another number of steps (locks lie below the same prefixes).
 */
export function stepsOf(
  key: string,
  prefix: string,
  kind: RecordKind,
  count: number,
): string[] | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const steps = key.slice(prefix.length).split("/");
  return steps.pop() === kind && steps.length === count ? steps : undefined;
}
