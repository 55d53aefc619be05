/** What a controller is, and how its reconciles are run. */
import type { Logger } from "../telemetry/log.ts";
import type { Origin } from "../telemetry/tracing.ts";
import type { ActResult, Caller } from "./act.ts";
import type { Cache, Watched } from "./cache.ts";
import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Notice } from "./events.ts";
import type { Fence } from "./fence.ts";
import type { Plan } from "./plan.ts";
import type { Frozen, KubeObject, Stored } from "./types.ts";

/** One thing that is wrong with an object, and where. */
export interface Problem {
  /** Path of the field, for example `spec.etcd.replicas`. */
  readonly path: string;
  readonly message: string;
}

/** An object read as its kind, or why it cannot be. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** How a reconcile ended. */
export type Outcome =
  /** Nothing is left to do until something changes. */
  | { readonly kind: "settled" }
  /** Look again after this many seconds, even if nothing changes before. */
  | { readonly kind: "again"; readonly afterSeconds: number }
  /** Something failed, and the status says so; retried with back-off unless it is permanent (see `errors.ts`). */
  | { readonly kind: "failed"; readonly error: Error };

export const settled: Outcome = { kind: "settled" };

/** A kind whose objects lead to objects of the controller's own kind. */
export interface Source {
  readonly watched: Watched;
  /** Keys of the controller's objects to look at when this object changed. */
  readonly keys: (object: Frozen<KubeObject>, cache: Cache) => readonly string[];
}

/** Something besides the API server that has news of objects: work that ended, a store that changed. */
export interface Wakes {
  /** Calls `listener` with the key of each object to look at again. @returns a function that ends it. */
  subscribe(listener: (key: string) => void): () => void;
}

export interface Controller<T extends KubeObject> {
  /**
   * For so long after a status was written another one waits that changes neither the phase nor what a condition says, but
   * only words and numbers, in milliseconds; none waits when absent. Who lays hundreds of objects out writes a third less.
   * @param status the one that would be written
   */
  readonly statusRestMs?: (status: Readonly<Record<string, unknown>>) => number;
  /** Lower-case name of the kind: the label of its metrics, and the start of its event component. */
  readonly name: string;
  readonly watched: Watched<KubeObject>;
  /** Kinds made by it: a change of one leads to its controlling owner. */
  readonly owns: readonly Watched[];
  readonly sources?: readonly Source[];
  readonly wakes?: readonly Wakes[];
  decode(raw: Frozen<KubeObject>): Decoded<T>;
  /**
   * For kinds with a finalizer: called instead of {@link reconcile} for an object that is being deleted. It is given as it
   * is stored: one that does not fit its schema must be able to go, or its namespace never would.
   */
  finalize?(object: Frozen<KubeObject> & Stored, context: ReconcileContext): Promise<Outcome>;
  /** Brings the world closer to the object. It may be called at any time and any number of times. */
  reconcile(object: T & Stored, context: ReconcileContext): Promise<Outcome>;
  /** The trace that a pass over the object belongs to; one of its own when absent. Asked only while traces are exported. */
  origin?(object: Frozen<KubeObject>, cache: Cache, now: Date): Origin | undefined;
  /** Called when an object is gone, to drop what is kept for it (metric series, connections). */
  forget?(key: string): void;
}

/** What a reconcile works with. */
export interface ReconcileContext {
  readonly cache: Cache;
  /** For live reads before what cannot be undone. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Says whether this process may still write, for what does not go through {@link client}. */
  readonly fence: Fence;
  /** Aborts when the process stops or loses its lease. */
  readonly signal: AbortSignal;
  /** Carries out a plan. @param rpc for its calls to other systems. */
  act(plan: Plan, rpc?: Caller): Promise<ActResult>;
  /**
   * Writes the object's status, unless it stands so already or is to wait for a while (see {@link Controller.statusRestMs});
   * the object is then looked at again. @param notices what to tell along with it, and not before.
   */
  writeStatus(status: Readonly<Record<string, unknown>>, notices?: readonly Notice[]): Promise<boolean>;
  /** Tells an event about the object. */
  record(notice: Notice): void;
}
