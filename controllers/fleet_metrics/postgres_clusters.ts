/** What is counted of PostgresClusters, under the names of their family. */
import { type PostgresCluster, PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { POSTGRES_CLUSTER_PHASES } from "../../api/smoketurner/postgres_cluster/status.ts";
import { keyOf, parseKey } from "../../kube/store.ts";
import type { Frozen } from "../../kube/types.ts";
import { Counter, Histogram, type Registry } from "../../telemetry/prom_client.ts";
import type { ReconcileListener } from "../../telemetry/prometheus.ts";
import type { Sample, SampledMetric } from "../../telemetry/sampled.ts";
import { type Fleet, namespaceOf } from "./fleet.ts";

const CONTROLLER = "postgrescluster";
const LABELS = ["namespace", "name"] as const;

/** Seconds: fifteen bounds, each twice the one before. */
const PASS_SECONDS = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index);

/** Numbers that are read off the objects. */
export function postgresClusterMetrics({ cache }: Fleet): SampledMetric[] {
  const clusters = () => [...cache.store(PostgresClusters.resource).values()];
  const read = (value: (cluster: Frozen<PostgresCluster>) => number) => (): Sample[] =>
    clusters().map((cluster) => ({
      labels: { namespace: namespaceOf(cluster), name: cluster.metadata.name },
      value: value(cluster),
    }));
  return [
    {
      name: "postgres_operator_clusters_total",
      help: "PostgresClusters in each phase.",
      type: "gauge",
      labelNames: ["phase"],
      samples: () => byPhase(clusters()),
    },
    {
      name: "postgres_operator_cluster_replicas_desired",
      help: "Members that a PostgresCluster should have.",
      type: "gauge",
      labelNames: LABELS,
      samples: read(({ status, spec }) => status?.replicas ?? spec?.replicas ?? 0),
    },
    {
      name: "postgres_operator_cluster_replicas_ready",
      help: "Members of a PostgresCluster that are ready.",
      type: "gauge",
      labelNames: LABELS,
      samples: read(({ status }) => status?.readyReplicas ?? 0),
    },
  ];
}

function byPhase(clusters: readonly Frozen<PostgresCluster>[]): Sample[] {
  const phases = clusters.map(({ status }) => status?.phase ?? "Pending");
  return POSTGRES_CLUSTER_PHASES.map((phase) => ({
    labels: { phase },
    value: phases.filter((each) => each === phase).length,
  }));
}

/**
 * Adds what is counted pass by pass, 20 series for each PostgresCluster; they go with it.
 * @returns takes each pass that ended.
 */
export function countPasses(registry: Registry, { cache }: Fleet): ReconcileListener {
  const shared = { labelNames: [...LABELS], registers: [registry] };
  const passes = new Counter({
    ...shared,
    name: "postgres_operator_reconciliations_total",
    help: "Passes over a PostgresCluster that succeeded.",
  });
  const errors = new Counter({
    ...shared,
    name: "postgres_operator_reconciliation_errors_total",
    help: "Passes over a PostgresCluster that failed.",
  });
  const seconds = new Histogram({
    ...shared,
    name: "postgres_operator_reconcile_duration_seconds",
    help: "How long a pass over a PostgresCluster took that succeeded.",
    buckets: PASS_SECONDS,
  });
  const store = cache.store(PostgresClusters.resource);
  store.subscribe(({ type, object }) => {
    if (type !== "deleted") return;
    const labels = labelsOf(keyOf(object.metadata));
    for (const metric of [passes, errors, seconds]) metric.remove(labels);
  });
  return (controller, result, took, key) => {
    // A pass may end after its object is gone.
    if (controller !== CONTROLLER || store.get(key) === undefined) return;
    const labels = labelsOf(key);
    // Both are there from the first pass on: what begins with 1 has no rate.
    errors.inc(labels, result === "error" ? 1 : 0);
    passes.inc(labels, result === "error" ? 0 : 1);
    if (result === "error") return;
    seconds.observe(labels, took);
  };
}

function labelsOf(key: string): Record<typeof LABELS[number], string> {
  const { name, namespace = "" } = parseKey(key);
  return { namespace, name };
}
