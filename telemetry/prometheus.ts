/** Metrics in the text format of Prometheus. */
import { Counter, Gauge, Histogram, Registry } from "./prom_client.ts";
import type { QueueReading, ReconcileResult, RuntimeMetrics } from "./metrics.ts";
import { registerProcessMetrics } from "./process_metrics.ts";

export interface PrometheusOptions {
  /** Version of the program, shown by `matriarch_build_info`. */
  readonly version: string;
  /** Name of the Lease, the label of `leader_election_master_status`. */
  readonly leaseName: string;
  /** Whether to add what the process itself uses: CPU, memory, lateness of timers. */
  readonly processMetrics: boolean;
}

/** Takes each reconcile that ended: see {@link RuntimeMetrics.reconciled}. */
export type ReconcileListener = RuntimeMetrics["reconciled"];

/** Metrics of one process instance. Other parts add their own to `registry`. */
export interface PrometheusMetrics extends RuntimeMetrics {
  readonly registry: Registry;
  /** Tells `listener` of every reconcile from now on. */
  followReconciles(listener: ReconcileListener): void;
  /** Media type of what {@link render} returns. */
  readonly contentType: string;
  /** The whole page, in the text format of Prometheus. */
  render(): Promise<string>;
}

/**
 * Seconds of a reconcile. A settled object takes well under 5 ms; the alert on slow reconciles asks whether the 99th
 * percentile exceeds 30 s, so that bound is there with one above it.
 */
const RECONCILE_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

/** Seconds of a request: the server answers within milliseconds, and 60 s is the longest it may take. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 30, 60];

/** Makes a set of metrics with a registry of its own. */
export function createMetrics(options: PrometheusOptions): PrometheusMetrics {
  const registry = new Registry();
  if (options.processMetrics) registerProcessMetrics(registry);
  new Gauge({
    name: "matriarch_build_info",
    help: "Always 1; the labels tell which program this is.",
    labelNames: ["version", "deno"],
    registers: [registry],
  }).set({ version: options.version, deno: Deno.version.deno }, 1);
  return new Recorder(registry, options.leaseName);
}

class Recorder implements PrometheusMetrics {
  readonly registry: Registry;
  readonly #leaseName: string;
  readonly #reconciles: Counter<"controller" | "result">;
  readonly #reconcileErrors: Counter<"controller">;
  readonly #reconcileSeconds: Histogram<"controller">;
  readonly #requests: Counter<"code" | "method">;
  readonly #requestsByKind: Counter<"method" | "resource">;
  readonly #requestSeconds: Histogram<"verb">;
  readonly #watchesEnded: Counter<"resource" | "reason">;
  readonly #lists: Counter<"resource">;
  readonly #listItems: Gauge<"resource">;
  readonly #leading: Gauge<"name">;
  readonly #queues = new Map<string, () => QueueReading>();
  readonly #listeners: ReconcileListener[] = [];

  constructor(registry: Registry, leaseName: string) {
    this.registry = registry;
    this.#leaseName = leaseName;
    const registers = [registry];
    this.#reconciles = new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles by controller and by how they ended.",
      labelNames: ["controller", "result"],
      registers,
    });
    this.#reconcileErrors = new Counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Reconciles that ended with an error.",
      labelNames: ["controller"],
      registers,
    });
    this.#reconcileSeconds = new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "How long a reconcile took.",
      labelNames: ["controller"],
      buckets: RECONCILE_SECONDS,
      registers,
    });
    this.#requests = new Counter({
      name: "rest_client_requests_total",
      help: "Requests to the API server by HTTP status and method; the code is `error` when no answer came.",
      labelNames: ["code", "method"],
      registers,
    });
    this.#requestsByKind = new Counter({
      name: "matriarch_api_requests_total",
      help: "Requests to the API server by method and kind.",
      labelNames: ["method", "resource"],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: "rest_client_request_duration_seconds",
      help: "How long a request to the API server took.",
      labelNames: ["verb"],
      buckets: REQUEST_SECONDS,
      registers,
    });
    this.#watchesEnded = new Counter({
      name: "matriarch_watch_ended_total",
      help: "Watches that ended, by kind and reason.",
      labelNames: ["resource", "reason"],
      registers,
    });
    this.#lists = new Counter({
      name: "matriarch_lists_total",
      help: "Whole lists that were read from the API server.",
      labelNames: ["resource"],
      registers,
    });
    this.#listItems = new Gauge({
      name: "matriarch_list_items",
      help: "Objects in the last list of a kind.",
      labelNames: ["resource"],
      registers,
    });
    this.#leading = new Gauge({
      name: "leader_election_master_status",
      help: "1 while this process holds the Lease, else 0.",
      labelNames: ["name"],
      registers,
    });
    this.#leading.set({ name: leaseName }, 0);
    registerQueueMetrics(registry, this.#queues);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  render(): Promise<string> {
    return this.registry.metrics();
  }

  followReconciles(listener: ReconcileListener): void {
    this.#listeners.push(listener);
  }

  reconciled(controller: string, result: ReconcileResult, seconds: number, key: string): void {
    for (const listener of this.#listeners) listener(controller, result, seconds, key);
    this.#reconciles.inc({ controller, result });
    if (result === "error") this.#reconcileErrors.inc({ controller });
    this.#reconcileSeconds.observe({ controller }, seconds);
  }

  request(method: string, resource: string, code: number | "error", seconds: number): void {
    this.#requests.inc({ code, method });
    this.#requestsByKind.inc({ method, resource });
    this.#requestSeconds.observe({ verb: method }, seconds);
  }

  watchEnded(resource: string, reason: string): void {
    this.#watchesEnded.inc({ resource, reason });
  }

  listed(resource: string, items: number): void {
    this.#lists.inc({ resource });
    this.#listItems.set({ resource }, items);
  }

  registerQueue(name: string, read: () => QueueReading): () => void {
    if (this.#queues.has(name)) {
      throw new Error(`Cannot register queue "${name}" as a queue of this name is already registered`);
    }
    this.#queues.set(name, read);
    return () => void this.#queues.delete(name);
  }

  leader(leading: boolean): void {
    this.#leading.set({ name: this.#leaseName }, leading ? 1 : 0);
  }
}

/** Values of queues are fetched during a scrape, so that counting costs a settled operator nothing. */
function registerQueueMetrics(registry: Registry, queues: ReadonlyMap<string, () => QueueReading>): void {
  const gauge = (name: string, help: string, value: (reading: QueueReading) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["name"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [queue, read] of queues) this.set({ name: queue }, value(read()));
      },
    });
  const counter = (name: string, help: string, value: (reading: QueueReading) => number | undefined) =>
    new Counter({
      name,
      help,
      labelNames: ["name"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [queue, read] of queues) this.inc({ name: queue }, value(read()) ?? 0);
      },
    });
  gauge("workqueue_depth", "Keys that wait in a queue.", ({ depth }) => depth);
  gauge(
    "workqueue_oldest_item_age_seconds",
    "How long the longest-waiting key has been in a queue.",
    ({ oldestAgeSeconds }) => oldestAgeSeconds,
  );
  counter("workqueue_adds_total", "Keys ever added to a queue.", ({ adds }) => adds);
  counter("workqueue_retries_total", "Keys put back into a queue after a failure.", ({ retries }) => retries);
}
