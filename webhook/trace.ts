/** The trace that a request belongs to, for the reconcile to go on with: W3C Trace Context. */
import { isSpanContextValid, trace } from "@opentelemetry/api";
import {
  traceparentAnnotation,
  traceparentTimeAnnotation,
  tracestateAnnotation,
} from "../api/multigres/annotations.ts";

/** Reads a header by its lower-case name. */
export type Headers = (name: string) => string | undefined;

/** The standard lets a tracestate be cut beyond this length, in characters. */
const longestState = 512;

/**
 * The annotations that carry the trace of this request: of the span under way, else of the caller's. None without a valid
 * one.
 * @param now time of the request; written in seconds since 1970.
 */
export function traceAnnotations(headers: Headers, now: Date): Readonly<Record<string, string>> {
  const found = spanUnderWay() ?? callersSpan(headers);
  if (found === undefined) return {};
  return {
    [traceparentAnnotation]: found.parent,
    ...(found.state === "" ? {} : { [tracestateAnnotation]: found.state }),
    [traceparentTimeAnnotation]: String(Math.floor(now.getTime() / 1000)),
  };
}

interface Trace {
  readonly parent: string;
  readonly state: string;
}

function spanUnderWay(): Trace | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  if (context === undefined || !isSpanContextValid(context)) return undefined;
  const flags = context.traceFlags.toString(16).padStart(2, "0");
  return {
    parent: `00-${context.traceId}-${context.spanId}-${flags}`,
    state: context.traceState?.serialize() ?? "",
  };
}

function callersSpan(headers: Headers): Trace | undefined {
  const parent = headers("traceparent")?.trim() ?? "";
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(parent);
  if (parts === null || /^0+$/.test(parts[1] ?? "") || /^0+$/.test(parts[2] ?? "")) return undefined;
  const state = headers("tracestate")?.trim() ?? "";
  const fits = state.length <= longestState && !/\p{Cc}/u.test(state);
  return { parent, state: fits ? state : "" };
}
