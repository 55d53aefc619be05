/** Specs of the objects that stand for the parts of a cluster: copies of what was resolved, with nothing decided anew. */
import type { CellSpec } from "../api/multigres/cell.ts";
import type { ClusterImages } from "../api/multigres/component_images.ts";
import type { TopoServerSpec } from "../api/multigres/etcd.ts";
import { locationOf } from "../api/multigres/location.ts";
import { globalTopoServerName } from "../api/multigres/names.ts";
import { ports } from "../api/multigres/ports.ts";
import type { ShardSpec } from "../api/multigres/shard.ts";
import type { ResolvedShard, TableGroupSpec } from "../api/multigres/table_group.ts";
import type { GlobalTopoServerRef } from "../api/multigres/topology.ts";
import type { ResolvedCell } from "./cell.ts";
import type { ResolvedCluster } from "./cluster.ts";
import type { ResolvedDatabase, ResolvedTableGroup } from "./database.ts";
import { topologyImplementation } from "./defaults.ts";
import { externalReference, type ResolvedGlobalTopoServer } from "./global_topo_server.ts";
import type { ImageSet } from "./image_set.ts";
import { present } from "./present.ts";

/** A resolved cluster with what its settings do not tell: who it is, and which images it runs. */
export interface Parent {
  readonly name: string;
  readonly namespace: string;
  readonly cluster: ResolvedCluster;
  readonly images: ImageSet;
}

/** How components reach the global topology. */
export function globalTopoServerReference(
  owner: { readonly name: string; readonly namespace: string },
  server: ResolvedGlobalTopoServer,
): GlobalTopoServerRef {
  if (server.kind === "external") return externalReference(server.external);
  const host = `${globalTopoServerName(owner.name)}.${owner.namespace}.svc`;
  return {
    address: `${host}:${ports.etcd.client}`,
    implementation: topologyImplementation,
    rootPath: server.rootPath,
  };
}

export function cellSpec(parent: Parent, cell: ResolvedCell): CellSpec {
  const { settings, cells } = parent.cluster;
  const { template: _, ...own } = cell;
  return {
    ...own,
    ...inherited(parent),
    ...present({ certCommonName: settings.certCommonName }),
    allCells: cells.map(({ name }) => name).sort(),
    images: { ...pullSettings(settings.images), multigateway: parent.images.multigateway },
    topologyReconciliation: { prunePoolers: settings.topologyPruning.enabled ?? true, registerCell: true },
  };
}

/** The TopoServer of a cell; undefined when the cell has none that the operator runs. */
export function localTopoServerSpec(cell: Pick<CellSpec, "topoServer">): TopoServerSpec | undefined {
  const etcd = cell.topoServer?.etcd;
  if (etcd === undefined) return undefined;
  const { pvcDeletionPolicy, ...rest } = etcd;
  return { etcd: rest, ...present({ pvcDeletionPolicy }) };
}

export function tableGroupSpec(
  parent: Parent,
  database: ResolvedDatabase,
  group: ResolvedTableGroup,
): TableGroupSpec {
  const { settings, cells } = parent.cluster;
  const { multiorch, multipooler, postgres } = parent.images;
  const { name, ...own } = group;
  return {
    ...own,
    ...inherited(parent),
    tableGroupName: name,
    databaseName: database.name,
    durabilityPolicy: database.durabilityPolicy,
    cellTopologyLabels: Object.fromEntries(cells.flatMap(topologyLabels)),
    images: { ...pullSettings(settings.images), multiorch, multipooler, postgres },
    postgresPasswordSecretRef: settings.postgresPasswordSecretRef,
    postgresSuperuser: settings.postgresSuperuser,
    topologyPruning: settings.topologyPruning,
  };
}

/** One shard of a table group: its own settings, and those that all shards of the group share. */
export function shardSpec(group: TableGroupSpec, shard: ResolvedShard): ShardSpec {
  const { shards: _, default: __, backup, pvcDeletionPolicy, ...shared } = group;
  const { name, ...own } = shard;
  return {
    ...shared,
    ...present({ backup, pvcDeletionPolicy }),
    ...own,
    shardName: name,
    replicas: Object.values(shard.pools).reduce(
      (sum, { replicasPerCell = 1, cells = [] }) => sum + replicasPerCell * cells.length,
      0,
    ),
  };
}

function inherited(parent: Parent) {
  const { internalTLS, logLevels, observability } = parent.cluster.settings;
  const globalTopoServer = globalTopoServerReference(parent, parent.cluster.globalTopoServer);
  return { globalTopoServer, ...present({ internalTLS, logLevels, observability }) };
}

function pullSettings({ imagePullPolicy, imagePullSecrets }: ClusterImages) {
  return present({ imagePullPolicy, imagePullSecrets });
}

function topologyLabels(cell: ResolvedCell): [string, Record<string, string>][] {
  const location = locationOf(cell);
  return location === undefined ? [] : [[cell.name, { [location.nodeLabel]: location.value }]];
}
