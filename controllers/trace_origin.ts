/** How passes over a MultigresCluster and its parts go on with the trace of the request that changed it. */
import {
  traceparentAnnotation,
  traceparentTimeAnnotation,
  tracestateAnnotation,
} from "../api/multigres/annotations.ts";
import { clusterLabel } from "../api/multigres/labels.ts";
import { MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import type { Cache } from "../kube/cache.ts";
import type { Controller } from "../kube/controller.ts";
import { isRecord } from "../kube/errors.ts";
import type { Frozen, KubeObject } from "../kube/types.ts";
import { spanContextOf } from "../telemetry/trace_context.ts";
import type { Origin } from "../telemetry/tracing.ts";

/** What happens later than this after a request, in seconds, has other causes as likely. */
const LONGEST_SECONDS = 600;

/** The same controller, whose passes belong to the trace of their cluster. */
export function traced<T extends KubeObject>(controller: Controller<T>): Controller<T> {
  return { ...controller, origin: clusterOrigin };
}

/**
 * | the object is                    | the request was   | its pass                    |
 * | -------------------------------- | ----------------- | --------------------------- |
 * | the cluster                      | at most 10 min ago | belongs to its trace       |
 * | the cluster                      | before that, or nobody knows when | points at its trace |
 * | a part that is not settled yet   | at most 10 min ago | belongs to its trace       |
 * | anything else                    |                   | has a trace of its own      |
 */
export function clusterOrigin(object: Frozen<KubeObject>, cache: Cache, now: Date): Origin | undefined {
  if (object.kind === MultigresClusters.resource.kind) return requestOf(object, now);
  if (isSettled(object)) return undefined;
  const { namespace, labels } = object.metadata;
  const name = labels?.[clusterLabel];
  if (namespace === undefined || name === undefined) return undefined;
  const cluster = cache.get(MultigresClusters.resource, { namespace, name });
  const origin = cluster === undefined ? undefined : requestOf(cluster, now);
  return origin?.kind === "parent" ? origin : undefined;
}

function requestOf({ metadata }: Pick<Frozen<KubeObject>, "metadata">, now: Date): Origin | undefined {
  const { annotations = {} } = metadata;
  const span = spanContextOf({
    parent: annotations[traceparentAnnotation] ?? "",
    state: annotations[tracestateAnnotation] ?? "",
  });
  if (span === undefined) return undefined;
  const text = annotations[traceparentTimeAnnotation] ?? "";
  const age = /^\d{1,12}$/.test(text) ? now.getTime() / 1_000 - Number(text) : Infinity;
  return { kind: age <= LONGEST_SECONDS ? "parent" : "link", span };
}

/** What is looked at again and again without being changed would make a trace of thousands of spans. */
function isSettled(object: Frozen<KubeObject> & { readonly status?: unknown }): boolean {
  const { status, metadata } = object;
  return isRecord(status) && status["phase"] === "Healthy" &&
    status["observedGeneration"] === metadata.generation;
}
