/** Many small MultigresClusters, and what there is to see of them from outside. */
import { instanceLabel } from "../../api/multigres/labels.ts";
import type { GroundClient, Manifest } from "../ground/client.ts";
import { at, listAt, stringAt } from "../ground/json.ts";

/** Requests under way at the same time, as several users with kubectl would have. */
const workers = 16;

/** Over how many namespaces the clusters are spread. */
const namespaceCount = 4;

const multigres = "/apis/multigres.com/v1alpha1";

/** Kinds that a cluster consists of, by where they are listed. */
export const collections = {
  clusters: { root: multigres, plural: "multigresclusters" },
  tableGroups: { root: multigres, plural: "tablegroups" },
  shards: { root: multigres, plural: "shards" },
  cells: { root: multigres, plural: "cells" },
  topoServers: { root: multigres, plural: "toposervers" },
  deployments: { root: "/apis/apps/v1", plural: "deployments" },
  statefulSets: { root: "/apis/apps/v1", plural: "statefulsets" },
  budgets: { root: "/apis/policy/v1", plural: "poddisruptionbudgets" },
  services: { root: "/api/v1", plural: "services" },
  configMaps: { root: "/api/v1", plural: "configmaps" },
  secrets: { root: "/api/v1", plural: "secrets" },
  claims: { root: "/api/v1", plural: "persistentvolumeclaims" },
  pods: { root: "/api/v1", plural: "pods" },
} as const;

export type Collection = keyof typeof collections;

/** Where a number of clusters lives. */
export interface Fleet {
  readonly count: number;
  readonly namespaces: readonly string[];
  /** Instances of each shard; the default of clusters when absent. */
  readonly instances?: number;
  /** Address of the etcd that holds the topology of all of them. */
  readonly etcd: string;
}

/** A fleet of so many clusters in namespaces that begin with `prefix`. */
export function fleetOf(count: number, prefix: string, etcd: string): Fleet {
  const namespaces = Array.from({ length: namespaceCount }, (_, index) => `${prefix}-${index}`);
  return { count, namespaces, etcd };
}

/** Name of the cluster with this number; all have the same length, so that names made from them are equally long. */
export function clusterName(index: number): string {
  return `fleet${String(index).padStart(4, "0")}`;
}

/** The namespace of the cluster with this number. */
export function namespaceOf({ namespaces }: Fleet, index: number): string {
  return namespaces[index % namespaces.length] ?? "default";
}

/** Path under which a kind is listed, in one namespace or in all. */
export function pathOf(collection: Collection, namespace?: string): string {
  const { root, plural } = collections[collection];
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

/** One cell; all else is defaulted. */
function cluster(fleet: Fleet, index: number): Manifest {
  const [name, namespace] = [clusterName(index), namespaceOf(fleet, index)];
  const external = { endpoints: [fleet.etcd], rootPath: `/${namespace}/${name}/global` };
  return {
    apiVersion: "multigres.com/v1alpha1",
    kind: "MultigresCluster",
    metadata: { name, namespace },
    spec: {
      postgresPasswordSecretRef: { name: "pw", key: "password" },
      globalTopoServer: { external },
      cells: [{ name: "zone-a", zoneId: "use1-aza" }],
      ...(fleet.instances === undefined ? {} : { databases: databasesOf(fleet.instances) }),
    },
  };
}

/** One shard with so many instances. */
function databasesOf(replicasPerCell: number) {
  const pools = { default: { type: "readWrite", cells: ["zone-a"], replicasPerCell } };
  const shards = [{ name: "0-inf", spec: { pools } }];
  return [{ name: "postgres", default: true, tablegroups: [{ name: "default", default: true, shards }] }];
}

/** Makes the namespaces, each with the Secret of the password. */
export async function prepareNamespaces(client: GroundClient, { namespaces }: Fleet): Promise<void> {
  for (const namespace of namespaces) {
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await client.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "pw", namespace },
      stringData: { password: "fleet" },
    });
  }
}

export async function createClusters(client: GroundClient, fleet: Fleet): Promise<void> {
  await eachOf(fleet.count, (index) => client.apply(cluster(fleet, index)));
}

export async function deleteClusters(client: GroundClient, fleet: Fleet): Promise<void> {
  await eachOf(
    fleet.count,
    (index) =>
      client.request("DELETE", `${pathOf("clusters", namespaceOf(fleet, index))}/${clusterName(index)}`),
  );
}

/** Does something for each number below `count`, as many at a time as there are workers. */
export async function eachOf(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < count) await work(next++);
  }));
}

/**
 * How many of a kind are left in the namespaces of a fleet that belong to its clusters. Gateways name theirs as their instance
 * alone.
 */
export async function countLeft(client: GroundClient, fleet: Fleet, kind: Collection): Promise<number> {
  const selector = kind === "clusters" ? "" : `?labelSelector=${instanceLabel}`;
  const lists = fleet.namespaces.map((namespace) => client.list(`${pathOf(kind, namespace)}${selector}`));
  return (await Promise.all(lists)).flat().length;
}

/** Names of the clusters that say they are Healthy, of the spec that they have now. */
export async function healthyClusters(client: GroundClient): Promise<string[]> {
  return (await client.list(pathOf("clusters"))).filter(isHealthy)
    .map((cluster) => stringAt(cluster, "metadata", "name") ?? "");
}

/** How many pods in the namespaces of a fleet run, and how many do not yet. */
export interface PodCount {
  readonly running: number;
  readonly pending: number;
}

/**
 * Counts pods by questions with small answers: reading whole pods each second would keep the API server busier than some
 * operators do. With the fake kubelet a pod that runs is Ready.
 */
export async function countPods(client: GroundClient, fleet: Fleet): Promise<PodCount> {
  const counts = await Promise.all(fleet.namespaces.map(async (namespace) => {
    const path = pathOf("pods", namespace);
    const first = await client.request("GET", `${path}?limit=1`);
    const more = at(first, "metadata", "remainingItemCount");
    const total = listAt(first, "items").length + (typeof more === "number" ? more : 0);
    const pending = (await client.list(`${path}?fieldSelector=status.phase!=Running`)).length;
    return { running: Math.max(0, total - pending), pending };
  }));
  const sum = (key: keyof PodCount) => counts.reduce((all, each) => all + each[key], 0);
  return { running: sum("running"), pending: sum("pending") };
}

/** Whether a cluster is Healthy, and not only was with an earlier spec. */
function isHealthy(cluster: unknown): boolean {
  return stringAt(cluster, "status", "phase") === "Healthy" &&
    at(cluster, "status", "observedGeneration") === at(cluster, "metadata", "generation");
}
