/** Where a kind lives in the API: the one place that turns a kind into URL paths. */
import type { KubeObject } from "./types.ts";

/** A kind of the API, and (as a phantom type) the shape of its objects. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** API group; the empty string for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Lower-case plural as in the URL. */
  readonly plural: string;
  readonly namespaced: boolean;
  /**
   * Owner of the fields that are applied to objects of this kind, when it is not the client's own. A kind that bears one is
   * kept in a store apart: that is how two families of objects each see and write their own Pods and Services.
   */
  readonly fieldManager?: string;
  /**
   * Names under which programs of former days applied the status. What they alone said is taken back once ours stands:
   * nobody else would, and it would stand for ever.
   */
  readonly formerStatusManagers?: readonly string[];
  /** Never set: carries the object's type. */
  readonly __object?: T;
}

/** The shape of the objects of a {@link Resource}. */
export type ObjectOf<R> = R extends Resource<infer T> ? T : never;

/** Declares a kind. */
export function defineResource<T extends KubeObject>(
  definition: Omit<Resource<T>, "__object">,
): Resource<T> {
  return Object.freeze(definition);
}

/** `apiVersion` as it stands in an object: `v1`, `apps/v1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** `plural.group`, the form that kubectl and RBAC messages use: `pods`, `toposervers.multigres.com`. */
export function qualifiedName(resource: Resource): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** Which store a kind is kept in: its name, and whose fields are applied to it. */
export function storeName(resource: Resource): string {
  const { fieldManager } = resource;
  return fieldManager === undefined
    ? qualifiedName(resource)
    : `${qualifiedName(resource)} (${fieldManager})`;
}

/** The same kind as a family of objects sees it that is written under another name: see {@link Resource.fieldManager}. */
export function writtenBy<T extends KubeObject>(fieldManager: string, resource: Resource<T>): Resource<T> {
  return defineResource<T>({ ...resource, fieldManager });
}

/**
 * Path of a collection: all namespaces when `namespace` is absent.
 * @throws TypeError when a namespace is given for a cluster-scoped kind.
 */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === ""
    ? `/api/${resource.version}`
    : `/apis/${resource.group}/${resource.version}`;
  if (namespace === undefined) return `${root}/${resource.plural}`;
  if (!resource.namespaced) {
    throw new TypeError(
      `Cannot address ${resource.kind} in namespace "${namespace}" as the kind is cluster-scoped`,
    );
  }
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`;
}

/**
 * Path of one object, or of its subresource.
 * @throws TypeError when the namespace is missing for a namespaced kind, or given for a cluster-scoped one.
 */
export function objectPath(
  resource: Resource,
  key: { namespace?: string | undefined; name: string },
  subresource?: string,
): string {
  if (resource.namespaced && key.namespace === undefined) {
    throw new TypeError(`Cannot address ${resource.kind} "${key.name}" as its namespace is missing`);
  }
  const path = `${collectionPath(resource, key.namespace)}/${encodeURIComponent(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
