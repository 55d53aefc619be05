/** The kinds of Kubernetes itself that the operator reads or writes, with the types of their JSON. */
import type {
  CoreV1Event,
  V1ConfigMap,
  V1Deployment,
  V1Lease,
  V1Namespace,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1Secret,
  V1Service,
  V1StatefulSet,
  V1StorageClass,
} from "@kubernetes/client-node";
import { defineResource, type Resource } from "./resource.ts";
import type { KubeObject, Wire } from "./types.ts";

/** A client-node model as the JSON object that it stands for. */
type Builtin<T> = KubeObject & Omit<Wire<T>, "apiVersion" | "kind" | "metadata">;

export type ConfigMap = Builtin<V1ConfigMap>;
export type Deployment = Builtin<V1Deployment>;
export type Event = Builtin<CoreV1Event>;
export type Lease = Builtin<V1Lease>;
export type Namespace = Builtin<V1Namespace>;
export type Node = Builtin<V1Node>;
export type PersistentVolumeClaim = Builtin<V1PersistentVolumeClaim>;
export type Pod = Builtin<V1Pod>;
export type PodDisruptionBudget = Builtin<V1PodDisruptionBudget>;
export type Secret = Builtin<V1Secret>;
export type Service = Builtin<V1Service>;
export type StatefulSet = Builtin<V1StatefulSet>;
export type StorageClass = Builtin<V1StorageClass>;

function namespaced<T extends KubeObject>(group: string, kind: string, plural: string): Resource<T> {
  return defineResource<T>({ group, version: "v1", kind, plural, namespaced: true });
}

function clusterScoped<T extends KubeObject>(group: string, kind: string, plural: string): Resource<T> {
  return defineResource<T>({ group, version: "v1", kind, plural, namespaced: false });
}

export const ConfigMaps = namespaced<ConfigMap>("", "ConfigMap", "configmaps");
export const Deployments = namespaced<Deployment>("apps", "Deployment", "deployments");
export const Events = namespaced<Event>("", "Event", "events");
export const Leases = namespaced<Lease>("coordination.k8s.io", "Lease", "leases");
export const Namespaces = clusterScoped<Namespace>("", "Namespace", "namespaces");
export const Nodes = clusterScoped<Node>("", "Node", "nodes");
export const PersistentVolumeClaims = namespaced<PersistentVolumeClaim>(
  "",
  "PersistentVolumeClaim",
  "persistentvolumeclaims",
);
export const Pods = namespaced<Pod>("", "Pod", "pods");
export const PodDisruptionBudgets = namespaced<PodDisruptionBudget>(
  "policy",
  "PodDisruptionBudget",
  "poddisruptionbudgets",
);
export const Secrets = namespaced<Secret>("", "Secret", "secrets");
export const Services = namespaced<Service>("", "Service", "services");
export const StatefulSets = namespaced<StatefulSet>("apps", "StatefulSet", "statefulsets");
export const StorageClasses = clusterScoped<StorageClass>("storage.k8s.io", "StorageClass", "storageclasses");
