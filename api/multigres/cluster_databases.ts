/** Databases, table groups and shards of a MultigresCluster, as its user writes them. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { flag, keyedListOf, text } from "../schema/values.ts";
import { backupConfig } from "./backup.ts";
import {
  databaseName,
  dnsLabelPattern,
  maxNameLength,
  tableGroupName,
  templateName,
  wholeRangeShard,
} from "./identifiers.ts";
import { userPools } from "./pool.ts";
import { durabilityPolicy, postgresFields } from "./postgres.ts";
import { pvcDeletionPolicy } from "./storage.ts";
import { multiorchSpec } from "./workloads.ts";

const shardOverrides = struct({
  initdbArgs: postgresFields.initdbArgs,
  multiorch: optional(multiorchSpec, "Settings of the orchestrators that differ from the template's."),
  pools: optional(
    userPools("overrides of a shard"),
    "Pools by name: settings that differ from the template's, or more pools. Pools can be added, not removed.",
  ),
  postgresConfig: postgresFields.config,
  postgresConfigRef: postgresFields.configRef,
});

export type ShardOverrides = Output<typeof shardOverrides>;

const shardInlineSpec = struct({
  initdbArgs: postgresFields.initdbArgs,
  multiorch: optional(multiorchSpec, "Orchestrators of the shard."),
  pools: optional(
    userPools("spec of a shard"),
    "Pools by name, at most 8. Pools can be added, not removed or renamed.",
  ),
  postgresConfig: postgresFields.config,
  postgresConfigRef: postgresFields.configRef,
  pvcDeletionPolicy: optional(pvcDeletionPolicy, "Fate of the data volumes of the shard."),
});

export type ShardInlineSpec = Output<typeof shardInlineSpec>;

const clusterShardName = text({
  min: 1,
  max: maxNameLength.shard,
  pattern: dnsLabelPattern,
  rules: [{
    rule: `self == '${wholeRangeShard}'`,
    message: `a shard must be named ${wholeRangeShard}, as shards cannot be split yet`,
  }],
});

const shardConfig = struct({
  backup: optional(backupConfig, "Where backups of the shard go, before all levels above."),
  name: required(clusterShardName, `Name of the shard: ${wholeRangeShard}, the whole key range.`),
  overrides: optional(shardOverrides, "Settings that differ from the template's. Excludes spec."),
  shardTemplate: optional(
    templateName,
    "ShardTemplate of the namespace to take the settings from. Excludes spec.",
  ),
  spec: optional(shardInlineSpec, "Settings of the shard. Excludes shardTemplate and overrides."),
}, {
  rules: [
    {
      rule: "!(has(self.spec) && has(self.shardTemplate))",
      message: "a shard cannot have both spec and shardTemplate",
    },
    {
      rule: "!(has(self.spec) && has(self.overrides))",
      message: "a shard cannot have both spec and overrides: write the settings into spec",
    },
  ],
});

export type ShardConfig = Output<typeof shardConfig>;

const tableGroupConfig = struct({
  backup: optional(
    backupConfig,
    "Where backups of the table group go, before the database's and the cluster's.",
  ),
  default: optional(
    flag(),
    "Whether tables without a table group of their own belong here. Exactly one table group is the default, and it " +
      "is named default.",
  ),
  name: required(tableGroupName, "Name of the table group."),
  pvcDeletionPolicy: optional(pvcDeletionPolicy, "Fate of the data volumes, before the cluster's policy."),
  shards: optional(
    keyedListOf(["name"], shardConfig, { max: 32 }),
    `Shards; one named ${wholeRangeShard} when absent.`,
  ),
}, {
  rules: [{
    rule: "!(has(self.default) && self.default) || self.name == 'default'",
    message: "the default table group must be named default",
  }],
});

export type TableGroupConfig = Output<typeof tableGroupConfig>;

const databaseConfig = struct({
  backup: optional(backupConfig, "Where backups of the database go, before the cluster's."),
  default: optional(flag(), "Marks the system database. Must be true."),
  durabilityPolicy,
  name: required(databaseName, "Name of the database: postgres."),
  tablegroups: optional(
    keyedListOf(["name"], tableGroupConfig, {
      max: 20,
      rules: [{
        rule: "self.filter(group, has(group.default) && group.default).size() == 1",
        message: "exactly one table group of a database must be the default",
      }],
    }),
    "Table groups; one named default when absent.",
  ),
});

export type DatabaseConfig = Output<typeof databaseConfig>;

export const clusterDatabases = keyedListOf(["name"], databaseConfig, {
  max: 1,
  rules: [{
    rule: "self.all(database, database.name == 'postgres' && has(database.default) && database.default)",
    message: "the only database must be named postgres and have default: true",
  }],
});
