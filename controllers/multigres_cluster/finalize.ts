/**
 * Taking a cluster down, from the data inwards: the object stays until everything that is to go has gone, so that its name
 * is free only then.
 *
 * | still there                                      | what happens                                                   |
 * | ------------------------------------------------ | -------------------------------------------------------------- |
 * | TableGroups or Shards                            | TableGroups are deleted; Shards see to pods and claims         |
 * | records in a topology that outlives the cluster  | removed, or left behind with a warning after 30 s without it   |
 * | Cells, TopoServers                               | deleted                                                        |
 * | claims of the cluster's own topology servers     | deleted, whatever the policies for data say: an old topology   |
 * |                                                  | would mislead a cluster of the same name                       |
 * | nothing                                          | the finalizer is taken off; the rest goes with its owner       |
 */
import { clusterCleanupFinalizer } from "../../api/multigres/annotations.ts";
import { Cells } from "../../api/multigres/cell.ts";
import { clusterLabel, componentLabel } from "../../api/multigres/labels.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { PersistentVolumeClaims } from "../../kube/kinds.ts";
import { patch, remove, type Step, tell, wait } from "../../kube/plan.ts";
import type { Resource } from "../../kube/resource.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { outcomeOf } from "../outcome.ts";
import { TOPOLOGY_COMPONENTS } from "../topo_server/shape.ts";
import { type Children, childrenOf } from "./observe.ts";
import { clearTopology, type TopologyTools } from "./topology.ts";

type Leaving = Frozen<KubeObject> & Stored;

/** Watches tell when children are gone; this is for the case that one does not. */
const LOOK_AGAIN_SECONDS = 60;
/** A topology that does not answer does not hold a cluster for longer, in milliseconds. */
const PATIENCE_MS = 30_000;

export async function finalize(
  cluster: Leaving,
  tools: TopologyTools,
  context: ReconcileContext,
): Promise<Outcome> {
  if (cluster.metadata.finalizers?.includes(clusterCleanupFinalizer) !== true) return settled;
  const children = childrenOf(cluster.metadata.uid, context.cache);
  const shards = shardsOf(cluster, context);
  if (children.tableGroups.length + shards.length > 0) {
    const steps = children.tableGroups.flatMap((group) => removal(TableGroups.resource, group));
    return outcomeOf(await context.act([...steps, awaiting([...children.tableGroups, ...shards])]));
  }
  const cleared = clearRecords(cluster, tools, context);
  if (cleared !== undefined) return cleared;
  return await finish(cluster, children, context);
}

async function finish(
  cluster: Leaving,
  { cells, topoServers }: Children,
  context: ReconcileContext,
): Promise<Outcome> {
  const steps = [
    ...cells.flatMap((cell) => removal(Cells.resource, cell)),
    ...topoServers.flatMap((server) => removal(TopoServers.resource, server)),
  ];
  const left = [...cells, ...topoServers];
  if (left.length > 0) return outcomeOf(await context.act([...steps, awaiting(left)]));
  const claims = await topologyClaims(cluster, context);
  const finalizers = cluster.metadata.finalizers?.filter((name) => name !== clusterCleanupFinalizer);
  return outcomeOf(
    await context.act([
      ...claims.flatMap((claim) => removal(PersistentVolumeClaims, claim)),
      patch(MultigresClusters.resource, cluster, { metadata: { finalizers } }),
      tell("Normal", "CleanupComplete", "Everything that was to go with the cluster is gone"),
    ]),
  );
}

/** The owner's removal waits for what it owns. */
function removal(resource: Resource, object: Leaving): Step[] {
  if (object.metadata.deletionTimestamp !== undefined) return [];
  return [{ ...remove(resource, object), propagation: "Foreground" }];
}

function awaiting(objects: readonly Leaving[]): Step {
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(", ");
  return wait("ChildrenLeaving", `Waiting until these are gone: ${names}`, LOOK_AGAIN_SECONDS);
}

function shardsOf({ metadata }: Leaving, { cache }: ReconcileContext): Leaving[] {
  return [...cache.store(Shards.resource).values()].filter((shard) =>
    shard.metadata.namespace === metadata.namespace && shard.metadata.labels?.[clusterLabel] === metadata.name
  ).filter(isStored);
}

/** @returns what to wait for; undefined when there is nothing to clear, nothing left, or no hope. */
function clearRecords(
  cluster: Leaving,
  tools: TopologyTools,
  context: ReconcileContext,
): Outcome | undefined {
  const decoded = MultigresClusters.decode(cluster);
  if (!decoded.ok) return undefined;
  const progress = clearTopology(decoded.value, tools, context);
  if (progress === undefined || progress.kind === "done") return undefined;
  if (progress.kind === "pending") return settled;
  if (progress.failingMs < PATIENCE_MS) {
    return { kind: "again", afterSeconds: Math.max(1, progress.dueMs / 1000) };
  }
  const message = `Records of the cluster stay in the topology, as it could not be reached for ` +
    `${PATIENCE_MS / 1000} s: ${progress.error.message}`;
  context.record({ type: "Warning", reason: "TopoCleanupFailed", message });
  return undefined;
}

/** Read live: what is deleted here cannot be brought back. */
async function topologyClaims({ metadata }: Leaving, { client }: ReconcileContext): Promise<Leaving[]> {
  const labels = `${clusterLabel}=${metadata.name},${componentLabel} in (${TOPOLOGY_COMPONENTS.join(",")})`;
  const selection = metadata.namespace === undefined ? { labels } : { namespace: metadata.namespace, labels };
  return (await client.listAll(PersistentVolumeClaims, selection)).filter(isStored);
}
