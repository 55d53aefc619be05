/** Databases and their table groups: policies from above, and the shards below. */
import type { BackupConfig } from "../api/multigres/backup.ts";
import type { PvcDeletionPolicy } from "../api/multigres/storage.ts";
import type { ResolvedShard } from "../api/multigres/table_group.ts";
import type { Notice } from "../kube/events.ts";
import {
  type CompleteClusterSpec,
  type CompleteDatabase,
  type CompleteTableGroup,
  implicitDefault,
  orDefault,
} from "./cluster_defaults.ts";
import { completeBackup } from "./defaults.ts";
import { mergeBackup } from "./merge_backup.ts";
import { present } from "./present.ts";
import { gather, type Resolved, resolved } from "./problem.ts";
import { type ResolvedShardPart, resolveShard } from "./shard.ts";
import type { TemplateScope } from "./templates.ts";

export interface ResolvedTableGroup {
  readonly name: string;
  readonly default?: boolean;
  readonly backup: BackupConfig;
  /** For volumes without a nearer policy. Policies are always complete, so the nearest one holds as a whole. */
  readonly pvcDeletionPolicy: PvcDeletionPolicy;
  readonly shards: ResolvedShard[];
}

export interface ResolvedDatabase {
  readonly name: string;
  /** As the topology records it: of cluster and database, without what table groups and shards change. */
  readonly backup: BackupConfig;
  readonly durabilityPolicy: string;
  readonly tableGroups: readonly ResolvedTableGroup[];
}

/** A resolved part, and what is to be told about how it came about. */
export interface Findings<T> {
  readonly value: T;
  /** ShardTemplates that took part. */
  readonly templates: readonly string[];
  readonly notices: readonly Notice[];
}

/** What a table group takes from above. */
interface Above {
  readonly backup: BackupConfig;
  readonly pvcDeletionPolicy: PvcDeletionPolicy;
  readonly cells: readonly string[];
}

/** @param path of the database within the cluster, such as `spec.databases[0]`. */
export function resolveDatabase(
  scope: TemplateScope,
  spec: CompleteClusterSpec,
  database: CompleteDatabase,
  path: string,
): Resolved<Findings<ResolvedDatabase>> {
  const backup = completeBackup(mergeBackup(spec.backup, database.backup));
  const cells = cellNames(spec);
  const above = { backup, cells, pvcDeletionPolicy: spec.pvcDeletionPolicy };
  const groups = gather(
    database.tablegroups.map((group, index) =>
      resolveTableGroup(scope, group, above, `${path}.tablegroups[${index}]`)
    ),
  );
  if (!groups.ok) return groups;
  const durabilityPolicy = orDefault(database.durabilityPolicy, spec.durabilityPolicy);
  return resolved({
    value: {
      name: database.name,
      backup,
      durabilityPolicy,
      tableGroups: groups.value.map((group) => group.value),
    },
    templates: groups.value.flatMap((group) => group.templates),
    notices: groups.value.flatMap((group) => group.notices),
  });
}

/** All cells of a cluster by name, in an order that does not depend on how the user lists them. */
export function cellNames(spec: Pick<CompleteClusterSpec, "cells">): string[] {
  return (spec.cells ?? []).map((cell) => cell.name).sort();
}

function resolveTableGroup(
  scope: TemplateScope,
  group: CompleteTableGroup,
  above: Above,
  path: string,
): Resolved<Findings<ResolvedTableGroup>> {
  const backup = completeBackup(mergeBackup(above.backup, group.backup));
  const shards = gather(group.shards.map((shard, index) => {
    const place = { shard, cells: above.cells, backup, path: `${path}.shards[${index}]` };
    return resolveShard(scope, place);
  }));
  if (!shards.ok) return shards;
  return resolved({
    value: {
      name: group.name,
      ...present({ default: group.default }),
      backup,
      pvcDeletionPolicy: group.pvcDeletionPolicy ?? above.pvcDeletionPolicy,
      shards: shards.value.map((part) => part.shard),
    },
    templates: shards.value.flatMap((part) => part.template ?? []),
    notices: shards.value.flatMap((part, index) => implicitPools(part, `${path}.shards[${index}]`)),
  });
}

function implicitPools(part: ResolvedShardPart, path: string): Notice[] {
  return part.poolIsImplicit ? [implicitDefault(`${path}.spec.pools`, "one pool named default")] : [];
}
