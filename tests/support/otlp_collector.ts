/** A collector of traces, as programs reach it over OTLP. */
import { listAt, stringAt } from "../ground/json.ts";

export interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string;
  /** Texts only. */
  readonly attributes: Readonly<Record<string, string>>;
  /** As it came. */
  readonly raw: unknown;
}

export interface Collector extends AsyncDisposable {
  /** Names of the services that sent something. */
  readonly services: ReadonlySet<string>;
  readonly spans: readonly Span[];
  /** What tells a program to send its traces here. */
  readonly env: Readonly<Record<string, string>>;
  /** From a span up to the first of its trace, as far as they have come. */
  lineOf(span: Span): Span[];
}

export function startCollector(): Collector {
  const services = new Set<string>();
  const spans: Span[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    for (const resource of listAt(await request.json(), "resourceSpans")) {
      services.add(attributesOf(listAt(resource, "resource", "attributes"))["service.name"] ?? "");
      for (const scope of listAt(resource, "scopeSpans")) spans.push(...listAt(scope, "spans").map(spanOf));
    }
    return Response.json({});
  });
  const lineOf = (span: Span): Span[] => {
    const parent = spans.find(({ spanId, traceId }) =>
      spanId === span.parentSpanId && traceId === span.traceId
    );
    return parent === undefined ? [span] : [span, ...lineOf(parent)];
  };
  return {
    services,
    spans,
    lineOf,
    env: {
      OTEL_DENO_TRACING: "true",
      OTEL_SERVICE_NAME: "multigres-operator",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function spanOf(raw: unknown): Span {
  const text = (key: string) => stringAt(raw, key) ?? "";
  return {
    name: text("name"),
    traceId: text("traceId"),
    spanId: text("spanId"),
    parentSpanId: text("parentSpanId"),
    attributes: attributesOf(listAt(raw, "attributes")),
    raw,
  };
}

function attributesOf(list: readonly unknown[]): Record<string, string> {
  return Object.fromEntries(list.map((each) => [
    stringAt(each, "key") ?? "",
    stringAt(each, "value", "stringValue") ?? "",
  ]));
}
