/**
 * From what is to what is to be done.
 *
 * | what is known                        | what happens                                                          |
 * | ------------------------------------ | --------------------------------------------------------------------- |
 * | not what the cluster means           | nothing but the cluster's own finalizer: its children stay as they are |
 * | not whether its databases are in the | all but making TableGroups: poolers that do not find their database   |
 * | topology                             | within five minutes give up for good                                  |
 * | all                                  | children are made and kept; those not wanted any more go gently       |
 *
 * A cluster that moves to another topology server takes its children there, and its own server away, only once the new
 * one has all records: until then everything runs on with the old one.
 */
import { appliedImagesAnnotation, clusterCleanupFinalizer } from "../../api/multigres/annotations.ts";
import { Cells } from "../../api/multigres/cell.ts";
import {
  usesCellTemplateLabel,
  usesCoreTemplateLabel,
  usesShardTemplateLabel,
} from "../../api/multigres/labels.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import type { GlobalTopoServerRef } from "../../api/multigres/topology.ts";
import { Deployments, Services } from "../../kube/kinds.ts";
import { apply, patch, type Plan, remove, type Step, tell } from "../../kube/plan.ts";
import type { Frozen } from "../../kube/types.ts";
import { isLeaving, removeGently } from "../removal.ts";
import { desiredCells } from "./desired_cells.ts";
import { desiredGatewayService, desiredReplicaGatewayService } from "./desired_gateway_services.ts";
import { desiredGlobalTopoServer } from "./desired_global_topo_server.ts";
import { desiredMultiadminDeployment, desiredMultiadminService } from "./desired_multiadmin.ts";
import { desiredMultiadminWebDeployment, desiredMultiadminWebService } from "./desired_multiadmin_web.ts";
import { desiredTableGroups } from "./desired_table_groups.ts";
import type { Observation } from "./observe.ts";
import type { ClusterView } from "./view.ts";

/** What comes before anything is made: the cluster's own marks. */
export function preparations({ cluster, images, resolution }: Observation): Step[] {
  const finalizers = cluster.metadata.finalizers ?? [];
  const { decision } = images;
  const annotation = decision.kind === "unknown" || !resolution.ok ? undefined : decision.annotation;
  const labels = resolution.ok
    ? changedLabels(cluster.metadata.labels ?? {}, resolution.value.templates)
    : {};
  const changes = {
    ...(finalizers.includes(clusterCleanupFinalizer)
      ? {}
      : { finalizers: [...finalizers, clusterCleanupFinalizer] }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(annotation === undefined ? {} : { annotations: { [appliedImagesAnnotation]: annotation } }),
  };
  return Object.keys(changes).length === 0
    ? []
    : [patch(MultigresClusters.resource, cluster, { metadata: changes })];
}

/** Marks of the kinds of templates in use; null takes one away. */
function changedLabels(
  present: Readonly<Record<string, string>>,
  used: { readonly [kind in "coreTemplates" | "cellTemplates" | "shardTemplates"]?: readonly string[] },
): Record<string, string | null> {
  const wanted = [
    [usesCoreTemplateLabel, used.coreTemplates],
    [usesCellTemplateLabel, used.cellTemplates],
    [usesShardTemplateLabel, used.shardTemplates],
  ] as const;
  return Object.fromEntries(wanted.flatMap(([label, names]): [string, string | null][] => {
    const value = names === undefined ? undefined : "true";
    return present[label] === value ? [] : [[label, value ?? null]];
  }));
}

/**
 * What databases stand on. These plans and those of {@link components} do not depend on each other: what holds up one of them,
 * such as a name that is taken, is no reason to leave out the others.
 * @param registered whether the topology is known to have the cluster's records
 */
export function foundations(seen: Observation, registered: boolean): Plan[] {
  const { view } = seen;
  return view === undefined ? [] : [globalTopoServer(seen, view, registered), cells(seen, view, registered)];
}

/** What stands for the whole cluster. */
export function components({ view }: Observation): Plan[] {
  if (view === undefined) return [];
  return [
    [apply(Services, desiredGatewayService(view))],
    [apply(Services, desiredReplicaGatewayService(view))],
    [
      apply(Services, desiredMultiadminService(view)),
      apply(Deployments, desiredMultiadminDeployment(view)),
    ],
    [
      apply(Services, desiredMultiadminWebService(view)),
      apply(Deployments, desiredMultiadminWebDeployment(view)),
    ],
  ];
}

/** A cluster that moved to an etcd elsewhere leaves none of its own behind; its claims go with the cluster. */
function globalTopoServer(
  { topoServers, cluster }: Observation,
  view: ClusterView,
  registered: boolean,
): Step[] {
  const desired = desiredGlobalTopoServer(view);
  if (desired !== undefined) return [apply(TopoServers.resource, desired)];
  if (!registered) return [];
  const own = topoServers.filter(({ metadata }) =>
    metadata.deletionTimestamp === undefined &&
    metadata.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) === true
  );
  return own.flatMap((server) => [
    remove(TopoServers.resource, server),
    tell("Normal", "Deleted", `TopoServer ${server.metadata.name} is not wanted any more and is deleted`),
  ]);
}

function cells({ cells, now }: Observation, view: ClusterView, registered: boolean): Step[] {
  const desired = desiredCells(view);
  const known = new Map(cells.map((cell) => [cell.metadata.name, cell]));
  const wanted = new Set(desired.map(({ metadata }) => metadata.name));
  return [
    ...desired.filter(({ metadata, spec }) => {
      const cell = known.get(metadata.name);
      return cell === undefined || (!isLeaving(cell) && (registered || !moves(cell.spec, spec)));
    }).map((cell) => apply(Cells.resource, cell)),
    ...cells.filter((cell) => !wanted.has(cell.metadata.name) || isLeaving(cell))
      .flatMap((cell) => removeGently(Cells.resource, cell, now)),
  ];
}

interface UsesTopology {
  readonly globalTopoServer: Frozen<GlobalTopoServerRef>;
}

/** Whether a child is to use another topology than it does. */
function moves({ globalTopoServer: now }: UsesTopology, wanted: UsesTopology | undefined): boolean {
  const then = wanted?.globalTopoServer;
  return now.address !== then?.address || now.rootPath !== then.rootPath;
}

/** @param registered whether the topology is known to have the databases. */
export function tableGroups({ view, tableGroups, now }: Observation, registered: boolean): Plan {
  if (view === undefined) return [];
  const desired = desiredTableGroups(view);
  const known = new Map(tableGroups.map((group) => [group.metadata.name, group]));
  const wanted = new Set(desired.map(({ metadata }) => metadata.name));
  return [
    ...desired.filter(({ metadata, spec }) => {
      const group = known.get(metadata.name);
      if (group === undefined) return registered;
      return !isLeaving(group) && (registered || !moves(group.spec, spec));
    }).map((group) => apply(TableGroups.resource, group)),
    ...tableGroups.filter((group) => !wanted.has(group.metadata.name) || isLeaving(group))
      .flatMap((group) => removeGently(TableGroups.resource, group, now)),
  ];
}
