/**
 * Spans around pieces of work. Deno itself makes and exports them when it is told to by its environment; a process that was
 * not pays one comparison for each piece.
 */
import {
  type Attributes,
  context,
  INVALID_SPAN_CONTEXT,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

export type { Span };

const TRACER = "matriarch";

/** Deno sets its provider before the program starts, or never. */
const tracing = !(trace.getTracerProvider() instanceof ProxyTracerProvider);

/** Takes everything and keeps nothing. */
const noSpan: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** Whether spans are made and exported at all. */
export function isTracing(): boolean {
  return tracing;
}

/** What a piece of work goes back to. */
export interface Origin {
  /** `parent`: the work is part of that trace. `link`: it has a trace of its own, which points at that one. */
  readonly kind: "parent" | "link";
  readonly span: SpanContext;
}

export interface SpanOptions {
  /** The span under way when absent. */
  readonly origin?: Origin | undefined;
  /** A request to somebody else, whose time is spent there. */
  readonly client?: boolean;
}

/**
 * Runs `work` inside a span, as a child of the one under way. What `work` throws is recorded on the span and thrown on.
 * @param name Such as `Shard.Reconcile`; it must not hold names of objects, which belong into `attributes`.
 */
export async function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  options: SpanOptions = {},
): Promise<T> {
  if (!tracing) return await work(noSpan);
  const span = startSpan(name, attributes, options);
  try {
    return await context.with(trace.setSpan(context.active(), span), () => work(span));
  } catch (error) {
    markFailed(span, error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    span.end();
  }
}

/** Says that the work of a span failed, where it does not throw. */
export function markFailed(span: Span, error: Error): void {
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

/** Runs `work` in no trace: for what a timer begins, which goes on long after the span in which it was set. */
export function detached<T>(work: () => T): T {
  return tracing ? context.with(ROOT_CONTEXT, work) : work();
}

/** `work` as part of the trace that is under way now, whenever and by whom it is called. */
export function carried<T>(work: () => T): () => T {
  return tracing ? context.bind(context.active(), work) : work;
}

function startSpan(name: string, attributes: Attributes, { origin, client }: SpanOptions): Span {
  const kind = client === true ? SpanKind.CLIENT : SpanKind.INTERNAL;
  const tracer = trace.getTracer(TRACER);
  switch (origin?.kind) {
    case undefined:
      return tracer.startSpan(name, { attributes, kind });
    case "parent":
      return tracer.startSpan(name, { attributes, kind }, trace.setSpanContext(ROOT_CONTEXT, origin.span));
    case "link":
      return tracer.startSpan(name, { attributes, kind, root: true, links: [{ context: origin.span }] });
  }
}
