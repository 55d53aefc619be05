/** Pods that differ from what is wanted, as the last pass over each Shard found them. */
import type { LifePod } from "../shard/life/model.ts";

export class DriftBoard {
  /** Pools with such pods, by the key of their Shard; a Shard without any takes no room. */
  readonly #byShard = new Map<string, ReadonlyMap<string, number>>();

  /** Shards with such pods. */
  get size(): number {
    return this.#byShard.size;
  }

  /** Told at the end of every pass. @param key of the Shard, `namespace/name` */
  note(key: string, pods: readonly Pick<LifePod, "pool" | "drift">[]): void {
    const counts = new Map<string, number>();
    for (const { pool, drift } of pods) {
      if (drift === "user") counts.set(pool, (counts.get(pool) ?? 0) + 1);
    }
    if (counts.size === 0) this.#byShard.delete(key);
    else this.#byShard.set(key, counts);
  }

  /** Pods of one pool that are to be replaced. */
  drifted(key: string, pool: string): number {
    return this.#byShard.get(key)?.get(pool) ?? 0;
  }

  forget(key: string): void {
    this.#byShard.delete(key);
  }
}
