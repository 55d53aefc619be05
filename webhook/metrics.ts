/** How many reviews were answered, and how long they took. */
import { Counter, Histogram, type Registry } from "../telemetry/prom_client.ts";
import type { Told } from "./answer.ts";

/**
 * Adds the metrics of the webhook to `registry`.
 * @returns takes each review: see `HostOptions.onReview`.
 */
export function webhookMetrics(registry: Registry): (told: Told, seconds: number) => void {
  const registers = [registry];
  const requests = new Counter({
    name: "multigres_operator_webhook_request_total",
    help:
      "Admission reviews by what was asked, kind, and result: error is everything that was not let through.",
    labelNames: ["operation", "resource", "result"],
    registers,
  });
  const seconds = new Histogram({
    name: "multigres_operator_webhook_request_duration_seconds",
    help: "How long an admission review took.",
    labelNames: ["operation", "resource"],
    registers,
  });
  return ({ operation, resource, result }, took) => {
    requests.inc({ operation, resource, result });
    seconds.observe({ operation, resource }, took);
  };
}
