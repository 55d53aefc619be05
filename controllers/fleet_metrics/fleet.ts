/** What the fleet's metrics are worked out from, and who may tell them. */
import { clusterLabel } from "../../api/multigres/labels.ts";
import type { Cache } from "../../kube/cache.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import type { SampledMetric } from "../../telemetry/sampled.ts";

export interface Fleet {
  readonly cache: Cache;
  /** Wall clock. */
  readonly now: () => Date;
}

type Named = Pick<Frozen<KubeObject>, "metadata">;

/** Objects of these kinds always have a namespace. */
export function namespaceOf({ metadata }: Named): string {
  return metadata.namespace ?? "";
}

/** The cluster that an object belongs to; one that was made by hand stands for itself. */
export function clusterNameOf({ metadata }: Named): string {
  return metadata.labels?.[clusterLabel] ?? metadata.name;
}

/** The same metric, which is silent while `speaks` says no. */
export function onlyWhile<L extends string>(
  speaks: () => boolean,
  metric: SampledMetric<L>,
): SampledMetric<L> {
  return { ...metric, samples: () => speaks() ? metric.samples() : [] };
}
