/** Tells the webhook what it needs to know, as the stores of the operator learn it. */
import type { Cache, Watched } from "../kube/cache.ts";
import { type Change, keyOf } from "../kube/store.ts";
import type { Frozen, KubeObject } from "../kube/types.ts";
import { type FactChange, type FactKind, factKinds, factResources } from "./facts.ts";
import { project } from "./projection.ts";

/**
 * What has to be watched for reviews, besides what controllers watch. All of it is optional: without the right to see nodes,
 * say, nothing is refused for them.
 */
export const factSources: readonly Watched[] = factKinds.map((kind) => ({
  resource: factResources[kind],
  optional: true,
}));

/** Takes the changes, in order. */
export type FactListener = (changes: readonly FactChange[]) => void;

export class FactFeed {
  readonly #cache: Cache;

  /** @param cache that watches {@link factSources}. */
  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /**
   * Tells everything that is known, then each change, until `signal` aborts. Changes that come together are told together;
   * what reviews do not look at is not told.
   */
  follow(listener: FactListener, signal: AbortSignal): void {
    const batch = new Batch(listener, signal);
    for (const kind of factKinds) this.#follow(kind, batch, signal);
  }

  #follow(kind: FactKind, batch: Batch, signal: AbortSignal): void {
    const resource = factResources[kind];
    const store = this.#cache.store<KubeObject>(resource);
    const marks = new Map<string, string>();
    const tell = (object: Frozen<KubeObject>) => {
      const key = keyOf(object.metadata);
      const part = project(kind, object);
      if (marks.get(key) === part.mark) return;
      marks.set(key, part.mark);
      batch.add({ type: "object", kind, object: part.object });
    };
    const take = (change: Change<KubeObject>) => {
      if (change.type !== "deleted") return tell(change.object);
      const key = keyOf(change.object.metadata);
      marks.delete(key);
      batch.add({ type: "gone", kind, key });
    };
    for (const object of store.values()) tell(object);
    const unsubscribe = store.subscribe(take);
    signal.addEventListener("abort", unsubscribe, { once: true });
    void this.#cache.whenSynced([resource], signal).then((synced) => {
      if (synced) batch.add({ type: "known", kind });
    });
  }
}

/** Collects the changes of one turn of the event loop: a list brings hundreds at once. */
class Batch {
  readonly #listener: FactListener;
  readonly #signal: AbortSignal;
  #changes: FactChange[] = [];

  constructor(listener: FactListener, signal: AbortSignal) {
    this.#listener = listener;
    this.#signal = signal;
  }

  add(change: FactChange): void {
    if (this.#changes.length === 0) queueMicrotask(() => this.#flush());
    this.#changes.push(change);
  }

  #flush(): void {
    const changes = this.#changes;
    this.#changes = [];
    if (!this.#signal.aborted) this.#listener(changes);
  }
}
