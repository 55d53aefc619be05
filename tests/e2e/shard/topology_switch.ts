/** The way to the topology, which a test can cut. */
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { TopologyError } from "../../../topology/errors.ts";
import type { Stores } from "../../../controllers/services.ts";

export class TopologySwitch implements Stores, Disposable {
  /** Whether etcd can be reached. */
  on = true;
  readonly #pool = new StorePool();

  borrow(connection: Parameters<Stores["borrow"]>[0]): ReturnType<Stores["borrow"]> {
    const store = this.#pool.borrow(connection);
    const through = <T>(work: () => Promise<T>): Promise<T> =>
      this.on ? work() : Promise.reject(new TopologyError("unreachable", "etcd accepts no connection"));
    return {
      get: (key, options) => through(() => store.get(key, options)),
      list: (prefix, options) => through(() => store.list(prefix, options)),
      write: (write, options) => through(() => store.write(write, options)),
      close: () => store.close(),
      [Symbol.dispose]: () => store[Symbol.dispose](),
    };
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
