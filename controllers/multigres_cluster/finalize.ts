/**
 * Taking a cluster down, from the data inwards: the object stays until everything that is to go has gone, so that its name
 * is free only then.
 *
 * | still there                                      | what happens                                                   |
 * | ------------------------------------------------ | -------------------------------------------------------------- |
 * | TableGroups or Shards                            | TableGroups are deleted; Shards end their pods one after the   |
 * |                                                  | other, the primary last, and see to claims                     |
 * | records in a topology that outlives the cluster  | removed, or left behind with a warning after 30 s without it,  |
 * |                                                  | or where another cluster has its own in the same place         |
 * | Cells, TopoServers, Deployments, Services        | deleted                                                        |
 * | what was below these                             | waited for: the garbage collector takes it away                |
 * | claims of the cluster's own topology servers     | deleted, whatever the policies for data say: an old topology   |
 * |                                                  | would mislead a cluster of the same name                       |
 * | nothing                                          | the finalizer is taken off                                     |
 *
 * A deletion that orphans (`kubectl delete --cascade=orphan`) is the wish that all of this runs on without the object: then
 * nothing is taken down. A cluster of the same name that is made later takes the children back.
 */
import { clusterCleanupFinalizer } from "../../api/multigres/annotations.ts";
import { Cells } from "../../api/multigres/cell.ts";
import { clusterLabel, componentLabel } from "../../api/multigres/labels.ts";
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { type Cache, controllerKey } from "../../kube/cache.ts";
import { type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { isRecord } from "../../kube/errors.ts";
import { Deployments, PersistentVolumeClaims, Services } from "../../kube/kinds.ts";
import { isOrphaned } from "../../kube/orphaned.ts";
import { patch, remove, type Step, tell, wait } from "../../kube/plan.ts";
import type { Resource } from "../../kube/resource.ts";
import { deepFreeze } from "../../kube/store.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { present } from "../../resolve/present.ts";
import { outcomeOf } from "../outcome.ts";
import { TOPOLOGY_COMPONENTS } from "../topo_server/shape.ts";
import { leftBehind } from "./left_behind.ts";
import { hasRecords, topologyNeighbour } from "./neighbours.ts";
import { type Children, childrenOf } from "./observe.ts";
import { clearTopology, type Registration, type TopologyTools } from "./topology.ts";

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
  const { finalizers = [] } = cluster.metadata;
  if (!finalizers.includes(clusterCleanupFinalizer)) return settled;
  if (isOrphaned(cluster, labelled(cluster, [Cells.resource, TableGroups.resource], context))) {
    const message = "The cluster's objects stay, as it was deleted with orphaning";
    return outcomeOf(await context.act(release(cluster, message)));
  }
  const children = childrenOf(cluster.metadata.uid, context.cache);
  const shards = shardsOf(cluster, context);
  if (children.tableGroups.length + shards.length > 0) {
    const steps = children.tableGroups.flatMap((group) => removal(TableGroups.resource, group));
    return outcomeOf(await context.act([...steps, awaiting([...children.tableGroups, ...shards])]));
  }
  const records = clearRecords(cluster, tools, context);
  if (records.kind === "clearing") return records.outcome;
  return await finish(cluster, children, { context, warning: records.left });
}

/** Takes the finalizer off, and tells why. */
function release(cluster: Leaving, message: string): Step[] {
  const finalizers = cluster.metadata.finalizers?.filter((name) => name !== clusterCleanupFinalizer);
  return [
    patch(MultigresClusters.resource, cluster, { metadata: { finalizers } }),
    tell("Normal", "CleanupComplete", message),
  ];
}

interface Finish {
  readonly context: ReconcileContext;
  /** Why some records stay in the topology. */
  readonly warning: string | undefined;
}

async function finish(
  cluster: Leaving,
  children: Children,
  { context, warning }: Finish,
): Promise<Outcome> {
  const owned = (resource: Resource<KubeObject>) =>
    context.cache.children(resource, cluster.metadata.uid).filter(isStored);
  // Services first: nobody has to keep book then of the pods behind them that end.
  const there = [
    ...owned(Services).map((object) => ({ resource: Services, object })),
    ...topoServersOf(cluster, children, context).map((object) => ({
      resource: TopoServers.resource,
      object,
    })),
    ...children.cells.map((object) => ({ resource: Cells.resource, object })),
    ...owned(Deployments).map((object) => ({ resource: Deployments, object })),
  ];
  const left = leftBehind(cluster, context.cache);
  if (there.length + left.length > 0) {
    const steps = there.flatMap(({ resource, object }) => removal(resource, object));
    return outcomeOf(
      await context.act([...steps, awaiting([...there.map(({ object }) => object), ...left])]),
    );
  }
  const claims = await topologyClaims(cluster, context);
  return outcomeOf(
    await context.act([
      ...(warning === undefined ? [] : [tell("Warning", "TopoCleanupFailed", warning)]),
      ...claims.flatMap((claim) => removal(PersistentVolumeClaims, claim)),
      ...release(cluster, "Everything that was to go with the cluster is gone"),
    ]),
  );
}

/** Of the cluster and of its cells, also of those that are gone before their server is. */
function topoServersOf(cluster: Leaving, { topoServers }: Children, context: ReconcileContext): Leaving[] {
  const orphans = labelled(cluster, [TopoServers.resource], context).filter(isStored)
    .filter((server) => controllerKey(server, Cells.resource) !== undefined);
  return [...new Set([...topoServers, ...orphans])];
}

/**
 * Below an object that is deleted in the foreground the garbage collector would end all pods at once, those of Shards too before
 * these can take them down in their order. TopoServers are, so that their claims are free before these are deleted.
 */
function removal(resource: Resource, object: Leaving): Step[] {
  if (object.metadata.deletionTimestamp !== undefined) return [];
  const propagation = resource === TopoServers.resource ? "Foreground" : "Background";
  return [{ ...remove(resource, object), propagation }];
}

function awaiting(objects: readonly Leaving[]): Step {
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(", ");
  return wait("ChildrenLeaving", `Waiting until these are gone: ${names}`, LOOK_AGAIN_SECONDS);
}

function shardsOf(cluster: Leaving, context: ReconcileContext): Leaving[] {
  return labelled(cluster, [Shards.resource], context).filter(isStored);
}

/** Objects that bear the cluster's name, whoever owns them. */
function labelled(
  { metadata: { namespace, name } }: Leaving,
  resources: readonly Resource[],
  { cache }: ReconcileContext,
): Frozen<KubeObject>[] {
  return resources.flatMap((resource) => [...cache.store<KubeObject>(resource).values()])
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[clusterLabel] === name);
}

/** There is nothing more to do about records; `left` says why some stay in a topology that outlives the cluster. */
interface Cleared {
  readonly kind: "cleared";
  readonly left?: string;
}

type Records = Cleared | { readonly kind: "clearing"; readonly outcome: Outcome };

function clearRecords(cluster: Leaving, tools: TopologyTools, context: ReconcileContext): Records {
  const owner = topologyOwner(cluster);
  if (owner === undefined) {
    const left =
      "Records of the cluster may stay in its topology, as spec.globalTopoServer does not fit its schema";
    return { kind: "cleared", left };
  }
  return keptForNeighbour(owner, context.cache) ?? recordsAfter(clearTopology(owner, tools, context));
}

/** Nothing is removed where a cluster that stays has its own. */
function keptForNeighbour(owner: MultigresCluster, cache: Cache): Cleared | undefined {
  const staying = (other: Frozen<KubeObject>) => other.metadata.deletionTimestamp === undefined;
  const neighbour = topologyNeighbour(owner, cache, staying);
  if (neighbour === undefined || owner.spec.topologyPruning?.enabled === false) return undefined;
  if (!hasRecords(owner)) return { kind: "cleared" };
  const left =
    `Records of the cluster stay in the topology, as MultigresCluster ${neighbour} has its own in the ` +
    "same place";
  return { kind: "cleared", left };
}

function recordsAfter(progress: Registration | undefined): Records {
  if (progress === undefined || progress.kind === "done") return { kind: "cleared" };
  if (progress.kind === "pending") return { kind: "clearing", outcome: settled };
  if (progress.failingMs < PATIENCE_MS) {
    const afterSeconds = Math.max(1, Math.min(progress.dueMs, PATIENCE_MS - progress.failingMs) / 1000);
    return { kind: "clearing", outcome: { kind: "again", afterSeconds } };
  }
  const left = `Records of the cluster stay in the topology, as it could not be reached for ` +
    `${PATIENCE_MS / 1000} s: ${progress.error.message}`;
  return { kind: "cleared", left };
}

/** The cluster as far as its topology is concerned; undefined when that part of its spec cannot be read. */
function topologyOwner(cluster: Leaving): MultigresCluster | undefined {
  const decoded = MultigresClusters.decode(cluster);
  if (decoded.ok) return decoded.value;
  const spec = "spec" in cluster && isRecord(cluster.spec) ? cluster.spec : {};
  const legible = {
    ...present({ globalTopoServer: spec["globalTopoServer"], topologyPruning: spec["topologyPruning"] }),
    postgresPasswordSecretRef: { name: "any", key: "any" },
  };
  const { apiVersion, kind, metadata } = cluster;
  const reduced = MultigresClusters.decode(deepFreeze({ apiVersion, kind, metadata, spec: legible }));
  return reduced.ok ? reduced.value : undefined;
}

/** Read live: what is deleted here cannot be brought back. */
async function topologyClaims({ metadata }: Leaving, { client }: ReconcileContext): Promise<Leaving[]> {
  const labels = `${clusterLabel}=${metadata.name},${componentLabel} in (${TOPOLOGY_COMPONENTS.join(",")})`;
  const selection = metadata.namespace === undefined ? { labels } : { namespace: metadata.namespace, labels };
  return (await client.listAll(PersistentVolumeClaims, selection)).filter(isStored);
}
