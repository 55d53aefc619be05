/** What an instance has to work with, from the pools of its shard. */
import type { PoolSpec } from "../api/multigres/pool.ts";
import { parseQuantity } from "../kube/quantity.ts";

/** Absent is what nobody said: nothing is derived from it. */
export interface Resources {
  readonly memoryBytes?: number;
  /** Thousandths of a core. */
  readonly millicores?: number;
  readonly diskBytes?: number;
}

/**
 * All pools of a shard share one configuration, as each instance may become primary. So memory and processor are those of
 * the best equipped pool, where the primary is best off, and the disk is the smallest, which must not run full.
 */
export function resourcesOf(pools: Iterable<PoolSpec>): Resources {
  const all = [...pools];
  const memoryBytes = most(all.map((pool) => granted(pool, "memory")));
  const cores = most(all.map((pool) => granted(pool, "cpu")));
  const diskBytes = least(all.map((pool) => parseQuantity(pool.storage?.size)));
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes: Math.floor(memoryBytes) }),
    ...(cores === undefined ? {} : { millicores: Math.ceil(Number((cores * 1000).toPrecision(12))) }),
    ...(diskBytes === undefined ? {} : { diskBytes: Math.floor(diskBytes) }),
  };
}

/** The limit, else the request, of the container that runs PostgreSQL. */
function granted(pool: PoolSpec, resource: "memory" | "cpu"): number | undefined {
  const resources = pool.postgres?.resources;
  return parseQuantity(resources?.limits?.[resource]) ?? parseQuantity(resources?.requests?.[resource]);
}

function most(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function least(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
