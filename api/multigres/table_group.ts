/** TableGroup: the shards of a set of tables. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { flag, int32, keyedListOf, text } from "../schema/values.ts";
import { backupConfig } from "./backup.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { inheritedDataFields } from "./inherited.ts";
import { resolvedPools } from "./pool.ts";
import { postgresFields } from "./postgres.ts";
import { phaseColumn, statusFields } from "./status.ts";
import { pvcDeletionPolicy } from "./storage.ts";
import { multiorchSpec } from "./workloads.ts";

/** A shard after templates, overrides and defaults were merged. */
const resolvedShard = struct({
  backup: optional(backupConfig, "Where backups of the shard go, after all levels above were merged."),
  initdbArgs: postgresFields.initdbArgs,
  multiorch: required(multiorchSpec, "Orchestrators of the shard."),
  name: required(text({ max: 63 }), "Name of the shard."),
  pools: required(resolvedPools("TableGroup's shards"), "Pools by name, at most 8."),
  postgresConfig: postgresFields.config,
  postgresConfigRef: postgresFields.configRef,
  pvcDeletionPolicy: optional(pvcDeletionPolicy, "Fate of the data volumes of the shard."),
});

export type ResolvedShard = Output<typeof resolvedShard>;

const tableGroupSpec = struct({
  ...inheritedDataFields,
  default: optional(flag(), "Whether tables without a table group of their own belong here."),
  shards: required(keyedListOf(["name"], resolvedShard, { max: 32 }), "Shards, at most 32."),
});

export type TableGroupSpec = Output<typeof tableGroupSpec>;

const tableGroupStatus = struct({
  ...statusFields,
  readyShards: required(int32(), "Shards that are healthy."),
  totalShards: required(int32(), "Shards that are wanted."),
});

export type TableGroupStatus = Output<typeof tableGroupStatus>;
export type TableGroup = KindObject<TableGroupSpec, TableGroupStatus>;

export const TableGroups = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "TableGroup",
  plural: "tablegroups",
  singular: "tablegroup",
  shortNames: ["tbg"],
  categories: multigresCategories,
  description:
    "A set of tables of one database that is sharded alike. The operator makes it, and puts back what " +
    "anyone else changes.",
  spec: tableGroupSpec,
  specDescription: "The table group that is wanted.",
  status: tableGroupStatus,
  statusDescription: "The table group that was observed.",
  printerColumns: [
    {
      name: "Shards",
      type: "integer",
      jsonPath: ".status.readyShards",
      description: "Shards that are healthy.",
    },
    phaseColumn,
  ],
});
