/**
 * Taking a cluster down so that nothing comes back: Patroni keeps its state in Endpoints and writes them anew as long as a
 * single member runs, so they go last.
 *
 * | still there                                  | what happens                                                     |
 * | -------------------------------------------- | ---------------------------------------------------------------- |
 * | poolers                                      | their Deployments are deleted                                    |
 * | members                                      | the StatefulSet is told to have none; after 300 s it is deleted  |
 * | Endpoints of Patroni, and all that is owned  | deleted; volumes stay                                            |
 * | nothing of these                             | the finalizer is taken off                                       |
 *
 * A deletion that orphans (`kubectl delete --cascade=orphan`) is the wish that all of this runs on without the object: then
 * nothing is taken down.
 */
import { finalizers } from "../../api/smoketurner/annotations.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { clusterNames } from "../../api/smoketurner/names.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { mergeConditions, timestamp } from "../../kube/conditions.ts";
import { type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { isNotFound, isRecord } from "../../kube/errors.ts";
import { isBeingOrphaned, isOrphaned } from "../../kube/orphaned.ts";
import { patch, type Plan, remove, type Step, tell, wait } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { outcomeOf } from "../outcome.ts";
import { inNamespace } from "./indexes.ts";
import { Secrets as CertificateSecrets } from "../../kube/kinds.ts";
import type { Resource } from "../../kube/resource.ts";
import {
  Certificates,
  ConfigMaps,
  Deployments,
  EndpointsKind,
  NetworkPolicies,
  PodDisruptionBudgets,
  Pods,
  RoleBindings,
  Roles,
  Secrets,
  ServiceAccounts,
  Services,
  StatefulSets,
} from "./kinds.ts";

type Leaving = Frozen<KubeObject> & Stored;

const FINALIZER = finalizers.postgresCluster;
/** Members that do not go by themselves hold a cluster for so long at most, in seconds. */
const PATIENCE_SECONDS = 300;
/** Kinds of owned objects. */
const OWNED: readonly Resource[] = [
  StatefulSets,
  Deployments,
  Services,
  Certificates,
  CertificateSecrets,
  Secrets,
  ConfigMaps,
  PodDisruptionBudgets,
  NetworkPolicies,
  RoleBindings,
  Roles,
  ServiceAccounts,
];
/** Watches tell when pods are gone; this is for the case that one does not. */
const LOOK_AGAIN_SECONDS = 15;

export async function finalize(cluster: Leaving, context: ReconcileContext): Promise<Outcome> {
  const held = cluster.metadata.finalizers ?? [];
  if (!held.includes(FINALIZER)) return settled;
  const staying = reasonToStay(cluster, context);
  if (staying !== undefined) return outcomeOf(await context.act(release(cluster, staying)));
  await sayDeleting(cluster, context);
  return outcomeOf(await context.act(await planOf(cluster, context)));
}

/** Why members are not to be taken down; undefined when they are. */
function reasonToStay(cluster: Leaving, { cache }: ReconcileContext): string | undefined {
  const { namespace = "", name } = cluster.metadata;
  const { statefulSet } = clusterNames(name);
  const set = cache.get(StatefulSets, { namespace, name: statefulSet });
  if (!isOrphaned(cluster, set === undefined ? [] : [set])) return undefined;
  return isBeingOrphaned(cluster)
    ? "The cluster's objects stay, as it was deleted with orphaning"
    : `Members stay, as StatefulSet ${statefulSet} is not the cluster's any more`;
}

async function planOf(cluster: Leaving, context: ReconcileContext): Promise<Plan> {
  const pods = podsOf(cluster, context);
  const isLate = secondsSinceDeletion(cluster, context) > PATIENCE_SECONDS;
  if (pods.length > 0 && !isLate) return [...takeDown(cluster, context), awaiting(pods)];
  const endpoints = await patroniEndpoints(cluster, context);
  return [
    ...(pods.length > 0 ? [tell("Warning", "DeletionTimeout", tooLate(pods))] : []),
    ...ownedObjects(cluster, context),
    ...endpoints.map((each) => remove(EndpointsKind, each)),
    ...release(cluster, "Members and their state are gone; their volumes stay"),
  ];
}

function tooLate(pods: readonly Frozen<KubeObject>[]): string {
  return `Members did not go within ${PATIENCE_SECONDS} s: ${
    pods.map(({ metadata }) => metadata.name).join(", ")
  }`;
}

/** Pods of members and poolers. */
function podsOf({ metadata }: Leaving, { cache }: ReconcileContext): Frozen<KubeObject>[] {
  return cache.store(Pods).find(inNamespace, `${metadata.namespace}/${metadata.name}`);
}

/** Whoever would make pods is told not to. */
function takeDown(cluster: Leaving, { cache }: ReconcileContext): Step[] {
  const { uid } = cluster.metadata;
  const deployments = cache.children(Deployments, uid).filter(isStored)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const sets = cache.children(StatefulSets, uid).filter(isStored)
    .filter(({ metadata, spec }) => metadata.deletionTimestamp === undefined && spec?.replicas !== 0);
  const message = "The cluster is being deleted: poolers and members go first";
  return [
    ...deployments.map((deployment) => remove(Deployments, deployment)),
    ...sets.map((set) => patch(StatefulSets, set, { spec: { replicas: 0 } })),
    ...(sets.length > 0 ? [tell("Normal", "ClusterDeleting", message)] : []),
  ];
}

/** What the garbage collector would remove in its own time: a cluster of the same name may be made at once. */
function ownedObjects(cluster: Leaving, { cache }: ReconcileContext): Step[] {
  return OWNED.flatMap((resource) =>
    cache.children<KubeObject>(resource, cluster.metadata.uid).filter(isStored)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map((object) => remove(resource, object))
  );
}

/**
 * Read live, as what is deleted cannot be brought back. Endpoints that a Service of the same name makes are that Service's:
 * Patroni's bear its labels, and no Service of ours is called so.
 */
async function patroniEndpoints(cluster: Leaving, { client }: ReconcileContext) {
  const { namespace, name } = cluster.metadata;
  const found = [];
  for (const endpoints of clusterNames(name).patroniEndpoints) {
    const key = namespace === undefined ? { name: endpoints } : { namespace, name: endpoints };
    const live = await client.find(EndpointsKind, key);
    if (live !== undefined && isStored(live) && live.metadata.labels?.[labelKeys.cluster] === name) {
      found.push(live);
    }
  }
  return found;
}

function awaiting(pods: readonly Frozen<KubeObject>[]): Step {
  const names = pods.map(({ metadata }) => metadata.name).join(", ");
  return wait("MembersLeaving", `Waiting until these pods are gone: ${names}`, LOOK_AGAIN_SECONDS);
}

/** Takes our finalizer off, and no other. */
function release(cluster: Leaving, message: string): Step[] {
  const kept = cluster.metadata.finalizers?.filter((name) => name !== FINALIZER);
  return [
    patch(PostgresClusters.resource, cluster, { metadata: { finalizers: kept } }),
    tell("Normal", "DcsCleanupComplete", message),
  ];
}

function secondsSinceDeletion({ metadata }: Leaving, { clock }: ReconcileContext): number {
  const since = Date.parse(metadata.deletionTimestamp ?? "");
  return Number.isNaN(since) ? 0 : (clock.now().getTime() - since) / 1_000;
}

/** Said once. A status that cannot be written, say of an object that does not fit its schema, holds up nothing. */
async function sayDeleting(cluster: Leaving, context: ReconcileContext): Promise<void> {
  const status = "status" in cluster && isRecord(cluster.status) ? cluster.status : {};
  if (status["phase"] === "Deleting") return;
  const { generation } = cluster.metadata;
  const { clock } = context;
  const message = "The cluster is being deleted";
  const conditions = mergeConditions(undefined, [
    { type: "Ready", status: "False", reason: "Deleting", message },
    { type: "Progressing", status: "True", reason: "Terminating", message },
  ], { generation, clock });
  try {
    await context.writeStatus({
      phase: "Deleting",
      phaseStartedAt: timestamp(clock.now()),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      replicas: 0,
      readyReplicas: 0,
      conditions,
    });
  } catch (error) {
    if (isNotFound(error)) return;
    context.log.warn("Cannot say that a cluster is being deleted", { error });
  }
}
