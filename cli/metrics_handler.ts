/** Answers requests for the metrics. */
import type { Verdict } from "./metrics_access.ts";
import type { Answer, Handler } from "./server.ts";

export interface MetricsHandlerOptions {
  readonly contentType: string;
  readonly render: () => Promise<string>;
  /** Absent: everyone may read. */
  readonly judge?: (authorization: string | undefined) => Promise<Verdict>;
}

/** `/metrics`, for those who may read it. */
export function metricsHandler({ contentType, render, judge }: MetricsHandlerOptions): Handler {
  return async ({ path, authorization }) => {
    // Callers are judged first, so that strangers cannot even tell which paths there are.
    const refusal = judge === undefined ? undefined : refusalOf(await judge(authorization));
    if (refusal !== undefined) return refusal;
    if (path !== "/metrics") return { status: 404, body: "Metrics are at /metrics.\n" };
    return { status: 200, contentType, body: await render() };
  };
}

function refusalOf(verdict: Verdict): Answer | undefined {
  switch (verdict) {
    case "allowed":
      return undefined;
    case "unknown":
      return {
        status: 401,
        body: "Send a bearer token that the API server accepts.\n",
        headers: { "www-authenticate": "Bearer" },
      };
    case "refused":
      return { status: 403, body: "This account may not get the path /metrics.\n" };
    case "undecided":
      return {
        status: 503,
        body: "The API server cannot be asked about this account now.\n",
        headers: { "retry-after": "5" },
      };
  }
}
