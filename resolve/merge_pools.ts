/** Merging pools. */
import type { ContainerConfig, PoolSpec } from "../api/multigres/pool.ts";
import { mergeBlocks, mergeStorage, nearestList, nearestResources } from "./merge.ts";
import { present } from "./present.ts";

export type Pools = Record<string, PoolSpec>;

/**
 * Pool by pool: those of the same name are merged, others are added. Names are looked up among the map's own keys, since
 * `constructor` is a name that a pool may have.
 */
export function mergePools(base: Pools | undefined, child: Pools | undefined): Pools {
  const known = new Map(Object.entries(base ?? {}));
  const changed = Object.entries(child ?? {}).map(([name, pool]) =>
    [name, mergePool(known.get(name) ?? pool, pool)] as const
  );
  return { ...base, ...Object.fromEntries(changed) };
}

function mergePool(base: PoolSpec, child: PoolSpec): PoolSpec {
  return present({
    ...base,
    ...child,
    cells: nearestList(base.cells, child.cells),
    tolerations: nearestList(base.tolerations, child.tolerations),
    storage: mergeBlocks(mergeStorage, base.storage, child.storage),
    postgres: mergeBlocks(mergeContainer, base.postgres, child.postgres),
    multipooler: mergeBlocks(mergeContainer, base.multipooler, child.multipooler),
  });
}

function mergeContainer(base: ContainerConfig, child: ContainerConfig): ContainerConfig {
  return present({ ...base, ...child, resources: nearestResources(base.resources, child.resources) });
}
