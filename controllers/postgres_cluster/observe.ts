/** What is, around one PostgresCluster. */
import { labelKeys, type PoolerTarget } from "../../api/smoketurner/labels.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { Deployment, Secret, Service, StatefulSet } from "../../kube/kinds.ts";
import type { Resource } from "../../kube/resource.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import type { Finding } from "../../resolve/validation/finding.ts";
import { poolerNames, poolerPodLabels } from "./desired_pooler.ts";
import { Deployments, Pods, Secrets, Services, StatefulSets } from "./kinds.ts";
import { isReady, type Member, membersOf } from "./members.ts";
import { policiesOf } from "./policies.ts";
import { type Cluster, keyIn, namesOf, namespaceOf } from "./shape.ts";
import { type Volume, volumesOf } from "./storage.ts";
import { inNamespace } from "./indexes.ts";

export interface Observation {
  /** As its user wants it, but with the version that it may have: see `version.ts`. */
  readonly cluster: Cluster;
  readonly statefulSet: (Frozen<StatefulSet> & Stored) | undefined;
  readonly members: readonly Member[];
  readonly volumes: readonly Volume[];
  /** There, whoever made it. */
  readonly credentials: Frozen<Secret> | undefined;
  readonly poolers: Readonly<Record<PoolerTarget, Pooler>>;
  /** What its namespace demands and it does not have. */
  readonly policies: readonly Finding<string>[];
}

export interface Pooler {
  readonly deployment: (Frozen<Deployment> & Stored) | undefined;
  readonly service: (Frozen<Service> & Stored) | undefined;
  /** Pods that are ready. */
  readonly ready: number;
}

/** Reads the stores; makes no request. */
export function observe(cluster: Cluster, { cache }: Pick<ReconcileContext, "cache">): Observation {
  const names = namesOf(cluster);
  const pods = cache.store(Pods).find(inNamespace, clusterKeyOf(cluster));
  const statefulSet = ownChild(cluster, StatefulSets, names.statefulSet, cache);
  const members = membersOf(pods, cluster);
  const highest = members.at(-1)?.ordinal ?? -1;
  const claims = Math.max(statefulSet?.spec?.replicas ?? 0, cluster.spec.replicas, highest + 1);
  const poolerOf = (target: PoolerTarget): Pooler => {
    const { deployment, service } = poolerNames(cluster, target);
    return {
      deployment: ownChild(cluster, Deployments, deployment, cache),
      service: ownChild(cluster, Services, service, cache),
      ready: pods.filter((pod) => isReady(pod) && isPoolerPod(pod, cluster, target)).length,
    };
  };
  return {
    cluster,
    statefulSet,
    members,
    volumes: volumesOf(cluster, claims, cache),
    credentials: cache.get(Secrets, keyIn(cluster, names.credentialsSecret)),
    poolers: { primary: poolerOf("primary"), replicas: poolerOf("replicas") },
    policies: policiesOf(cluster, cache),
  };
}

/** `namespace/name`, by which pods are found; see `indexes.ts`. */
function clusterKeyOf(cluster: Cluster): string {
  return `${namespaceOf(cluster)}/${cluster.metadata.name}`;
}

/** A child of this name that the cluster owns. */
export function ownChild<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  name: string,
  cache: ReconcileContext["cache"],
): (Frozen<T> & Stored) | undefined {
  const found = cache.get(resource, keyIn(cluster, name));
  if (found === undefined || !isStored(found)) return undefined;
  const owner = found.metadata.ownerReferences?.find(({ controller }) => controller);
  return owner?.uid === cluster.metadata.uid ? found : undefined;
}

/** The pooler's label for the primary's side came later: pods without it are the primary's. */
function isPoolerPod({ metadata }: Frozen<KubeObject>, cluster: Cluster, target: PoolerTarget): boolean {
  const labels = { ...poolerPodLabels(cluster, "primary"), ...metadata.labels };
  const wanted = poolerPodLabels(cluster, target);
  const bears = Object.entries(wanted).every(([key, value]) => labels[key] === value);
  return bears && metadata.labels?.[labelKeys.component] === "pgbouncer";
}
