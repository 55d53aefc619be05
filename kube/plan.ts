/**
 * Plans: what a reconcile decided, as data. Every step may be repeated, because any prefix of a plan may have been
 * carried out before a crash, and the plan made from there must lead to the same end.
 */
import type { Applied, Precondition } from "./client.ts";
import type { Notice } from "./events.ts";
import type { Pod } from "./kinds.ts";
import type { Resource } from "./resource.ts";
import type { KubeObject, ObjectKey } from "./types.ts";

/** Server-side apply; sent only when it would change something. */
export interface ApplyStep {
  readonly kind: "apply";
  readonly resource: Resource;
  readonly object: Applied<KubeObject>;
}

/** Plain create, for objects that are never changed afterwards. */
export interface CreateStep {
  readonly kind: "create";
  readonly resource: Resource;
  readonly object: Applied<KubeObject>;
  /** What an object means that bears the name already: it is as good, or what follows in the plan does not fit to it. */
  readonly existing: "welcome" | "conflict";
}

/** JSON merge patch, refused when the object has changed since it was seen. */
export interface PatchStep {
  readonly kind: "patch";
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly resourceVersion: string;
  readonly patch: Readonly<Record<string, unknown>>;
}

/** Deletes exactly the object that was seen. */
export interface DeleteStep {
  readonly kind: "delete";
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly precondition: Precondition;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

/** Asks for a pod's eviction; a budget's refusal becomes a wait. */
export interface EvictStep {
  readonly kind: "evict";
  readonly key: ObjectKey;
  readonly precondition: Precondition;
}

/** Changes a running pod's resources in place through the `resize` subresource. */
export interface ResizeStep {
  readonly kind: "resize";
  /** The kind Pod as the pod's family sees it; that of `kinds.ts` when absent. */
  readonly resource?: Resource<Pod>;
  readonly key: ObjectKey;
  readonly resourceVersion: string;
  /** Container name to its new resources. */
  readonly resources: Readonly<Record<string, unknown>>;
}

/** A call to something else than the API server, carried out by whoever was handed to the executor. */
export interface RpcStep {
  readonly kind: "rpc";
  readonly target: string;
  readonly method: string;
  readonly payload: unknown;
}

/** Tells people about a transition. */
export interface EventStep extends Omit<Notice, "type"> {
  readonly kind: "event";
  readonly level: Notice["type"];
}

/** Nothing after this step is done now: something must happen first. */
export interface WaitStep {
  readonly kind: "wait";
  /** One word in CamelCase. */
  readonly reason: string;
  /** What is waited for, in a sentence. */
  readonly message: string;
  /** When to look again at the latest, in seconds, even if no watch tells before. */
  readonly afterSeconds: number;
}

export type Step =
  | ApplyStep
  | CreateStep
  | PatchStep
  | DeleteStep
  | EvictStep
  | ResizeStep
  | RpcStep
  | EventStep
  | WaitStep;

export type Plan = readonly Step[];

/** An apply step; the object's shape is checked against its kind. */
export function apply<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): ApplyStep {
  return { kind: "apply", resource, object };
}

/** A create step; the object's shape is checked against its kind. */
export function create<T extends KubeObject>(
  resource: Resource<T>,
  object: Applied<T>,
  existing: CreateStep["existing"] = "welcome",
): CreateStep {
  return { kind: "create", resource, object, existing };
}

/**
 * A delete step for exactly the object that was observed.
 * @throws TypeError when the object did not come from the API server.
 */
export function remove(
  resource: Resource,
  object: { readonly metadata: { name: string; namespace?: string; uid?: string; resourceVersion?: string } },
): DeleteStep {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  if (uid === undefined || resourceVersion === undefined) {
    throw new TypeError(
      `Cannot plan to delete ${resource.kind} "${name}" as its uid or resourceVersion is not known`,
    );
  }
  const key = namespace === undefined ? { name } : { namespace, name };
  return { kind: "delete", resource, key, precondition: { uid, resourceVersion } };
}

/** A merge patch step, refused when the object has changed since it was observed. */
export function patch(
  resource: Resource,
  object: { readonly metadata: ObjectKey & { readonly resourceVersion: string } },
  changes: Readonly<Record<string, unknown>>,
): PatchStep {
  const { name, namespace, resourceVersion } = object.metadata;
  const key = namespace === undefined ? { name } : { namespace, name };
  return { kind: "patch", resource, key, resourceVersion, patch: changes };
}

/** An event step. */
export function tell(level: Notice["type"], reason: string, message: string): EventStep {
  return { kind: "event", level, reason, message };
}

/** A wait step. */
export function wait(reason: string, message: string, afterSeconds: number): WaitStep {
  return { kind: "wait", reason, message, afterSeconds };
}
