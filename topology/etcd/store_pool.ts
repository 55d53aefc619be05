/**
 * Shares stores between those who use the same topology at the same time, and closes each when nobody has used it for a
 * while. Keeps nothing of a topology that is no longer asked for.
 */
import { type Clock, systemClock, type Timer } from "../../kube/clock.ts";
import type { TopologyStore } from "../store.ts";
import type { EtcdConnection } from "./connection.ts";
import { type EtcdOptions, openEtcd } from "./open.ts";

/** A store on loan. Give it back by disposing of it; `close` does the same. */
export type BorrowedStore = TopologyStore & Disposable;

export interface StorePoolOptions extends EtcdOptions {
  /** A store that nobody has borrowed for so long is closed, in milliseconds: 60 s. */
  readonly lingerMs?: number;
}

interface Shared {
  readonly store: TopologyStore;
  borrowers: number;
  lingering?: Timer;
}

export class StorePool implements Disposable {
  readonly #shared = new Map<string, Shared>();

  constructor(private readonly options: StorePoolOptions = {}) {}

  /** Stores that are open, lent or not. */
  get size(): number {
    return this.#shared.size;
  }

  /** The store of a connection; a new one where endpoints or certificates differ. */
  borrow(connection: EtcdConnection): BorrowedStore {
    const key = keyOf(connection);
    const shared = this.#shared.get(key) ?? { store: openEtcd(connection, this.options), borrowers: 0 };
    this.#shared.set(key, shared);
    shared.lingering?.cancel();
    shared.borrowers++;
    let returned = false;
    const giveBack = () => {
      if (returned) return;
      returned = true;
      this.#returned(key, shared);
    };
    const { store } = shared;
    return {
      get: (name, options) => store.get(name, options),
      list: (prefix, options) => store.list(prefix, options),
      write: (write, options) => store.write(write, options),
      close: giveBack,
      [Symbol.dispose]: giveBack,
    };
  }

  /** Closes all stores, lent or not. */
  [Symbol.dispose](): void {
    for (const [key, shared] of [...this.#shared]) this.#close(key, shared);
  }

  #returned(key: string, shared: Shared): void {
    shared.borrowers--;
    if (shared.borrowers > 0 || this.#shared.get(key) !== shared) return;
    const clock: Clock = this.options.clock ?? systemClock;
    shared.lingering = clock.after(this.options.lingerMs ?? 60_000, () => this.#close(key, shared));
  }

  #close(key: string, shared: Shared): void {
    shared.lingering?.cancel();
    this.#shared.delete(key);
    shared.store.close();
  }
}

function keyOf({ endpoints, tls = {} }: EtcdConnection): string {
  return JSON.stringify([endpoints, tls.caPem, tls.certPem, tls.keyPem]);
}
