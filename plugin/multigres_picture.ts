/** A MultigresCluster as it is shown. Pure. */
import { pendingDeletionAnnotation } from "../api/multigres/annotations.ts";
import {
  cellLabel,
  databaseLabel,
  shardLabel as shardNameLabel,
  tableGroupLabel,
} from "../api/multigres/labels.ts";
import type { Cell } from "../api/multigres/cell.ts";
import type { MultigresCluster } from "../api/multigres/multigres_cluster.ts";
import type { Shard } from "../api/multigres/shard.ts";
import { globalGatewayServiceName } from "../api/multigres/names.ts";
import { ports } from "../api/multigres/ports.ts";
import type { Pod, Secret } from "../kube/kinds.ts";
import { certificatesOf } from "./certificates.ts";
import type { MultigresParts } from "./gather.ts";
import { instanceOf, shardRole } from "./instances.ts";
import type {
  Address,
  BackupPicture,
  CellPicture,
  ClusterPicture,
  InstanceGroup,
  PartPicture,
  Standing,
  Waiting,
} from "./picture.ts";
import { conditionsOf, healthOf, objectName, standingOf, type Told, waitingOf } from "./standing.ts";

export function multigresPicture(
  cluster: MultigresCluster,
  parts: MultigresParts,
  { secrets, now }: { readonly secrets: readonly Secret[]; readonly now: Date },
): ClusterPicture {
  const { metadata } = cluster;
  const all: readonly Told[] = [
    cluster,
    ...parts.cells,
    ...parts.topoServers,
    ...parts.tableGroups,
    ...parts.shards,
  ];
  const conditions = all.flatMap(conditionsOf);
  const standings = all.map((each) => ({ object: objectName(each), standing: standingOf(each) }));
  return {
    kind: "MultigresCluster",
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    createdAt: metadata.creationTimestamp ?? null,
    deleting: metadata.deletionTimestamp !== undefined,
    ...standingOf(cluster),
    postgresVersion: null,
    addresses: addressesOf(cluster),
    cells: byName(parts.cells.map(cellPicture)),
    topologyServers: byName(parts.topoServers.map((each) => partPicture(each, each.metadata.name))),
    tableGroups: byName(
      parts.tableGroups.map((each) =>
        partPicture(each, `${each.spec.databaseName}/${each.spec.tableGroupName}`)
      ),
    ),
    groups: byName(parts.shards.map((shard) => groupPicture(shard, parts.pods))),
    poolers: null,
    dependents: [],
    backups: parts.shards.map(backupPicture),
    certificates: certificatesOf(secrets, now),
    conditions,
    waiting: [...waitingOf(standings, conditions), ...all.flatMap(leaving)],
  };
}

function addressesOf({ metadata, status }: MultigresCluster): Address[] {
  const service = globalGatewayServiceName(metadata.name);
  const inside = {
    purpose: "gateway",
    address: `${service}.${metadata.namespace}.svc:${ports.multigateway.postgres}`,
  };
  const outside = [["external gateway", status?.gateway], ["external admin web", status?.adminWeb]] as const;
  return [
    inside,
    ...outside.flatMap(([purpose, entrance]) =>
      entrance === undefined ? [] : [{ purpose, address: entrance.externalEndpoint || "unknown" }]
    ),
  ];
}

function partPicture(object: Told, name: string): PartPicture {
  return { object: objectName(object), name, ...standingOf(object) };
}

function cellPicture(cell: Cell): CellPicture {
  const { status } = cell;
  const gateways = status === undefined
    ? null
    : { ready: status.gatewayReadyReplicas, pods: status.gatewayReplicas };
  return { ...partPicture(cell, cell.spec.name), gateways };
}

function groupPicture(shard: Shard, pods: readonly Pod[]): InstanceGroup {
  const { databaseName, tableGroupName, shardName, replicas } = shard.spec;
  const standing = standingOf(shard);
  return {
    object: objectName(shard),
    name: `${databaseName}/${tableGroupName}/${shardName}`,
    ...standing,
    database: databaseName,
    tableGroup: tableGroupName,
    shard: shardName,
    wanted: replicas ?? null,
    instances: pods.filter((pod) => belongsTo(pod, shard)).map((pod) => instance(pod, shard, standing))
      .sort((a, b) => order(a.cell, b.cell) || order(a.pod, b.pod)),
  };
}

/** Whether a pod is one of a shard's instances, of a cluster whose pods alone are looked at. */
export function belongsTo({ metadata }: Pod, { spec }: Shard): boolean {
  const labels = metadata.labels ?? {};
  return labels[databaseLabel] === spec.databaseName && labels[tableGroupLabel] === spec.tableGroupName &&
    labels[shardNameLabel] === spec.shardName;
}

function instance(pod: Pod, shard: Shard, { phase }: Standing) {
  return instanceOf(pod, {
    role: shardRole(pod, shard.status?.podRoles),
    // While nothing can be learnt of a shard its status keeps what was known last.
    roleIsOld: phase === "Unknown",
    // The operator tells this one in its metrics alone.
    lagBytes: null,
    note: pod.metadata.labels?.[cellLabel] === undefined ? "it has no label for its cell" : null,
  });
}

function backupPicture(shard: Shard): BackupPicture {
  const { lastBackupTime, lastBackupType } = shard.status ?? {};
  const condition = shard.status?.conditions?.find(({ type }) => type === "BackupHealthy");
  return {
    of: objectName(shard),
    health: healthOf(condition, standingOf(shard)),
    lastTime: lastBackupTime ?? null,
    type: lastBackupType ?? null,
    message: condition?.message ?? null,
    recoverableFrom: null,
    recoverableTo: null,
  };
}

function leaving(object: Told): Waiting[] {
  const { deletionTimestamp, annotations = {} } = object.metadata;
  const since = deletionTimestamp ?? annotations[pendingDeletionAnnotation];
  if (since === undefined) return [];
  const message = deletionTimestamp === undefined
    ? "it is to be taken down in good order"
    : `it is being deleted; held by ${object.metadata.finalizers?.join(", ") ?? "nothing"}`;
  return [{ of: objectName(object), reason: "Deleting", message, since }];
}

function byName<T extends { readonly name: string }>(parts: T[]): T[] {
  return parts.sort((a, b) => order(a.name, b.name));
}

function order(a: string | null, b: string | null): number {
  const [one, other] = [a ?? "", b ?? ""];
  return one === other ? 0 : one < other ? -1 : 1;
}
