/** Spans around pieces of work. Without an exporter a span costs less than a microsecond. */
import { type Attributes, context, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

const TRACER = "matriarch";

/**
 * Runs `work` inside a span, as a child of the one under way. What `work` throws is recorded on the span and thrown on.
 * @param name Such as `Shard.Reconcile`; it must not hold names of objects, which belong into `attributes`.
 */
export async function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = trace.getTracer(TRACER).startSpan(name, { attributes });
  try {
    return await context.with(trace.setSpan(context.active(), span), () => work(span));
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: error instanceof Error ? error.message : String(error),
    });
    throw error;
  } finally {
    span.end();
  }
}
