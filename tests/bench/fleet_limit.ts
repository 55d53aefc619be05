/**
 * What this machine and its control plane can do at best: the objects that the operator made, applied without an operator.
 * Everything that reacts to them (Deployments, scheduler, fake kubelet) takes its time just the same.
 */
import { instanceLabel } from "../../api/multigres/labels.ts";
import type { GroundClient, Manifest } from "../ground/client.ts";
import { at, isRecord, listAt, stringAt } from "../ground/json.ts";
import { waitUntil } from "../ground/wait_for.ts";
import {
  clusterName,
  type Collection,
  collections,
  countPods,
  eachOf,
  type Fleet,
  namespaceOf,
  pathOf,
  prepareNamespaces,
} from "./fleet_clusters.ts";

/** The objects of one cluster, to be applied for others. */
export interface Sample {
  readonly objects: readonly Manifest[];
  /** Pods that these objects lead to. */
  readonly pods: number;
}

/** How often it is looked how far a fleet is, in milliseconds. */
export const lookEveryMs = 1_000;

/** The first of a fleet is the one that samples are taken of. */
const sampled = 0;

const group = "multigres.com/";

/** Takes a sample of a fleet that stands. @throws Error when there is nothing to take. */
export async function takeSample(client: GroundClient, fleet: Fleet): Promise<Sample> {
  const namespace = namespaceOf(fleet, sampled);
  const objects: Manifest[] = [];
  for (const kind of Object.keys(collections).filter(isCollection)) {
    objects.push(...(await madeFor(client, kind, namespace)).map(withoutHistory));
  }
  if (objects.length === 0) {
    throw new Error(`Cannot copy cluster ${clusterName(sampled)} as it has no objects`);
  }
  return { objects, pods: objects.reduce((sum, object) => sum + podsOf(object), 0) };
}

function isCollection(name: string): name is Collection {
  return name in collections;
}

/** Objects of a kind that the operator itself made for the cluster, not those that came of them. */
async function madeFor(client: GroundClient, kind: Collection, namespace: string): Promise<Manifest[]> {
  if (kind === "clusters") return [];
  const label = `${instanceLabel}=${clusterName(sampled)}`;
  const listed = await client.list(`${pathOf(kind, namespace)}?labelSelector=${label}`);
  const first = await client.request("GET", `${pathOf(kind, namespace)}?limit=1`);
  const [apiVersion, listKind] = [stringAt(first, "apiVersion"), stringAt(first, "kind")];
  return listed.filter(isRecord).filter(isMadeByOperator)
    .map((object) => ({ ...object, apiVersion, kind: listKind?.replace(/List$/, "") }));
}

function isMadeByOperator(object: unknown): boolean {
  const owner = listAt(object, "metadata", "ownerReferences").find((each) => at(each, "controller") === true);
  return owner === undefined || stringAt(owner, "apiVersion")?.startsWith(group) === true;
}

/** What a user could have written: without what the server, the scheduler and others filled in. */
function withoutHistory(object: Manifest): Manifest {
  const { status: _status, metadata, spec, ...rest } = object;
  const { name, namespace, labels, annotations } = isRecord(metadata) ? metadata : {};
  const kept = isRecord(annotations)
    ? Object.fromEntries(Object.entries(annotations).filter(([key]) => !filledAnnotations.test(key)))
    : {};
  const plain = isRecord(spec)
    ? { spec: Object.fromEntries(Object.entries(spec).filter(([key]) => !filledFields.has(key))) }
    : {};
  return { ...rest, metadata: { name, namespace, labels, annotations: kept }, ...plain };
}

const filledAnnotations = /^(pv|volume|deployment)\.(beta\.)?kubernetes\.io\//;
const filledFields = new Set(["clusterIP", "clusterIPs", "nodeName", "volumeName", "healthCheckNodePort"]);

function podsOf(object: Manifest): number {
  if (object["kind"] === "Pod") return 1;
  if (object["kind"] !== "Deployment" && object["kind"] !== "StatefulSet") return 0;
  const replicas = at(object, "spec", "replicas");
  return typeof replicas === "number" ? replicas : 1;
}

/** Applies the sample once for each cluster of a fleet; returns the seconds until all of its pods were Ready. */
export async function measureLimit(client: GroundClient, fleet: Fleet, sample: Sample): Promise<number> {
  await prepareNamespaces(client, fleet);
  const texts = sample.objects.map((object) => JSON.stringify(object));
  const started = performance.now();
  await eachOf(fleet.count * texts.length, (index) => {
    const [cluster, object] = [Math.floor(index / texts.length), texts[index % texts.length] ?? ""];
    return client.apply(renamed(object, fleet, cluster));
  });
  const wanted = fleet.count * sample.pods;
  await waitUntil(
    `${wanted} pods to run`,
    () => countPods(client, fleet),
    ({ running }) => running >= wanted,
    { timeoutMs: 900_000, intervalMs: lookEveryMs },
  );
  return (performance.now() - started) / 1000;
}

/** A cluster's name is part of every name, label and reference within its objects. */
function renamed(text: string, fleet: Fleet, cluster: number): Manifest {
  const object: unknown = JSON.parse(text.replaceAll(clusterName(sampled), clusterName(cluster)));
  if (!isRecord(object)) throw new TypeError("Cannot apply what is no object");
  return { ...object, metadata: { ...recordAt(object, "metadata"), namespace: namespaceOf(fleet, cluster) } };
}

function recordAt(object: unknown, key: string): Record<string, unknown> {
  const found = at(object, key);
  return isRecord(found) ? found : {};
}
