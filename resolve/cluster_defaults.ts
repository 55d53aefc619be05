/** What a cluster means where it says nothing, before any template is looked at. */
import type { BackupConfig } from "../api/multigres/backup.ts";
import type { DatabaseConfig, ShardConfig, TableGroupConfig } from "../api/multigres/cluster_databases.ts";
import type { ClusterImages } from "../api/multigres/component_images.ts";
import type { MultigresClusterSpec } from "../api/multigres/multigres_cluster.ts";
import type { ComponentLogLevels } from "../api/multigres/observability.ts";
import type { TopologyPruningConfig } from "../api/multigres/postgres.ts";
import type { Notice } from "../kube/events.ts";
import {
  completeBackup,
  durability,
  implicitDatabase,
  implicitShard,
  implicitTableGroup,
  pullPolicy,
  superuser,
  volumeBackup,
} from "./defaults.ts";

export interface CompleteTableGroup extends TableGroupConfig {
  shards: ShardConfig[];
}

export interface CompleteDatabase extends DatabaseConfig {
  tablegroups: CompleteTableGroup[];
}

/** A cluster's spec whose plain settings are all there. Templates and overrides are as they were. */
export interface CompleteClusterSpec extends MultigresClusterSpec {
  backup: BackupConfig;
  databases: CompleteDatabase[];
  durabilityPolicy: string;
  images: ClusterImages;
  logLevels: Required<ComponentLogLevels>;
  topologyPruning: TopologyPruningConfig;
}

/** Fills in the plain settings of a cluster. Filling in twice changes nothing. */
export function completeCluster(spec: MultigresClusterSpec): CompleteClusterSpec {
  return {
    ...spec,
    backup: spec.backup ?? completeBackup(volumeBackup),
    databases: completeDatabases(spec.databases),
    durabilityPolicy: orDefault(spec.durabilityPolicy, durability),
    images: { imagePullPolicy: pullPolicy, ...spec.images },
    logLevels: {
      multiadmin: "info",
      multigateway: "info",
      multiorch: "info",
      multipooler: "info",
      pgctld: "info",
      ...spec.logLevels,
    },
    postgresSuperuser: orDefault(spec.postgresSuperuser, superuser),
    topologyPruning: spec.topologyPruning ?? { enabled: true },
  };
}

export function orDefault(text: string | undefined, otherwise: string): string {
  return text === undefined || text === "" ? otherwise : text;
}

function completeDatabases(databases: MultigresClusterSpec["databases"]): CompleteDatabase[] {
  return orOne(databases, { ...implicitDatabase }).map((database) => ({
    ...database,
    tablegroups: orOne(database.tablegroups, { ...implicitTableGroup }).map((group) => ({
      ...group,
      shards: orOne(group.shards, { ...implicitShard }),
    })),
  }));
}

function orOne<T>(list: T[] | undefined, implicit: T): T[] {
  return list === undefined || list.length === 0 ? [implicit] : list;
}

/** Tells what a cluster is given without having asked for it: the parts that hold data. */
export function implicitParts(spec: MultigresClusterSpec): Notice[] {
  const databases = spec.databases ?? [];
  if (databases.length === 0) {
    return [implicitDefault("spec.databases", "database postgres with table group default and shard 0-inf")];
  }
  return databases.flatMap((database, index) => {
    const path = `spec.databases[${index}].tablegroups`;
    const groups = database.tablegroups ?? [];
    if (groups.length === 0) return [implicitDefault(path, "table group default with shard 0-inf")];
    return groups.flatMap((group, number) =>
      (group.shards ?? []).length > 0 ? [] : [implicitDefault(`${path}[${number}].shards`, "shard 0-inf")]
    );
  });
}

export function implicitDefault(path: string, what: string): Notice {
  return { type: "Normal", reason: "ImplicitDefault", message: `${path} is not given: ${what} is used` };
}
