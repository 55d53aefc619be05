/** An operator whose metrics of the fleet can be scraped. */
import { addControllers } from "../../../controllers/controllers.ts";
import { type FleetMemory, registerFleetMetrics } from "../../../controllers/fleet_metrics/register.ts";
import type { Services } from "../../../controllers/services.ts";
import { createMetrics, type PrometheusMetrics } from "../../../telemetry/prometheus.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, services } from "../../support/cluster_stage.ts";
import { type DataPlane, startDataPlane } from "../../support/data_plane/data_plane.ts";
import type { OperatorOptions, RunningOperator } from "../../support/operator.ts";

export interface Watched extends AsyncDisposable {
  readonly operator: RunningOperator;
  readonly memory: FleetMemory;
  readonly metrics: PrometheusMetrics;
  /** The samples of a metric whose labels match, as numbers by their labels. */
  read(name: string): Promise<Map<string, number>>;
  /** Waits until the only sample of a metric that matches has a value that fits. */
  untilSample(name: string, labels: RegExp, fits: (value: number) => boolean): Promise<number>;
  /** The whole page. */
  page(): Promise<string>;
}

/** Starts the operator with every controller, as `matriarch run` does. */
export function watchedOperator(stage: ClusterStage, options: Partial<OperatorOptions> = {}): Watched {
  const metrics = createMetrics({ version: "1", leaseName: "lease", processMetrics: true });
  const means: Services = services({
    evidenceSeconds: 0.3,
    patroni: { patroniAddress: () => "http://127.0.0.1:9" },
  });
  const memory: { found?: FleetMemory } = {};
  const operator = stage.start({
    metrics,
    setUp: (manager) => {
      addControllers(manager, means);
      memory.found = registerFleetMetrics({
        metrics,
        drifts: means.drifts,
        cache: manager.cache,
        now: () => new Date(),
        leading: () => manager.leading,
      });
    },
    ...options,
  });
  const read = async (name: string) => {
    const lines = (await metrics.render()).split("\n").filter((line) => line.startsWith(`${name}{`));
    return new Map(lines.map((line) => {
      const [, labels = "", value = ""] = /^\w+\{(.*)\} (\S+)$/.exec(line) ?? [];
      return [labels, Number(value)];
    }));
  };
  return {
    operator,
    metrics,
    memory: {
      get size() {
        return memory.found?.size ?? 0;
      },
    },
    page: () => metrics.render(),
    read,
    untilSample: async (name, labels, fits) => {
      const find = async () =>
        [...await read(name)].filter(([each]) => labels.test(each)).map(([, value]) => value);
      const [value = NaN] = await waitUntil(
        `${name} with ${labels}`,
        find,
        ([value, ...others]) => value !== undefined && others.length === 0 && fits(value),
        { timeoutMs: 120_000, intervalMs: 20 },
      );
      return value;
    },
    [Symbol.asyncDispose]: () => operator.stop(),
  };
}

/** Poolers in the pods of the cluster. */
export function planeOf({ namespace, endpoint, root }: ClusterStage): DataPlane {
  const { connection } = sharedCluster();
  return startDataPlane({ connection, namespace, etcd: endpoint, root, speed: 30, needsDatabase: true });
}

export async function untilHealthy(stage: ClusterStage): Promise<void> {
  const phase = async () => (await stage.cluster("c")).status?.phase;
  await waitUntil("the cluster to be Healthy", phase, (seen) => seen === "Healthy", { timeoutMs: 120_000 });
}
