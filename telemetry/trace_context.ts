/** W3C Trace Context: how a trace travels in headers and annotations. */
import { createTraceState, isSpanContextValid, type SpanContext, trace } from "@opentelemetry/api";

/** A trace as text. */
export interface TraceText {
  /** `traceparent`: version, trace, span and flags in hexadecimal. */
  readonly parent: string;
  /** `tracestate`; empty when there is none. */
  readonly state: string;
}

/** The standard lets a tracestate be cut beyond this length, in characters. */
const LONGEST_STATE = 512;

/** The span under way; undefined when there is none, or nobody traces. */
export function spanUnderWay(): SpanContext | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context !== undefined && isSpanContextValid(context) ? context : undefined;
}

export function traceText({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceText {
  const flags = traceFlags.toString(16).padStart(2, "0");
  return { parent: `00-${traceId}-${spanId}-${flags}`, state: traceState?.serialize() ?? "" };
}

/** The span that such a text names; undefined for what is none. A state that cannot be is left out. */
export function spanContextOf({ parent, state }: Partial<TraceText>): SpanContext | undefined {
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(parent?.trim() ?? "");
  const [, traceId = "", spanId = "", flags = ""] = parts ?? [];
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  if (!isSpanContextValid(context)) return undefined;
  const kept = stateOf(state);
  return kept === "" ? context : { ...context, traceState: createTraceState(kept) };
}

function stateOf(state = ""): string {
  const text = state.trim();
  return text.length <= LONGEST_STATE && !/\p{Cc}/u.test(text) ? text : "";
}
