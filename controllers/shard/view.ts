/** What the objects of a shard are made from. */
import {
  cellLabel,
  clusterLabel,
  databaseLabel,
  poolLabel,
  shardLabel,
  standardLabels,
  tableGroupLabel,
} from "../../api/multigres/labels.ts";
import { type PoolPath, poolPodName, type ShardPath } from "../../api/multigres/names.ts";
import type { PoolSpec } from "../../api/multigres/pool.ts";
import type { Shard } from "../../api/multigres/shard.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { Stored } from "../../kube/types.ts";
import type { CertificateTerms } from "./certificate_terms.ts";
import type { OperatorTelemetry } from "../components/telemetry_environment.ts";

/** The server settings of a shard, put together elsewhere. */
export interface ShardSettings {
  /** Content of the file that PostgreSQL includes last. */
  readonly text: string;
  /** Hash of the settings that take a restart. */
  readonly restartHash: string;
  /** Hash of the settings that take a reload. */
  readonly reloadHash: string;
  /**
   * Hash of those settings that take a restart and that the user asked for, by ConfigMap, by map, or by the size of the
   * containers. Without it `restartHash` stands for them, and then a new baseline of the operator counts as the user's.
   */
  readonly askedHash?: string;
}

export interface ShardView {
  readonly owner: Shard & Stored;
  /** Name of the MultigresCluster. */
  readonly cluster: string;
  /** Project that telemetry belongs to. */
  readonly project: string;
  /** The operator's own variables of OpenTelemetry. */
  readonly telemetry: OperatorTelemetry;
  /** Undefined while the settings cannot be put together. */
  readonly config: ShardSettings | undefined;
  /** Tells versions of the orchestrators' certificate from each other; undefined while there is none. */
  readonly orchestratorCertificate?: string | undefined;
  /** The certificate of the instances; undefined while there is none. */
  readonly instanceCertificate?: CertificateTerms | undefined;
}

/** One pool of a shard in one of its cells. */
export interface PoolView {
  readonly shard: ShardView;
  readonly name: string;
  readonly cell: string;
  readonly spec: PoolSpec;
}

const knownPools = new WeakMap<ShardView, readonly PoolView[]>();

/** Every pool in each of its cells, by the names of pools and cells; the same objects each time for one view. */
export function poolViews(shard: ShardView): readonly PoolView[] {
  const known = knownPools.get(shard) ?? makePoolViews(shard);
  knownPools.set(shard, known);
  return known;
}

function makePoolViews(shard: ShardView): PoolView[] {
  const pools = Object.entries(shard.owner.spec.pools).sort((a, b) => a[0] < b[0] ? -1 : 1);
  return pools.flatMap(([name, spec]) =>
    [...spec.cells ?? []].sort().map((cell): PoolView => ({ shard, name, cell, spec }))
  );
}

/** Instances that a pool is to have in each cell. */
export function replicasOf({ spec }: PoolView): number {
  return spec.replicasPerCell ?? 1;
}

/** Names of the pods that a pool is to have in a cell, by index. */
export function podNamesOf(pool: PoolView): string[] {
  return Array.from({ length: replicasOf(pool) }, (_, index) => poolPodName(poolPath(pool), index));
}

export function shardPath({ owner, cluster }: ShardView): ShardPath {
  const { databaseName, tableGroupName, shardName } = owner.spec;
  return { cluster, database: databaseName, tableGroup: tableGroupName, shard: shardName };
}

export function poolPath({ shard, name, cell }: PoolView): PoolPath {
  return { ...shardPath(shard), pool: name, cell };
}

/** Objects of these kinds always come with a namespace; the fallback is that of kubectl. */
export function namespaceOf({ owner }: ShardView): string {
  return owner.metadata.namespace ?? "default";
}

/** Labels of an object that belongs to the shard as a whole. */
export function shardLabels(shard: ShardView, component: string): Record<string, string> {
  const { cluster, database, tableGroup, shard: name } = shardPath(shard);
  return {
    ...standardLabels(cluster, component),
    [clusterLabel]: cluster,
    [databaseLabel]: database,
    [tableGroupLabel]: tableGroup,
    [shardLabel]: name,
  };
}

/** Component of the pods of pools, and of what belongs to them. */
export const POOL_COMPONENT = "shard-pool";

/** Labels of the pods of a pool in one cell, and of what belongs to them. */
export function poolLabels({ shard, name, cell }: PoolView): Record<string, string> {
  return { ...shardLabels(shard, POOL_COMPONENT), [poolLabel]: name, [cellLabel]: cell };
}

/** Cells in which the shard has orchestrators: those that it names, or else those of its pools. */
export function orchestratorCells({ owner }: ShardView): string[] {
  const { multiorch, pools } = owner.spec;
  const named = multiorch.cells ?? [];
  const cells = named.length > 0 ? named : Object.values(pools).flatMap((pool) => pool.cells ?? []);
  return [...new Set(cells)].sort();
}

/** Labels of the orchestrators of a shard in one cell, and of what belongs to them. */
export function orchestratorLabels(shard: ShardView, cell: string): Record<string, string> {
  return { ...shardLabels(shard, "multiorch"), [cellLabel]: cell };
}

/** `metadata` of an object that goes with the shard. */
export function childMetadata(shard: ShardView, name: string, labels: Record<string, string>) {
  return {
    name,
    namespace: namespaceOf(shard),
    labels,
    ownerReferences: [controllerReference(shard.owner)],
  };
}
