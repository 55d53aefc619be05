/** Everything that a picture is made of, read at once. */
import { type Cell, Cells } from "../api/multigres/cell.ts";
import { clusterLabel } from "../api/multigres/labels.ts";
import { type MultigresCluster, MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { type Shard, Shards } from "../api/multigres/shard.ts";
import { type TableGroup, TableGroups } from "../api/multigres/table_group.ts";
import { type TopoServer, TopoServers } from "../api/multigres/topo_server.ts";
import { labelKeys } from "../api/smoketurner/labels.ts";
import { type PostgresCluster, PostgresClusters } from "../api/smoketurner/postgres_cluster.ts";
import { type PostgresDatabase, PostgresDatabases } from "../api/smoketurner/postgres_database.ts";
import { type PostgresUpgrade, PostgresUpgrades } from "../api/smoketurner/postgres_upgrade.ts";
import { type Pod, Pods, type Secret, Secrets } from "../kube/kinds.ts";
import type { Selection } from "../kube/selector.ts";
import type { Reading } from "./reading.ts";

export interface MultigresParts {
  readonly cells: readonly Cell[];
  readonly tableGroups: readonly TableGroup[];
  readonly shards: readonly Shard[];
  readonly topoServers: readonly TopoServer[];
  /** Instances alone. */
  readonly pods: readonly Pod[];
}

export interface MultigresWorld extends MultigresParts {
  readonly clusters: readonly MultigresCluster[];
}

export interface PostgresParts {
  readonly databases: readonly PostgresDatabase[];
  readonly upgrades: readonly PostgresUpgrade[];
  /** Members alone. */
  readonly pods: readonly Pod[];
}

export interface PostgresWorld extends PostgresParts {
  readonly clusters: readonly PostgresCluster[];
}

/** Selects the pods of instances. */
export const instanceSelectors = {
  multigres: "app.kubernetes.io/component=shard-pool",
  patroni: `${labelKeys.application}=spilo`,
} as const;

/** All Multigres clusters of a namespace, or of all; kinds that cannot be read count as empty and are noted. */
export async function gatherMultigres(reading: Reading, scope: Selection): Promise<MultigresWorld> {
  const [clusters, cells, tableGroups, shards, topoServers, pods] = await Promise.all([
    reading.list(MultigresClusters.resource, scope),
    reading.list(Cells.resource, scope),
    reading.list(TableGroups.resource, scope),
    reading.list(Shards.resource, scope),
    reading.list(TopoServers.resource, scope),
    reading.list(Pods, { ...scope, labels: instanceSelectors.multigres }),
  ]);
  return {
    clusters: clusters ?? [],
    cells: cells ?? [],
    tableGroups: tableGroups ?? [],
    shards: shards ?? [],
    topoServers: topoServers ?? [],
    pods: pods ?? [],
  };
}

/** The same for the clusters with Patroni. */
export async function gatherPostgres(reading: Reading, scope: Selection): Promise<PostgresWorld> {
  const [clusters, databases, upgrades, pods] = await Promise.all([
    reading.list(PostgresClusters.resource, scope),
    reading.list(PostgresDatabases.resource, scope),
    reading.list(PostgresUpgrades.resource, scope),
    reading.list(Pods, { ...scope, labels: instanceSelectors.patroni }),
  ]);
  return {
    clusters: clusters ?? [],
    databases: databases ?? [],
    upgrades: upgrades ?? [],
    pods: pods ?? [],
  };
}

/** The parts of one cluster among all. */
export function partsOfMultigres({ metadata }: MultigresCluster, world: MultigresWorld): MultigresParts {
  const mine = <T extends Pod | Cell | TableGroup | Shard | TopoServer>(all: readonly T[]): T[] =>
    all.filter((each) =>
      each.metadata.namespace === metadata.namespace && each.metadata.labels?.[clusterLabel] === metadata.name
    );
  return {
    cells: mine(world.cells),
    tableGroups: mine(world.tableGroups),
    shards: mine(world.shards),
    topoServers: mine(world.topoServers),
    pods: mine(world.pods),
  };
}

export function partsOfPostgres({ metadata }: PostgresCluster, world: PostgresWorld): PostgresParts {
  const { name, namespace } = metadata;
  const isNear = (each: PostgresDatabase | PostgresUpgrade | Pod) => each.metadata.namespace === namespace;
  return {
    databases: world.databases.filter((each) => isNear(each) && each.spec.clusterRef.name === name),
    upgrades: world.upgrades.filter((each) => isNear(each) && each.spec.sourceCluster.name === name),
    pods: world.pods.filter((each) => isNear(each) && each.metadata.labels?.[labelKeys.cluster] === name),
  };
}

/** Those of the named Secrets that are there and may be read. */
export async function gatherSecrets(
  reading: Reading,
  namespace: string,
  names: readonly string[],
): Promise<Secret[]> {
  const found = await Promise.all(names.map((name) => reading.find(Secrets, { namespace, name })));
  return found.filter((each) => each !== undefined);
}
