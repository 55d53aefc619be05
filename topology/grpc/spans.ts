/** Spans around calls, and the trace that goes along with each. */
import type { Interceptor } from "@connectrpc/connect";
import { spanUnderWay, traceText } from "../../telemetry/trace_context.ts";
import { isTracing, withSpan } from "../../telemetry/tracing.ts";

/** Named as gRPC names calls, such as `etcdserverpb.KV/Range`. */
const spanOfCall: Interceptor = (next) => (request) => {
  const { service, method, url, header } = request;
  const attributes = {
    "rpc.system": "grpc",
    "rpc.service": service.typeName,
    "rpc.method": method.name,
    "server.address": new URL(url).host,
  };
  return withSpan(`${service.typeName}/${method.name}`, attributes, () => {
    const span = spanUnderWay();
    if (span !== undefined) header.set("traceparent", traceText(span).parent);
    return next(request);
  }, { client: true });
};

/** For a transport of Connect; none while nothing is traced. */
export const spansOfCalls: Interceptor[] = isTracing() ? [spanOfCall] : [];
