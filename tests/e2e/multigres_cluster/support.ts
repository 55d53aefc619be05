/** What the tests of MultigresClusters have in common: manifests, and ways to look. */
import { Cells } from "../../../api/multigres/cell.ts";
import { type MultigresCluster, MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { TableGroups } from "../../../api/multigres/table_group.ts";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import type { Condition } from "../../../kube/conditions.ts";
import { Deployments, type Event, Events, Services, StatefulSets } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { borrow, type ClusterStage, downToShards } from "../../support/cluster_stage.ts";
import type { OperatorOptions, RunningOperator } from "../../support/operator.ts";

export const password = `
apiVersion: v1
kind: Secret
metadata: { name: pw }
stringData: { password: secret }
`;

/** Kinds of objects that a cluster is made of, from the top down. */
export const kinds: readonly Resource[] = [
  Cells.resource,
  TableGroups.resource,
  Shards.resource,
  TopoServers.resource,
  StatefulSets,
  Deployments,
  Services,
];

/** A manifest of a file of examples, with its etcd replaced by the one of the stage. */
export async function example(name: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(`../../fixtures/multigres/${name}.yaml`, import.meta.url));
  return text.replaceAll(/"http:..127.0.0.1:2379"/g, "TOPO")
    .replaceAll(/rootPath: \S+\/global/g, "rootPath: ROOT");
}

/** One cell in the zone of a fake node. */
export const oneCell: readonly unknown[] = [{ name: "zone-a", zoneId: "use1-aza" }];

/**
 * The manifest of a cluster with an external topology of its own and one cell, but for the fields that are given; a null
 * takes a field away.
 */
export function cluster(name: string, fields: Readonly<Record<string, unknown>> = {}): string {
  const spec = {
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    globalTopoServer: external(name),
    cells: oneCell,
    ...fields,
  };
  const given = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null));
  return manifest("MultigresCluster", name, given);
}

/** A place in the etcd of the ground that no other cluster has. */
export function external(name: string): unknown {
  return { external: { endpoints: ["TOPO"], rootPath: `ROOT/${name}` } };
}

export function manifest(kind: string, name: string, spec: unknown): string {
  return `${
    JSON.stringify({ apiVersion: "multigres.com/v1alpha1", kind, metadata: { name }, spec })
  }\n---\n${password}`;
}

/** Starts an operator whose clusters end at their Shards. */
export function start(stage: ClusterStage, options: Partial<OperatorOptions> = {}): RunningOperator {
  return stage.start({ setUp: downToShards(), ...options });
}

/** `Status/Reason` of a condition. */
export function conditionOf(
  { status }: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): string {
  const found = status?.conditions?.find((each) => each.type === type);
  return `${found?.status}/${found?.reason}`;
}

export function messageOf({ status }: MultigresCluster, type: string): string {
  return status?.conditions?.find((each) => each.type === type)?.message ?? "";
}

/** Waits until a condition of a cluster stands as `Status/Reason`. */
export function untilCondition(
  stage: ClusterStage,
  name: string,
  [type, expected]: readonly [type: string, expected: string],
): Promise<MultigresCluster> {
  return waitUntil(
    `${type} ${expected}`,
    () => stage.cluster(name),
    (seen) => conditionOf(seen, type) === expected,
  );
}

/** Events about an object, oldest first, each as often as it was told. */
export async function eventsOf(
  { client, namespace }: ClusterStage,
  kind: string,
  name: string,
): Promise<Event[]> {
  const all = await client.listAll(Events, { namespace });
  return all.filter(({ involvedObject }) => involvedObject.kind === kind && involvedObject.name === name)
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
}

/** The keys below a root of the topology. */
export async function keysBelow(endpoint: string, root: string): Promise<string[]> {
  using pool = new StorePool();
  using store = borrow(pool, { endpoints: [endpoint] });
  return (await store.list(`${root}/`)).entries.map(({ key }) => key);
}

/** Deletes a cluster as kubectl does. */
export async function drop(
  { ground, namespace }: ClusterStage,
  name: string,
  propagationPolicy: "Background" | "Foreground" | "Orphan" = "Background",
): Promise<void> {
  const path = `/apis/multigres.com/v1alpha1/namespaces/${namespace}/multigresclusters/${name}`;
  await ground.request("DELETE", path, { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy });
}

/** Waits until a cluster is gone. */
export function untilGone(
  { client, namespace }: ClusterStage,
  name: string,
  timeoutMs = 30_000,
): Promise<MultigresCluster | undefined> {
  return waitUntil(
    `${name} to be gone`,
    () => client.find(MultigresClusters.resource, { namespace, name }),
    (seen) => seen === undefined,
    { timeoutMs },
  );
}
