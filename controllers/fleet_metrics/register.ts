/** Metrics of what the operator looks after. They are worked out during a scrape, from what the cache holds anyway. */
import type { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { registerSampled } from "../../telemetry/sampled.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { keyOf } from "../../kube/store.ts";
import { clusterMetrics } from "./clusters.ts";
import { DrainTally } from "./drains.ts";
import type { DriftBoard } from "./drift_board.ts";
import { FailureTally } from "./failures.ts";
import { type Fleet, onlyWhile } from "./fleet.ts";
import { countPasses, postgresClusterMetrics } from "./postgres_clusters.ts";
import { gatewayMetric, topoServerMetric } from "./replicas.ts";
import { backupMetric, poolMetrics } from "./shards.ts";

export interface FleetMetricsOptions extends Fleet {
  readonly metrics: Pick<PrometheusMetrics, "registry" | "followReconciles">;
  /** Filled by the controller of Shards. */
  readonly drifts: DriftBoard;
  /** Whether this process does the work: of several replicas one speaks, or each object would be counted twice. */
  readonly leading: () => boolean;
}

/** What the metrics remember between two scrapes: nothing of objects that are gone. */
export interface FleetMemory {
  readonly size: number;
}

/** Adds the metrics. All kinds must be watched already: controllers are added before. */
export function registerFleetMetrics(options: FleetMetricsOptions): FleetMemory {
  const { metrics, drifts, leading, cache } = options;
  const drains = new DrainTally(options);
  const failures = new FailureTally(options);
  const sampled = [
    ...clusterMetrics(options),
    gatewayMetric(options),
    ...poolMetrics(options, drifts),
    topoServerMetric(options),
    backupMetric(options),
    ...drains.metrics(),
    failures.metric(),
    ...postgresClusterMetrics(options),
  ];
  for (const metric of sampled) registerSampled(metrics.registry, onlyWhile(leading, metric));
  cache.store(Shards.resource).subscribe(({ type, object }) => {
    if (type === "deleted") drifts.forget(keyOf(object.metadata));
  });
  metrics.followReconciles(failures.note);
  metrics.followReconciles(countPasses(metrics.registry, options));
  return {
    get size() {
      return drains.size + failures.size + drifts.size;
    },
  };
}
