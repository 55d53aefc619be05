/** Stores that do less than the one they stand before. */
import type { Clock } from "../kube/clock.ts";
import type { Fence } from "../kube/fence.ts";
import { TopologyError } from "./errors.ts";
import type { CallOptions, TopologyStore } from "./store.ts";

/** A store that reads freely and writes only while `fence` allows it. It does not own `inner`: closing does nothing. */
export function fencedStore(inner: TopologyStore, fence: Fence): TopologyStore {
  return {
    get: (key, options) => inner.get(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    async write(write, options) {
      const refusal = fence.refusal();
      if (refusal !== undefined) {
        throw new TopologyError("fenced", `Cannot write ${write.key} to the topology as ${refusal}`);
      }
      return await inner.write(write, options);
    },
    close: () => {},
  };
}

/** All in milliseconds. */
export interface Budget {
  /** What all calls together may take, from now. */
  readonly totalMs: number;
  /** What one call may take that names no limit of its own: 5 s. */
  readonly callMs?: number;
}

/**
 * A store whose calls share a budget. It does not own `inner`: closing does nothing. Calls that come when it is used up
 * end as `timeout` without being sent.
 */
export function budgetedStore(
  inner: TopologyStore,
  { totalMs, callMs = 5_000 }: Budget,
  clock: Clock,
): TopologyStore {
  const end = clock.monotonic() + totalMs;
  const within = (what: string, options: CallOptions = {}): CallOptions => {
    const left = Math.floor(end - clock.monotonic());
    if (left <= 0) {
      throw new TopologyError(
        "timeout",
        `Cannot ${what} as the topology took more than ${totalMs} ms in all`,
      );
    }
    return { ...options, timeoutMs: Math.min(left, options.timeoutMs ?? callMs) };
  };
  return {
    get: async (key, options) => await inner.get(key, within(`read ${key}`, options)),
    list: async (prefix, options) => await inner.list(prefix, within(`list ${prefix}`, options)),
    write: async (write, options) => await inner.write(write, within(`write ${write.key}`, options)),
    close: () => {},
  };
}
