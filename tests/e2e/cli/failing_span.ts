/** Run by a test: work inside a span, inside another, that fails. */
import { withSpan } from "../../../telemetry/tracing.ts";

await withSpan("Outer", { "k8s.resource.name": "a" }, async () => {
  try {
    await withSpan("Inner", {}, () => Promise.reject(new Error("no quorum")));
  } catch {
    // The outer work goes well nevertheless.
  }
});
