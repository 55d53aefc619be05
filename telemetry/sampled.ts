/** Metrics that nobody keeps: they are worked out from what is, whenever somebody looks. */
import { Counter, Gauge, type Registry } from "./prom_client.ts";

/** One number, and what it is about. */
export interface Sample<L extends string = string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly value: number;
}

/** A metric as data. */
export interface SampledMetric<L extends string = string> {
  readonly name: string;
  readonly help: string;
  /** A counter must never go down while its labels stay the same. */
  readonly type: "gauge" | "counter";
  readonly labelNames: readonly L[];
  /** Each set of labels once. */
  readonly samples: () => Iterable<Sample<L>>;
}

/** Adds a metric that costs nothing between two scrapes, and forgets what is not there any more. */
export function registerSampled<L extends string>(registry: Registry, metric: SampledMetric<L>): void {
  const { name, help, samples } = metric;
  const shared = { name, help, labelNames: [...metric.labelNames], registers: [registry] };
  switch (metric.type) {
    case "gauge":
      return void new Gauge<L>({
        ...shared,
        collect() {
          this.reset();
          for (const { labels, value } of samples()) this.set(labels, value);
        },
      });
    case "counter":
      return void new Counter<L>({
        ...shared,
        collect() {
          this.reset();
          for (const { labels, value } of samples()) this.inc(labels, value);
        },
      });
  }
}
