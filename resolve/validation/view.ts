/** A cluster laid out for its checks: each part with its place in the spec and what it resolves to. */
import type { CellConfig } from "../../api/multigres/cluster_cells.ts";
import type { DatabaseConfig, ShardConfig } from "../../api/multigres/cluster_databases.ts";
import type { MultigresClusterSpec } from "../../api/multigres/multigres_cluster.ts";
import { formatPath } from "../../api/schema/problems.ts";
import type { Catalogue } from "../../postgres/catalogue/catalogue.ts";
import { type ResolvedAdmin, resolveMultiadmin, resolveMultiadminWeb } from "../admin.ts";
import { resolveCell, type ResolvedCell } from "../cell.ts";
import { completeCluster, type CompleteClusterSpec, orDefault } from "../cluster_defaults.ts";
import { cellNames } from "../database.ts";
import { completeBackup } from "../defaults.ts";
import { type ResolvedGlobalTopoServer, resolveGlobalTopoServer } from "../global_topo_server.ts";
import { mergeBackup } from "../merge_backup.ts";
import type { Resolved } from "../problem.ts";
import { type ResolvedShardPart, resolveShard } from "../shard.ts";
import type { Templates, TemplateScope } from "../templates.ts";
import type { NeighboursAt } from "./topology_places.ts";

/** A StorageClass, as far as checks look at it. */
export interface StorageClassFact {
  readonly name: string;
  /** Whether claims without a class get this one. */
  readonly isDefault: boolean;
}

/**
 * What a review knows beyond the spec. An absent fact is an unknown one: the operator may lack the right to read it, and
 * then nothing is refused for it.
 */
export interface Surroundings {
  /** Of the cluster's namespace. */
  readonly templates: Templates;
  readonly storageClasses?: readonly StorageClassFact[];
  /** Values of the labels that locate cells, by label. */
  readonly nodeLabels?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Other clusters in a place of a topology server. */
  readonly neighboursAt?: NeighboursAt;
  /** What the PostgreSQL of the data plane knows of its settings. */
  readonly catalogue?: Catalogue;
}

export interface CellView {
  /** Such as `spec.cells[0]`. */
  readonly path: string;
  readonly config: CellConfig;
  readonly resolved: Resolved<ResolvedCell>;
}

export interface ShardView {
  /** Such as `spec.databases[0].tablegroups[0].shards[0]`. */
  readonly path: string;
  /** Database, table group and shard by name: tells the shard from others whatever their order. */
  readonly name: string;
  readonly config: ShardConfig;
  readonly durabilityPolicy: string;
  readonly durabilityPath: string;
  readonly resolved: Resolved<ResolvedShardPart>;
}

export interface ClusterView {
  readonly spec: CompleteClusterSpec;
  readonly around: Surroundings;
  readonly globalTopoServer: Resolved<ResolvedGlobalTopoServer>;
  readonly multiadmin: Resolved<ResolvedAdmin>;
  readonly multiadminWeb: Resolved<ResolvedAdmin>;
  readonly cells: readonly CellView[];
  readonly shards: readonly ShardView[];
}

/** Resolves every part on its own, so that one that fails does not hide what is wrong with the others. */
export function viewCluster(given: MultigresClusterSpec, around: Surroundings): ClusterView {
  const spec = completeCluster(given);
  const scope = { templates: around.templates, defaults: spec.templateDefaults };
  return {
    spec,
    around,
    globalTopoServer: resolveGlobalTopoServer(scope, spec.globalTopoServer, spec.pvcDeletionPolicy),
    multiadmin: resolveMultiadmin(scope, spec.multiadmin),
    multiadminWeb: resolveMultiadminWeb(scope, spec.multiadminWeb),
    cells: (spec.cells ?? []).map((config, index) => {
      const path = `spec.cells[${index}]`;
      return { path, config, resolved: resolveCell(scope, config, path) };
    }),
    shards: viewShards(scope, spec),
  };
}

function viewShards(scope: TemplateScope, spec: CompleteClusterSpec): ShardView[] {
  const cells = cellNames(spec);
  return spec.databases.flatMap((database, databaseIndex) => {
    const databasePath = `spec.databases[${databaseIndex}]`;
    const databaseBackup = completeBackup(mergeBackup(spec.backup, database.backup));
    return database.tablegroups.flatMap((group, groupIndex) => {
      const backup = completeBackup(mergeBackup(databaseBackup, group.backup));
      return group.shards.map((config, index) => {
        const path = `${databasePath}.tablegroups[${groupIndex}].shards[${index}]`;
        return {
          path,
          name: `${database.name}/${group.name}/${config.name}`,
          config,
          ...durabilityOf(spec, database, databasePath),
          resolved: resolveShard(scope, { shard: config, path, cells, backup }),
        };
      });
    });
  });
}

function durabilityOf(spec: CompleteClusterSpec, database: DatabaseConfig, path: string) {
  const own = database.durabilityPolicy ?? "";
  return {
    durabilityPolicy: orDefault(own, spec.durabilityPolicy),
    durabilityPath: own === "" ? "spec.durabilityPolicy" : `${path}.durabilityPolicy`,
  };
}

/** The field that a pool's settings come from: the nearest that names it, or the shard's when a template does. */
export function poolPath({ path, config }: ShardView, pool: string): string {
  const named = (["spec", "overrides"] as const).find((level) =>
    Object.hasOwn(config[level]?.pools ?? {}, pool)
  );
  const below = formatPath(["pools", pool]);
  return named === undefined ? `${path}.${below}` : `${path}.${named}.${below}`;
}
