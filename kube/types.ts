/**
 * Kubernetes objects as they travel over the wire.
 *
 * The types of `@kubernetes/client-node` describe its own decoded classes (dates as `Date`, reserved words with a
 * leading underscore). {@link Wire} turns such a type back into the JSON that the API server really sends.
 */

/** The JSON form of a client-node model: `Date` becomes an RFC 3339 string, `_from` becomes `from`. */
export type Wire<T> = T extends Date ? string
  : T extends (infer U)[] ? Wire<U>[]
  : T extends string | number | boolean | null | undefined ? T
  : T extends object ? { [K in keyof T as K extends `_${infer R}` ? R : K]: Wire<T[K]> }
  : T;

/** The same value with every level read-only: what a {@link file://./store.ts | Store} hands out. */
export type Frozen<T> = T extends (infer U)[] ? readonly Frozen<U>[]
  : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> }
  : T;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** One entry of `metadata.managedFields`: which manager owns which fields of which subresource. */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  subresource?: string;
  fieldsV1?: Record<string, unknown>;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFieldsEntry[];
}

/** Any Kubernetes object. `spec` and `status` belong to the concrete kinds. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Name and namespace of an object; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectKey {
  namespace?: string;
  name: string;
}

/** `metadata` that came from the API server always carries these. */
export interface Stored {
  metadata: ObjectMeta & { uid: string; resourceVersion: string };
}
