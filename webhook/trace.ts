/** The trace that a request belongs to, for the reconcile to go on with. */
import {
  traceparentAnnotation,
  traceparentTimeAnnotation,
  tracestateAnnotation,
} from "../api/multigres/annotations.ts";
import { spanContextOf, spanUnderWay, traceText } from "../telemetry/trace_context.ts";
import type { Origin } from "../telemetry/tracing.ts";

/** Reads a header by its lower-case name. */
export type Headers = (name: string) => string | undefined;

/** The trace of whoever sends a review: API servers tell it when they trace themselves. */
export function callersTrace(headers: Headers): Origin | undefined {
  const span = callersSpan(headers);
  return span === undefined ? undefined : { kind: "parent", span };
}

/**
 * The annotations that carry the trace of this request: of the span under way, else of the caller's. None without a valid
 * one.
 * @param now time of the request; written in seconds since 1970.
 */
export function traceAnnotations(headers: Headers, now: Date): Readonly<Record<string, string>> {
  const found = spanUnderWay() ?? callersSpan(headers);
  if (found === undefined) return {};
  const { parent, state } = traceText(found);
  return {
    [traceparentAnnotation]: parent,
    ...(state === "" ? {} : { [tracestateAnnotation]: state }),
    [traceparentTimeAnnotation]: String(Math.floor(now.getTime() / 1000)),
  };
}

function callersSpan(headers: Headers) {
  return spanContextOf({ parent: headers("traceparent") ?? "", state: headers("tracestate") ?? "" });
}
