/** The admission webhook of `matriarch run`: its server, and its certificates. Loaded only when it is switched on. */
import { systemClock } from "../kube/clock.ts";
import type { Connection } from "../kube/connection.ts";
import type { Manager } from "../kube/manager.ts";
import type { Transport } from "../kube/transport.ts";
import { present } from "../resolve/present.ts";
import type { Logger } from "../telemetry/log.ts";
import type { RuntimeMetrics } from "../telemetry/metrics.ts";
import type { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { FactFeed, factSources } from "../webhook/fact_feed.ts";
import { WebhookHost } from "../webhook/host.ts";
import { WebhookPki } from "../webhook/pki/pki.ts";
import { StartError } from "./exit.ts";
import type { WebhookOptions } from "./options.ts";
import { USUAL_CERT_DIR } from "./run_flags.ts";

export interface WebhookParts {
  readonly options: WebhookOptions;
  /** Namespaces that the operator looks after; all when absent. */
  readonly namespaces: readonly string[] | undefined;
  readonly connection: Connection;
  readonly transport: Transport;
  readonly log: Logger;
  /** Where requests are counted. */
  readonly metrics: RuntimeMetrics;
  /** Where reviews are counted; absent when no metrics are served. */
  readonly prometheus: PrometheusMetrics | undefined;
  readonly manager: Manager;
  /** Whether calls come through a Service, which goes on sending some for a while to a pod that ends. */
  readonly isPod: boolean;
}

/** Within this time, in milliseconds, every node of a cluster that is not in trouble knows that a pod ends. */
const LEAVE_MS = 5_000;

export interface Webhook {
  /** Serves until `signal` aborts; the manager must run meanwhile. */
  run(signal: AbortSignal): Promise<void>;
  /** Why API servers do not reach it, or undefined when they do. */
  health(): string | undefined;
}

/**
 * Puts the webhook together. Controllers must have been added to the manager: what they need, they need more than reviews do.
 * @throws StartError when the folder for certificates may not be read.
 */
export async function prepareWebhook(parts: WebhookParts): Promise<Webhook> {
  const { options, namespaces, connection, transport, log, metrics, prometheus, manager } = parts;
  const { port, certDir, serviceName, serviceAccount = "" } = options;
  await checkReadable(certDir);
  for (const source of factSources) manager.watch(source);
  const namespace = options.serviceNamespace ?? connection.namespace;
  const shared = { clock: systemClock, random: Math.random, log };
  const host = new WebhookHost({
    ...shared,
    port,
    account: { namespace, serviceAccount },
    ...(parts.isPod ? { leaveMs: LEAVE_MS } : {}),
    feed: new FactFeed(manager.cache),
    ...present({ namespaces, onReview: await counterOf(prometheus) }),
  });
  const pki = new WebhookPki({
    ...shared,
    metrics,
    connection,
    transport,
    place: { namespace, serviceName },
    shop: host,
    folder: certDir,
    probeNamespace: namespaces?.[0] ?? namespace,
  });
  return {
    run: async (signal) => void await Promise.all([host.run(signal), pki.run(signal)]),
    health: () => pki.health(),
  };
}

/** In the usual folder there need not be anything, so a program that was not meant to look there does not. */
async function checkReadable(folder: string): Promise<void> {
  if (folder === USUAL_CERT_DIR) return;
  const { state } = await Deno.permissions.query({ name: "read", path: folder });
  if (state === "granted") return;
  throw new StartError(
    `Cannot look for the webhook's certificate in ${folder} as this process lacks the permission; ` +
      `start it with --allow-read=${folder}, or without --webhook-cert-dir`,
  );
}

async function counterOf(prometheus: PrometheusMetrics | undefined) {
  if (prometheus === undefined) return undefined;
  const { webhookMetrics } = await import("../webhook/metrics.ts");
  return webhookMetrics(prometheus.registry);
}
