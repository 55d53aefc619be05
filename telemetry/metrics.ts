/**
 * What the runtime tells about itself, in terms that fit any metrics library: whoever counts implements
 * {@link RuntimeMetrics}, whoever is counted sees nothing else.
 */

/** How a reconcile ended. The words are those of controller-runtime, which dashboards and alerts already know. */
export type ReconcileResult = "success" | "requeue" | "requeue_after" | "error";

/** State of one work queue at the moment somebody looks. */
export interface QueueReading {
  /** Keys that wait to be worked on; neither those under way nor those that wait for a later time. */
  readonly depth: number;
  /** Seconds that the longest-waiting key has been in the queue; 0 when it is empty. */
  readonly oldestAgeSeconds: number;
  /** Keys ever added, a coalesced one counted once. */
  readonly adds?: number;
  /** Keys ever put back because their reconcile failed. */
  readonly retries?: number;
}

export interface RuntimeMetrics {
  /**
   * A reconcile of `controller` took `seconds`.
   * @param key Of the object, `namespace/name`: too many for a label, but some want to know.
   */
  reconciled(controller: string, result: ReconcileResult, seconds: number, key: string): void;
  /**
   * A request to the API server ended after `seconds`.
   * @param method HTTP method.
   * @param resource Plural with its group, such as `shards.multigres.com`; empty when the path names no kind.
   * @param code HTTP status, or `error` when no answer came.
   */
  request(method: string, resource: string, code: number | "error", seconds: number): void;
  /** A watch ended. `reason` comes from a small fixed set, such as `closed`, `expired`, `inactive`, `error`. */
  watchEnded(resource: string, reason: string): void;
  /** A list was read to its end and holds `items` objects. */
  listed(resource: string, items: number): void;
  /**
   * Names a queue whose state is read whenever metrics are scraped, and never in between.
   * @returns a function that forgets the queue.
   */
  registerQueue(name: string, read: () => QueueReading): () => void;
  /** This process became the leader, or stopped being it. */
  leader(leading: boolean): void;
}

/** Counts nothing: for tests that look at other things, and for a process whose metrics are off. */
export const silentMetrics: RuntimeMetrics = {
  reconciled: () => {},
  request: () => {},
  watchEnded: () => {},
  listed: () => {},
  registerQueue: () => () => {},
  leader: () => {},
};
