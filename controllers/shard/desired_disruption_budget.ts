/** The PodDisruptionBudget of a pool in one cell. */
import { selectorLabels } from "../../api/multigres/labels.ts";
import { poolDisruptionBudgetName } from "../../api/multigres/names.ts";
import type { Applied } from "../../kube/client.ts";
import type { PodDisruptionBudget } from "../../kube/kinds.ts";
import { childMetadata, poolLabels, poolPath, type PoolView, replicasOf } from "./view.ts";

/**
 * Lets a drain take one instance at a time. A single instance gets no budget: it protects from nothing, and could only keep
 * a node from being drained while the instance is not ready.
 */
export function desiredDisruptionBudget(pool: PoolView): Applied<PodDisruptionBudget> | undefined {
  if (replicasOf(pool) < 2) return undefined;
  const labels = poolLabels(pool);
  return {
    metadata: childMetadata(pool.shard, poolDisruptionBudgetName(poolPath(pool)), labels),
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(labels) } },
  };
}
