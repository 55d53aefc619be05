/**
 * Names that users choose for the parts of a cluster. Their lengths add up in the names of child objects, whose limits
 * (63 characters for Services) they are made for: cluster 25, database 30, table group 25, shard 25, pool 25, cell 30.
 */
import { text } from "../schema/values.ts";

/** An RFC 1123 label without its length limit. */
export const dnsLabelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const maxNameLength = {
  cluster: 25,
  database: 30,
  tableGroup: 25,
  shard: 25,
  pool: 25,
  cell: 30,
} as const;

export const databaseName = text({ min: 1, max: maxNameLength.database, pattern: dnsLabelPattern });
export const tableGroupName = text({ min: 1, max: maxNameLength.tableGroup, pattern: dnsLabelPattern });
export const shardName = text({ min: 1, max: maxNameLength.shard, pattern: dnsLabelPattern });
export const cellName = text({ min: 1, max: maxNameLength.cell, pattern: dnsLabelPattern });

/** Name of a CoreTemplate, CellTemplate or ShardTemplate of the same namespace. */
export const templateName = text({ min: 1, max: 63 });

/** Reference to a container image. */
export const imageReference = text({ min: 1, max: 512 });

/** Prefix of the keys of a topology server. */
export const rootPath = text({ min: 1, max: 512 });

/** The one shard that a table group has: the whole key range. */
export const wholeRangeShard = "0-inf";
