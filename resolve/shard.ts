/** One shard: its orchestrators and pools. */
import type { BackupConfig } from "../api/multigres/backup.ts";
import type { ShardConfig, ShardInlineSpec } from "../api/multigres/cluster_databases.ts";
import { resolvedPools } from "../api/multigres/pool.ts";
import { postgresConfig } from "../api/multigres/postgres.ts";
import type { ShardTemplateSpec } from "../api/multigres/shard_template.ts";
import type { ResolvedShard } from "../api/multigres/table_group.ts";
import { multiorchSpec } from "../api/multigres/workloads.ts";
import { completeOrchestrator, completePool } from "./complete.ts";
import { completeBackup, implicitPool, poolType } from "./defaults.ts";
import { misfits } from "./fits.ts";
import { mergeBlocks, mergeKeys, nearestText } from "./merge.ts";
import { mergeBackup } from "./merge_backup.ts";
import { mergePools, type Pools } from "./merge_pools.ts";
import { mergeOrchestrator } from "./merge_workloads.ts";
import { present } from "./present.ts";
import { refused, type Resolved, resolved, type ResolveProblem } from "./problem.ts";
import { chooseTemplate, type TemplateReference, type TemplateScope } from "./templates.ts";

/** A shard as its cluster describes it, and where that is. */
export interface ShardPlace {
  readonly shard: ShardConfig;
  /** Such as `spec.databases[0].tablegroups[0].shards[0]`. */
  readonly path: string;
  /** All cells of the cluster, sorted by name. */
  readonly cells: readonly string[];
  /** What the levels above say of backups. */
  readonly backup: BackupConfig;
}

export interface ResolvedShardPart {
  readonly shard: ResolvedShard;
  /** ShardTemplate that took part. */
  readonly template?: string;
  /** True when no level has a pool, so that one was added. */
  readonly poolIsImplicit: boolean;
}

/** Settings of a shard, cells not yet filled in. */
export type ShardSettings = ShardInlineSpec & Required<Pick<ShardInlineSpec, "multiorch" | "pools">>;

/** The ShardTemplate that a shard names itself. */
export function shardReference(shard: ShardConfig, path: string): TemplateReference | undefined {
  const { shardTemplate } = shard;
  return shardTemplate === undefined ? undefined : { name: shardTemplate, path: `${path}.shardTemplate` };
}

export function resolveShard(scope: TemplateScope, place: ShardPlace): Resolved<ResolvedShardPart> {
  const { shard, path, cells } = place;
  const template = chooseTemplate(scope, "ShardTemplate", shardReference(shard, path));
  if (!template.ok) return template;
  const merged = mergeShard(template.value.spec, shard);
  const settings = inCells(completeShard(merged, cells), cells);
  const problems = shardMisfits(settings, path, levelsOf(template.value.spec, shard));
  if (problems.length > 0) return refused(problems);
  return resolved({
    shard: {
      name: shard.name,
      ...settings,
      backup: completeBackup(mergeBackup(place.backup, shard.backup)),
    },
    ...present({ template: template.value.name }),
    poolIsImplicit: Object.keys(merged.pools).length === 0,
  });
}

/** Template, then overrides, then what the shard says itself. */
export function mergeShard(template: ShardTemplateSpec | undefined, shard: ShardConfig): ShardSettings {
  return [shard.overrides, shard.spec].reduce<ShardSettings>(
    mergeLevel,
    mergeLevel({ multiorch: {}, pools: {} }, template),
  );
}

function mergeLevel(base: ShardSettings, child: ShardInlineSpec | undefined): ShardSettings {
  if (child === undefined) return base;
  return present({
    initdbArgs: nearestText(base.initdbArgs, child.initdbArgs),
    multiorch: mergeBlocks(mergeOrchestrator, base.multiorch, child.multiorch) ?? {},
    pools: mergePools(base.pools, child.pools),
    postgresConfig: mergeKeys(base.postgresConfig, child.postgresConfig),
    postgresConfigRef: child.postgresConfigRef ?? base.postgresConfigRef,
    pvcDeletionPolicy: child.pvcDeletionPolicy ?? base.pvcDeletionPolicy,
  });
}

/** Fills in everything but cells: those may be left open, so that a cell which is added later counts too. */
export function completeShard(settings: ShardSettings, cells: readonly string[]): ShardSettings {
  const entries = Object.entries(somePools(settings)).map(([name, pool]) =>
    [name, completePool(pool, cellsOr(pool.cells, cells).length)] as const
  );
  return {
    ...settings,
    multiorch: completeOrchestrator(settings.multiorch),
    pools: Object.fromEntries(entries),
  };
}

/** A shard without any pool gets one, where its orchestrators are. */
function somePools({ multiorch, pools }: ShardSettings): Pools {
  if (Object.keys(pools).length > 0) return pools;
  const cells = multiorch.cells ?? [];
  return { [implicitPool]: { type: poolType, ...(cells.length === 0 ? {} : { cells: [...cells] }) } };
}

function cellsOr(own: readonly string[] | undefined, all: readonly string[]): string[] {
  return own === undefined || own.length === 0 ? [...all] : [...own];
}

/** Orchestrators and pools that name no cells run in all of them. */
function inCells(settings: ShardSettings, all: readonly string[]): ShardSettings {
  if (all.length === 0) return settings;
  const pools = Object.entries(settings.pools).map(([name, pool]) =>
    [name, { ...pool, cells: cellsOr(pool.cells, all) }] as const
  );
  const { multiorch } = settings;
  return {
    ...settings,
    multiorch: { ...multiorch, cells: cellsOr(multiorch.cells, all) },
    pools: Object.fromEntries(pools),
  };
}

const poolsSchema = resolvedPools("resolved shard");

/** How many levels say something of a shard. */
export function levelsOf(template: ShardTemplateSpec | undefined, { overrides, spec }: ShardConfig): number {
  return [template, overrides, spec].filter((level) => Object.keys(level ?? {}).length > 0).length;
}

/**
 * What is out of bounds since levels were put together. One level alone was held to its schema when it was read; then only
 * the cells that were filled in can be too many.
 */
export function shardMisfits(settings: ShardSettings, path: string, levels: number): ResolveProblem[] {
  const { multiorch, pools, postgresConfig: values = {} } = levels > 1 ? settings : cellsOf(settings);
  return [
    ...misfits(multiorchSpec, multiorch, path, ["multiorch"]),
    ...misfits(poolsSchema, pools, path, ["pools"]),
    ...misfits(postgresConfig, values, path, ["postgresConfig"]),
  ];
}

function cellsOf({ multiorch, pools }: ShardSettings): ShardSettings {
  const entries = Object.entries(pools).map(([name, { cells }]) => [name, present({ cells })] as const);
  return { multiorch: present({ cells: multiorch.cells }), pools: Object.fromEntries(entries) };
}
