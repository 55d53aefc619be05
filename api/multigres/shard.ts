/** Shard: the pools and orchestrators that serve one key range. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { flag, int32, mapOf, oneOf, setOf, text, timestamp } from "../schema/values.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { cellName, shardName } from "./identifiers.ts";
import { inheritedDataFields } from "./inherited.ts";
import { resolvedPools } from "./pool.ts";
import { postgresFields } from "./postgres.ts";
import { conditionPath, phaseColumn, statusFields } from "./status.ts";
import { multiorchSpec } from "./workloads.ts";

const shardSpec = struct({
  ...inheritedDataFields,
  initdbArgs: postgresFields.initdbArgs,
  multiorch: required(multiorchSpec, "Orchestrators of the shard."),
  pools: required(resolvedPools("Shard"), "Pools by name, at most 8."),
  postgresConfig: postgresFields.config,
  postgresConfigRef: postgresFields.configRef,
  // The scale subresource takes no negative number here either.
  replicas: optional(
    int32({ min: 0 }),
    "Instances of all pools in all cells, as worked out by the operator; what anyone else writes is put back.",
  ),
  shardName: required(shardName, "Name of the shard within its table group."),
});

export type ShardSpec = Output<typeof shardSpec>;

const postgresConfigStatus = struct({
  error: optional(text(), "Why the settings could not be put together."),
  inProgress: optional(flag(), "Whether some instance still runs with other settings."),
  lastAppliedAt: optional(timestamp(), "When all instances last came to run with the wanted settings."),
});

const shardStatus = struct({
  ...statusFields,
  cells: optional(setOf(cellName, { max: 50 }), "Cells that pools or orchestrators run in."),
  lastBackupTime: optional(timestamp(), "When the newest complete backup was taken."),
  lastBackupType: optional(oneOf("full", "diff", "incr"), "Kind of the newest complete backup."),
  orchReady: required(flag(), "Whether the orchestrators are ready in all cells."),
  podRoles: optional(
    mapOf(text()),
    "Role of each instance, by pod: PRIMARY, REPLICA, DRAINED, or QUARANTINED.",
  ),
  poolsReady: required(flag(), "Whether all wanted instances are ready."),
  postgresConfig: optional(postgresConfigStatus, "How far the wanted server settings have come."),
  readyReplicas: optional(int32({ min: 0 }), "Instances that are ready."),
});

export type ShardStatus = Output<typeof shardStatus>;
export type Shard = KindObject<ShardSpec, ShardStatus>;

export const Shards = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "Shard",
  plural: "shards",
  singular: "shard",
  shortNames: ["srd"],
  categories: multigresCategories,
  description:
    "A key range of a table group, with the PostgreSQL instances that hold it. The operator makes it, and " +
    "puts back what anyone else changes.",
  spec: shardSpec,
  specDescription: "The shard that is wanted.",
  status: shardStatus,
  formerStatusManagers: ["multigres-resource-handler", "multigres-resource-handler-guard"],
  statusDescription: "The shard that was observed.",
  printerColumns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: conditionPath("Available"),
      description: "Whether all wanted instances are ready.",
    },
    phaseColumn,
  ],
  scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.readyReplicas" },
});
