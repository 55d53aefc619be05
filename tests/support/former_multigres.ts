/** A cluster as the Go operator left it, on a real API server: the same objects, by the same kinds of writes. */
import { createPrivateKey } from "node:crypto";
import { appliedImagesAnnotation } from "../../api/multigres/annotations.ts";
import { Cells } from "../../api/multigres/cell.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { issueLeaf, type KeyPair, makeAuthority, systemRandom } from "../../certs/authority.ts";
import { pgBackRestCertificate } from "../../certs/pgbackrest.ts";
import type { Applied, KubeClient } from "../../kube/client.ts";
import { isRecord } from "../../kube/errors.ts";
import {
  ConfigMaps,
  Deployments,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Secrets,
  Services,
  StatefulSets,
} from "../../kube/kinds.ts";
import { apiVersionOf, type Resource } from "../../kube/resource.ts";
import type { KubeObject } from "../../kube/types.ts";
import { sharedCluster } from "../ground/ground.ts";
import { waitUntil } from "../ground/wait_for.ts";
import type { ClusterStage } from "./cluster_stage.ts";
import { type Json, type LeftObject, recordedWorld } from "./former_recordings.ts";
import { steadyClient } from "./operator.ts";

/** Kinds in the order in which the former operator made their objects: owners first. */
const resources: readonly Resource[] = [
  MultigresClusters.resource,
  TopoServers.resource,
  Cells.resource,
  TableGroups.resource,
  Shards.resource,
  Secrets,
  ConfigMaps,
  Services,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  StatefulSets,
  Deployments,
  Pods,
];

/** All kinds of which such a cluster has objects. */
export const kindsOfCluster = resources;

/** Name under which the former operator applied fields, and the one of its program, under which it made other writes. */
const APPLIED_BY = "multigres-operator";
const WRITTEN_BY = "manager";

/** Under which names it applied statuses, where that was not its own. */
const STATUS_BY: Readonly<Record<string, string>> = { Shard: "multigres-resource-handler" };
/** The one condition that was applied under a name of its own. */
const GUARD_BY: Readonly<Record<string, string>> = { Shard: "multigres-resource-handler-guard" };

interface Loading {
  readonly stage: ClusterStage;
  readonly example: string;
  /** UIDs by `Kind/name`. */
  readonly uids: Map<string, string>;
}

/**
 * Makes the objects of an example, those of users among them but for the cluster itself, which must be there.
 * @param cluster its name
 */
export async function leaveCluster(
  stage: ClusterStage,
  example: "minimal" | "managed_topology",
  cluster: string,
): Promise<void> {
  const loading: Loading = { stage, example: cluster, uids: new Map() };
  const world = (await recordedWorld(example)).map((left) => settledIn(left, loading));
  const order = (kind: string) => resources.findIndex((resource) => resource.kind === kind);
  for (const left of [...world].sort((a, b) => order(a.kind) - order(b.kind))) await leave(left, loading);
  if (example === "minimal") await leaveCertificates(world, loading);
  await stage.client.patch(MultigresClusters.resource, { namespace: stage.namespace, name: cluster }, {
    metadata: {
      finalizers: ["multigres.com/cluster-cleanup"],
      annotations: { [appliedImagesAnnotation]: JSON.stringify(imagesOf(world)) },
    },
  });
  await untilAtWork(stage);
}

function imagesOf(world: readonly LeftObject[]): unknown {
  const images = world.find(({ kind }) => kind === "MultigresCluster")?.status["images"];
  return isRecord(images) ? images["applied"] : undefined;
}

/** With namespace and topology of this stage. */
function settledIn(left: LeftObject, { stage, example }: Loading): LeftObject {
  const text = JSON.stringify(left)
    .replaceAll("http://127.0.0.1:22379", stage.endpoint)
    .replaceAll(`/${example}/global`, stage.root)
    .replaceAll(/\.fx-[a-z-]+\.svc/g, `.${stage.namespace}.svc`)
    .replaceAll(".NS.", `.${stage.namespace}.`)
    // The list of the members was left out of the recording.
    .replaceAll('"<text>"', JSON.stringify(membersOf(left, stage.namespace)));
  const parsed: unknown = JSON.parse(text);
  return isRecord(parsed) ? { ...left, ...parsed } : left;
}

/** How etcd's members are told of each other. */
function membersOf({ name, spec }: LeftObject, namespace: string): string {
  const count = Number(spec["replicas"] ?? 0);
  return Array.from({ length: count }, (_, at) => {
    const member = `${name}-${at}`;
    return `${member}=http://${member}.${name}-headless.${namespace}.svc.cluster.local:2380`;
  }).join(",");
}

async function leave(left: LeftObject, loading: Loading): Promise<void> {
  const { stage: { client, namespace }, uids } = loading;
  const resource = resources.find(({ kind }) => kind === left.kind);
  if (resource === undefined) {
    throw new Error(`Cannot leave ${left.kind}/${left.name} as its kind is not known`);
  }
  const key = { namespace, name: left.name };
  // Claims of a StatefulSet are its own.
  if (left.kind === "PersistentVolumeClaim" && left.owner === undefined) return;
  if (left.kind !== "MultigresCluster") await make(resource, left, loading);
  const made = await client.get(resource, key);
  uids.set(`${left.kind}/${left.name}`, made.metadata.uid ?? "");
  if (Object.keys(left.status).length > 0) await say(resource, left, { made, loading });
}

async function make(resource: Resource, left: LeftObject, loading: Loading): Promise<void> {
  const { stage: { namespace } } = loading;
  const object = {
    metadata: {
      namespace,
      name: left.name,
      labels: left.labels,
      ...(Object.keys(left.annotations).length === 0 ? {} : { annotations: left.annotations }),
      ownerReferences: left.owner === undefined ? [] : [reference(left.owner, loading.uids)],
      // Kubernetes adds those of its own by itself.
      finalizers: left.finalizers.filter((each) => !each.startsWith("kubernetes.io/")),
    },
    ...(left.files.length === 0
      ? { spec: left.spec }
      : { data: Object.fromEntries(left.files.map((file) => [file, `# ${file} as it was\n`])) }),
  };
  const isPlain = left.kind === "Pod" || left.name.startsWith("data-");
  using former = steadyClient(sharedCluster().connection, isPlain ? WRITTEN_BY : APPLIED_BY);
  await (isPlain ? former.create(resource, applied(object)) : former.apply(resource, applied(object)));
}

/** Objects of recordings have whatever shape their kind has. */
function applied(object: Json & { readonly metadata: unknown }): Applied<KubeObject> {
  return object as unknown as Applied<KubeObject>;
}

function reference(owner: string, uids: ReadonlyMap<string, string>) {
  const [kind = "", name = ""] = owner.split("/");
  const resource = resources.find((each) => each.kind === kind);
  const uid = uids.get(owner);
  if (resource === undefined || uid === undefined) {
    throw new Error(`Cannot refer to ${owner}: it is not there`);
  }
  return { apiVersion: apiVersionOf(resource), kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Applies a status as the former operator did. */
async function say(
  resource: Resource,
  { kind, name, status }: LeftObject,
  { made, loading: { stage: { namespace } } }: { readonly made: KubeObject; readonly loading: Loading },
): Promise<void> {
  const observedGeneration = made.metadata.generation;
  const all = Array.isArray(status["conditions"]) ? status["conditions"].filter(isRecord) : [];
  const conditions = all.map((condition) => ({
    message: "as it was recorded",
    ...condition,
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration,
  }));
  const guarded = GUARD_BY[kind] === undefined ? undefined : "StorageClassValid";
  const isGuarded = ({ type }: Json) => guarded !== undefined && type === guarded;
  const write = async (manager: string, part: Json) => {
    using former = steadyClient(sharedCluster().connection, manager);
    await former.applyStatus(resource, applied({ metadata: { namespace, name }, status: part }));
  };
  await write(STATUS_BY[kind] ?? APPLIED_BY, {
    ...status,
    observedGeneration,
    conditions: conditions.filter((each) => !isGuarded(each)),
  });
  const rest = conditions.filter(isGuarded);
  if (rest.length > 0) await write(GUARD_BY[kind] ?? "", { conditions: rest });
}

/** The authority of pgBackRest and its certificate: one file each less than ours, and a key in the older form. */
async function leaveCertificates(world: readonly LeftObject[], loading: Loading): Promise<void> {
  const { stage: { namespace, client }, uids } = loading;
  const shard = world.find(({ kind }) => kind === "Shard")?.name ?? "";
  const [service = ""] = world.filter(({ kind, name }) => kind === "Service" && name.includes("-pool-"))
    .map(({ name }) => name);
  const tools = { now: new Date(), random: systemRandom };
  const authority = await makeAuthority({ organization: "Multigres", commonName: "Multigres CA" }, tools);
  const leaf = await issueLeaf(
    authority,
    pgBackRestCertificate({ namespace, poolServices: [service] }),
    tools,
  );
  const labels = { ...world.find(({ kind }) => kind === "ConfigMap")?.labels };
  const component = { "app.kubernetes.io/component": "pgbackrest-tls" };
  const save = (name: string, stringData: Record<string, string>) =>
    client.apply({ ...Secrets, fieldManager: APPLIED_BY }, {
      type: "Opaque",
      metadata: {
        namespace,
        name,
        labels: Object.fromEntries(
          Object.entries({ ...labels, ...component }).map(([key, value]) => [key, String(value)]),
        ),
        ownerReferences: [reference(`Shard/${shard}`, uids)],
      },
      stringData,
    });
  const line = ({ certificate }: KeyPair) => `${certificate.trim()}\n`;
  await save(`${shard}-pgbackrest-ca`, { "ca.crt": line(authority), "ca.key": olderKey(authority) });
  await save(`${shard}-pgbackrest-tls`, { "tls.crt": line(leaf), "tls.key": olderKey(leaf) });
}

/** SEC 1, as Go programs write keys of elliptic curves. */
function olderKey({ key }: KeyPair): string {
  return createPrivateKey(key).export({ type: "sec1", format: "pem" }).toString();
}

/** Until Kubernetes has done its part: pods run, claims are bound, Deployments and StatefulSets are complete. */
async function untilAtWork({ client, namespace }: ClusterStage): Promise<void> {
  await waitUntil(
    "the objects that were left to be at work",
    () => openWork(client, namespace),
    (open) => open.length === 0,
  );
}

async function openWork(client: KubeClient, namespace: string): Promise<string[]> {
  const claims = await client.listAll(PersistentVolumeClaims, { namespace });
  const pods = await client.listAll(Pods, { namespace });
  const deployments = await client.listAll(Deployments, { namespace });
  const sets = await client.listAll(StatefulSets, { namespace });
  return [
    ...claims.filter(({ status }) => status?.phase !== "Bound"),
    ...pods.filter(({ status }) =>
      !status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
    ),
    ...[...deployments, ...sets].filter(({ spec, status }) =>
      status?.readyReplicas !== (spec?.replicas ?? 1)
    ),
  ].map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}
