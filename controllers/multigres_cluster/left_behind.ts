/**
 * What the garbage collector has yet to take away after a Cell or a Deployment of a cluster that goes. These are deleted in the
 * background, and what was below them is waited for here: for one that is deleted in the foreground the garbage collector looks
 * at each dependent again and again, and the controllers write of each pod that ends (decision 27).
 */
import { Cells } from "../../api/multigres/cell.ts";
import { clusterLabel, instanceLabel, ownedSelector } from "../../api/multigres/labels.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { type Cache, controllerKey, type Watched } from "../../kube/cache.ts";
import type { Source } from "../../kube/controller.ts";
import { deploymentsOfPod } from "../../kube/deployment_pods.ts";
import { Deployments, Pods, Services } from "../../kube/kinds.ts";
import type { Resource } from "../../kube/resource.ts";
import { keyOf } from "../../kube/store.ts";
import { isStored } from "../../kube/stored.ts";
import { trimPod } from "../../kube/trim.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";

type Leaving = Frozen<KubeObject> & Stored;

/** Deployments and Services without their Cell or Shard, and pods without their Deployment. */
export function leftBehind({ metadata: { namespace, name } }: Leaving, cache: Cache): Leaving[] {
  const isOfCluster = ({ metadata }: Frozen<KubeObject>) =>
    metadata.namespace === namespace && metadata.labels?.[instanceLabel] === name;
  const those = (resource: Resource<KubeObject>, isLeft: (object: Frozen<KubeObject>) => boolean) =>
    [...cache.store(resource).values()].filter((each) => isOfCluster(each) && isLeft(each)).filter(isStored);
  return [
    ...[Deployments, Services].flatMap((resource) =>
      those(resource, (object) => isWithoutParent(object, cache))
    ),
    ...those(Pods, (pod) => isWithoutDeployment(pod, cache)),
  ];
}

function isWithoutParent(object: Frozen<KubeObject>, cache: Cache): boolean {
  return [Cells.resource, Shards.resource].some((resource: Resource<KubeObject>) => {
    const key = controllerKey(object, resource);
    if (key === undefined) return false;
    const uid = cache.store(resource).get(key)?.metadata.uid;
    return !object.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid);
  });
}

function isWithoutDeployment(pod: Frozen<KubeObject>, cache: Cache): boolean {
  const deployments = deploymentsOfPod(pod);
  return deployments.length > 0 &&
    deployments.every((key) => cache.store(Deployments).get(key) === undefined);
}

const own = { labels: ownedSelector };

/** Each of these that is gone may be the last that a cluster waits for. */
export const goneAtLast: readonly Source[] = [
  lastOf({ resource: TopoServers.resource }),
  lastOf({ resource: Deployments, ...own }),
  lastOf({ resource: Services, ...own }),
  lastOf({ resource: Pods, ...own, trim: trimPod }),
];

function lastOf(watched: Watched): Source {
  const keys: Source["keys"] = (object, cache) =>
    cache.get(watched.resource, object.metadata) === undefined ? clusterThatGoes(object, cache) : [];
  return { watched, keys };
}

/**
 * The cluster that an object belongs to when that cluster goes. A Shard that it waits for need not have been seen leaving: one
 * without finalizers is gone at once, and watches of two kinds may tell of that and of its TableGroup in either order.
 */
export function clusterThatGoes({ metadata }: Frozen<KubeObject>, cache: Cache): string[] {
  const name = metadata.labels?.[clusterLabel] ?? metadata.labels?.[instanceLabel];
  const { namespace } = metadata;
  if (name === undefined || namespace === undefined) return [];
  const cluster = cache.get(MultigresClusters.resource, { namespace, name });
  return cluster?.metadata.deletionTimestamp === undefined ? [] : [keyOf(cluster.metadata)];
}
