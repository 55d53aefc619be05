/** Orchestrators and pools: their names, the cells they run in, and whether a commit can be held by two instances. */
import { dnsLabelPattern, maxNameLength } from "../../api/multigres/identifiers.ts";
import { durabilityPolicies } from "../../api/multigres/postgres.ts";
import type { PoolSpec } from "../../api/multigres/pool.ts";
import { shardReference } from "../shard.ts";
import { chooseTemplate } from "../templates.ts";
import { caution, failure, type Finding } from "./finding.ts";
import { type ClusterView, poolPath, type ShardView } from "./view.ts";

type Pools = Readonly<Record<string, PoolSpec>>;

export function shardFindings(view: ClusterView): Finding[] {
  const cells = new Set(view.cells.map((cell) => cell.config.name));
  return [
    ...cellsGiven(view),
    ...view.shards.flatMap((shard) => {
      const { resolved } = shard;
      if (!resolved.ok) return newPools(view, shard);
      const { multiorch, pools } = resolved.value.shard;
      return [
        ...newPools(view, shard),
        ...Object.entries(pools).flatMap(([name, pool]) => poolFindings(pool, name, shard, cells)),
        ...unknownCells(
          "multiorch",
          multiorch.cells,
          `${shard.path}.${orchestratorLevel(shard)}.multiorch.cells`,
          cells,
        ),
        ...durabilityFindings(shard, pools),
      ];
    }),
  ];
}

function poolFindings(
  pool: PoolSpec,
  name: string,
  shard: ShardView,
  cells: ReadonlySet<string>,
): Finding[] {
  const path = poolPath(shard, name);
  return [
    ...poolNameFindings(name, path),
    ...unknownCells(`pool ${name}`, pool.cells, `${path}.cells`, cells),
    ...userFindings(pool, name, path),
  ];
}

function orchestratorLevel({ config }: ShardView): string {
  return config.overrides?.multiorch?.cells === undefined ? "spec" : "overrides";
}

/** Parts that name no cells run in all of them; of a cluster without cells nothing would run at all. */
function cellsGiven({ cells }: ClusterView): Finding[] {
  if (cells.length > 0) return [];
  const message = "Cannot run a cluster without cells as its orchestrators and pools would run nowhere: " +
    "spec.cells is empty. Add one, with a name and one of zoneId, zone and region.";
  return [failure("CellsGiven", "spec.cells", message)];
}

function unknownCells(
  who: string,
  named: readonly string[] | undefined,
  path: string,
  cells: ReadonlySet<string>,
): Finding[] {
  return (named ?? []).filter((cell) => !cells.has(cell)).map((cell) => {
    const known = cells.size === 0 ? "none" : [...cells].sort().join(", ");
    const message =
      `Cannot run ${who} in cell ${cell} (${path}) as spec.cells has no such cell: it has ${known}. ` +
      "Add the cell, or name another.";
    return failure("CellExists", path, message);
  });
}

/** Names of pools stand in the names of pods and Services, whose length is limited. */
export function poolNameFindings(name: string, path: string): Finding[] {
  const fits = name.length >= 1 && name.length <= maxNameLength.pool && dnsLabelPattern.test(name);
  if (fits) return [];
  const message =
    `Cannot call a pool ${JSON.stringify(name)} (${path}) as its pods are called after it: use 1 to ` +
    `${maxNameLength.pool} lower-case letters, digits and hyphens, with a letter or digit at both ends.`;
  return [failure("PoolNameFits", path, message)];
}

/** A pool of the overrides that the template does not have is more often a slip than a wish. */
function newPools({ spec, around }: ClusterView, { config, path }: ShardView): Finding[] {
  const names = Object.keys(config.overrides?.pools ?? {});
  if (names.length === 0) return [];
  const scope = { templates: around.templates, defaults: spec.templateDefaults };
  const template = chooseTemplate(scope, "ShardTemplate", shardReference(config, path));
  if (!template.ok) return [];
  const known = template.value.spec?.pools ?? {};
  const where = template.value.name === undefined
    ? "no ShardTemplate"
    : `ShardTemplate ${template.value.name}`;
  return names.filter((name) => !Object.hasOwn(known, name)).map((name) => {
    const field = `${path}.overrides.pools.${name}`;
    const message = `${field} is a new pool: ${where} has none of this name. ` +
      "If a pool of the template was meant, use its name.";
    return caution("PoolIsNew", field, message);
  });
}

/** PostgreSQL and the pooler share the data folder, whose files belong to one user. */
function userFindings({ postgres, multipooler }: PoolSpec, name: string, path: string): Finding[] {
  const pooler = multipooler?.runAsUser;
  if (pooler === undefined || pooler === postgres?.runAsUser) return [];
  const current = postgres?.runAsUser === undefined ? "not set" : String(postgres.runAsUser);
  const message =
    `Cannot run the pooler of pool ${name} as user ${pooler} as it shares the data folder with ` +
    `PostgreSQL: ${path}.postgres.runAsUser is ${current}. Set both to the same user.`;
  return [failure("SameUser", `${path}.multipooler.runAsUser`, message)];
}

/** All pools of a shard count: its instances replicate from one primary. */
function durabilityFindings(shard: ShardView, pools: Pools): Finding[] {
  const { durabilityPolicy: policy, durabilityPath: path } = shard;
  if (!durabilityPolicies.some((known) => known === policy)) {
    const message = `${path} is ${policy}, which the topology does not take: use ${
      durabilityPolicies.join(" or ")
    }.`;
    return [caution("DurabilityKnown", path, message)];
  }
  const all = Object.values(pools);
  const cells = new Set(all.flatMap((pool) => pool.cells ?? []));
  const instances = all.reduce(
    (sum, pool) => sum + (pool.replicasPerCell ?? 1) * (pool.cells ?? []).length,
    0,
  );
  if (cells.size === 0) return [];
  if (policy === "MULTI_CELL_AT_LEAST_2" && cells.size < 2) {
    const message =
      `Shard ${shard.name} runs in ${cells.size} cell, but ${path} is ${policy}: no commit can be ` +
      "held in two cells. Add a cell, or use AT_LEAST_2.";
    return [caution("DurabilityReachable", `${shard.path}.spec.pools`, message)];
  }
  if (instances >= 2) return [];
  const message =
    `Shard ${shard.name} has ${instances} instance, but ${path} is ${policy}: no commit can be held ` +
    "by two instances. Raise replicasPerCell, or add a cell.";
  return [caution("DurabilityReachable", `${shard.path}.spec.pools`, message)];
}
