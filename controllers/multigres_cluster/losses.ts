/**
 * What a change would take away without anybody having asked for it. Pools and their cells hold data, so within a shard
 * they are only ever added; admission says so of what users write, but a template reaches clusters past it.
 *
 * | what is missing now                                | happens when                          | what is done           |
 * | -------------------------------------------------- | ------------------------------------- | ---------------------- |
 * | a pool, or a cell of one, of a shard that stays    | a template was changed, or went away  | refused                |
 * | template `default`, in use though nobody names it  | it went away, and the spec is as before | refused              |
 * | the same                                           | it went away, and the spec was changed | as the user says now  |
 */
import type { MultigresCluster } from "../../api/multigres/multigres_cluster.ts";
import { tableGroupObjectName } from "../../api/multigres/names.ts";
import type { ResolvedShard } from "../../api/multigres/table_group.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import type { ResolvedCluster } from "../../resolve/cluster.ts";
import type { ResolveProblem, TemplateKind } from "../../resolve/problem.ts";
import { namespaceDefault, type Templates } from "../../resolve/templates.ts";
import { isLeaving } from "../removal.ts";
import type { SeenTableGroup } from "./observe.ts";

interface Surroundings {
  readonly templates: Templates;
  readonly tableGroups: readonly SeenTableGroup[];
}

/** @returns one problem for each loss. */
export function lossesOf(
  cluster: MultigresCluster & Stored,
  wanted: ResolvedCluster,
  { templates, tableGroups }: Surroundings,
): ResolveProblem[] {
  return [
    ...lostDefaults(cluster, wanted, templates),
    ...lostPools(cluster, wanted, tableGroups),
  ];
}

const statusField = {
  CoreTemplate: "coreTemplates",
  CellTemplate: "cellTemplates",
  ShardTemplate: "shardTemplates",
} as const;

const defaultsField = {
  CoreTemplate: "spec.templateDefaults.coreTemplate",
  CellTemplate: "spec.templateDefaults.cellTemplate",
  ShardTemplate: "spec.templateDefaults.shardTemplate",
} as const;

function lostDefaults(
  { metadata, status }: MultigresCluster & Stored,
  wanted: ResolvedCluster,
  templates: Templates,
): ResolveProblem[] {
  if (status?.observedGeneration !== metadata.generation) return [];
  return (["CoreTemplate", "CellTemplate", "ShardTemplate"] as const).flatMap((kind): ResolveProblem[] => {
    const used = status?.resolvedTemplates?.[statusField[kind]]?.includes(namespaceDefault) ?? false;
    if (!used || templates[kind].has(namespaceDefault) || !isMissed(kind, wanted)) return [];
    const path = defaultsField[kind];
    const message =
      `Cannot go on without ${kind} ${namespaceDefault}, which the cluster takes settings from and which ` +
      `no longer exists. Create it again, or name another in ${path}; any change of the spec takes the built-in settings.`;
    return [{ reason: "TemplateMissing", template: { kind, name: namespaceDefault }, path, message }];
  });
}

/** Whether some part has no template now. Shards tell of their templates only together. */
function isMissed(kind: TemplateKind, wanted: ResolvedCluster): boolean {
  switch (kind) {
    case "CoreTemplate":
      return [wanted.globalTopoServer, wanted.multiadmin, wanted.multiadminWeb].some(({ template }) =>
        template === undefined
      );
    case "CellTemplate":
      return wanted.cells.some(({ template }) => template === undefined);
    case "ShardTemplate":
      return true;
  }
}

function lostPools(
  { metadata }: MultigresCluster & Stored,
  wanted: ResolvedCluster,
  existing: readonly SeenTableGroup[],
): ResolveProblem[] {
  const byName = new Map(
    existing.filter((group) => !isLeaving(group)).map((group) => [group.metadata.name, group]),
  );
  return wanted.databases.flatMap((database) =>
    database.tableGroups.flatMap((group) => {
      const before = byName.get(tableGroupObjectName(metadata.name, database.name, group.name));
      return group.shards.flatMap((shard) => {
        const former = before?.spec.shards.find(({ name }) => name === shard.name);
        return former === undefined
          ? []
          : lostOfShard(`${database.name}/${group.name}/${shard.name}`, former, shard);
      });
    })
  );
}

function lostOfShard(path: string, before: Frozen<ResolvedShard>, now: ResolvedShard): ResolveProblem[] {
  return Object.entries(before.pools).flatMap(([pool, { cells = [] }]) => {
    const kept = now.pools[pool];
    if (kept === undefined) return [lossOf(`pool ${pool}`, path)];
    return cells.filter((cell) => kept.cells?.includes(cell) !== true)
      .map((cell) => lossOf(`cell ${cell} of pool ${pool}`, path));
  });
}

function lossOf(what: string, shard: string): ResolveProblem {
  return {
    reason: "ConfigError",
    path: "spec.databases",
    message: `Cannot take ${what} away from shard ${shard} as pools hold data and are only ever added. ` +
      "Put it back where it came from (the shard's spec or overrides, or its ShardTemplate).",
  };
}
