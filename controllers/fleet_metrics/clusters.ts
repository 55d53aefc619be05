/** How many MultigresClusters there are, in which phase, and of how many parts. */
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import type { Phase } from "../../api/multigres/status.ts";
import type { Sample, SampledMetric } from "../../telemetry/sampled.ts";
import { type Fleet, namespaceOf } from "./fleet.ts";

/** Of a cluster that nobody has looked at yet. */
const UNSEEN: Phase = "Initializing";

export function clusterMetrics({ cache }: Fleet): SampledMetric[] {
  const store = cache.store(MultigresClusters.resource);
  const clusters = () => [...store.values()];
  const counted = (count: (cluster: ReturnType<typeof clusters>[number]) => number) => (): Sample[] =>
    clusters().map((cluster) => ({
      labels: { cluster: cluster.metadata.name, namespace: namespaceOf(cluster) },
      value: count(cluster),
    }));
  return [
    {
      name: "multigres_operator_cluster_info",
      help: "Always 1; the labels tell the phase of each MultigresCluster.",
      type: "gauge",
      labelNames: ["name", "namespace", "phase"],
      samples: () =>
        clusters().map((cluster) => ({
          labels: {
            name: cluster.metadata.name,
            namespace: namespaceOf(cluster),
            phase: cluster.status?.phase ?? UNSEEN,
          },
          value: 1,
        })),
    },
    {
      name: "multigres_operator_cluster_cells_total",
      help: "Cells of a MultigresCluster, as its status has them.",
      type: "gauge",
      labelNames: ["cluster", "namespace"],
      samples: counted(({ status }) => Object.keys(status?.cells ?? {}).length),
    },
    {
      name: "multigres_operator_cluster_shards_total",
      help: "Shards that a MultigresCluster wants, all databases together.",
      type: "gauge",
      labelNames: ["cluster", "namespace"],
      samples: counted(({ status }) =>
        Object.values(status?.databases ?? {}).reduce((sum, { totalShards }) => sum + totalShards, 0)
      ),
    },
  ];
}
