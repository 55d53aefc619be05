/** ShardTemplate: settings of shards. */
import { optional, type Output, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { templatePools } from "./pool.ts";
import { postgresFields } from "./postgres.ts";
import { pvcDeletionPolicy } from "./storage.ts";
import { multiorchSpec } from "./workloads.ts";

const shardTemplateSpec = struct({
  initdbArgs: postgresFields.initdbArgs,
  multiorch: optional(multiorchSpec, "Orchestrators of the shard."),
  pools: optional(
    templatePools("template"),
    "Pools by name, at most 8. Pools can be added, not removed or renamed.",
  ),
  postgresConfig: postgresFields.config,
  postgresConfigRef: postgresFields.configRef,
  pvcDeletionPolicy: optional(pvcDeletionPolicy, "Fate of the data volumes of the shard."),
});

export type ShardTemplateSpec = Output<typeof shardTemplateSpec>;
export type ShardTemplate = KindObject<ShardTemplateSpec>;

export const ShardTemplates = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "ShardTemplate",
  plural: "shardtemplates",
  singular: "shardtemplate",
  shortNames: ["sht"],
  categories: multigresCategories,
  description:
    "Settings that shards of clusters of the namespace share. The template named default holds for every " +
    "shard that names none.",
  spec: shardTemplateSpec,
  specDescription: "Settings that a shard takes over where it says nothing itself.",
  specOptional: true,
});
