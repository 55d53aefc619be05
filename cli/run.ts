/** `matriarch run`: the operator itself. */
import { addControllers } from "../controllers/controllers.ts";
import { type Services, servicesWith } from "../controllers/services.ts";
import { systemClock } from "../kube/clock.ts";
import type { Connection } from "../kube/connection.ts";
import { Manager } from "../kube/manager.ts";
import { openPodExec } from "../kube/exec.ts";
import type { Transport } from "../kube/transport.ts";
import { availableImages } from "../resolve/image_set.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { type RuntimeMetrics, silentMetrics } from "../telemetry/metrics.ts";
import { isTracing } from "../telemetry/tracing.ts";
import type { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { formatAddress } from "./address.ts";
import { loadConnection, openTransport, whoAmI } from "./connect.ts";
import { EXIT } from "./exit.ts";
import { healthHandler } from "./health.ts";
import { LEASE_NAME } from "./lease_name.ts";
import { metricsHandler } from "./metrics_handler.ts";
import { replacements, type RunOptions } from "./options.ts";
import { serve, type Server } from "./server.ts";
import { stopOnSignals } from "./signals.ts";
import { stderr } from "./streams.ts";
import { VERSION } from "./version.ts";
import type { Webhook } from "./webhook.ts";

/** Owner of the fields that are applied: taking over from another operator then leaves no fields behind. */
const FIELD_MANAGER = "multigres-operator";

/**
 * Works until a signal stops it.
 * @returns the exit code.
 * @throws ConnectionError and StartError, whose message is one line for whoever started the program.
 */
export async function run(options: RunOptions): Promise<number> {
  const log = createLogger({
    ...options.log,
    write: (line) => stderr.write(`${line}\n`),
    now: () => systemClock.now(),
  });
  using stopping = stopOnSignals();
  const connection = await loadConnection(options.credentials);
  await using resources = new AsyncDisposableStack();
  const transport = resources.adopt(openTransport(connection), (opened) => opened.close());
  const user = await whoAmI(transport, connection.server);
  const metrics = await createMetrics(options);
  const services = servicesOf(options, connection);
  const parts = { options, connection, transport, log };
  const manager = createManager({ ...parts, metrics: metrics ?? silentMetrics, services });
  if (metrics !== undefined) await watchFleet(metrics, manager, services);
  if (metrics !== undefined) resources.adopt(await serveMetrics(parts, metrics), stop);
  const webhook = await prepared(parts, { manager, metrics });
  const health = await serveHealth(parts, manager, webhook);
  if (health !== undefined) resources.adopt(health, stop);
  log.info("Started", { version: VERSION, server: connection.server, user, namespaces: options.namespaces });
  sayWhetherTraced(options, log);
  if (webhook === undefined) log.info("Serving no admission webhooks", { flag: "--webhook-enable" });
  stopping.signal.addEventListener("abort", () => log.info("Stopping", { signal: stopping.signal.reason }));
  await Promise.all([manager.run(stopping.signal), webhook?.run(stopping.signal)]);
  log.info("Stopped");
  return EXIT.done;
}

interface Parts {
  readonly options: RunOptions;
  readonly connection: Connection;
  readonly transport: Transport;
  readonly log: Logger;
}

function createManager(
  { options, connection, transport, log, metrics, services }: Parts & {
    readonly metrics: RuntimeMetrics;
    readonly services: Services;
  },
): Manager {
  const { leaderElect, leaseNamespace, namespaces, podName } = options;
  const leaderElection = {
    name: LEASE_NAME,
    namespace: leaseNamespace ?? connection.namespace,
    identity: `${podName ?? "matriarch"}_${crypto.randomUUID()}`,
  };
  const manager = new Manager({
    transport,
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
    fieldManager: FIELD_MANAGER,
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(leaderElect ? { leaderElection } : {}),
  });
  addControllers(manager, services);
  return manager;
}

function servicesOf(options: RunOptions, connection: Connection): Services {
  const { images, imageUpdateStrategy: strategy, evidenceSeconds, telemetry, podNamespace } = options;
  return servicesWith({
    images: { available: availableImages(replacements(images)), strategy },
    evidenceSeconds,
    telemetry,
    patroni: {
      exec: openPodExec(connection),
      ...(podNamespace === undefined ? {} : { operatorNamespaces: [podNamespace] }),
    },
  });
}

/** The library for metrics is loaded only when they are served. */
async function createMetrics(options: RunOptions): Promise<PrometheusMetrics | undefined> {
  if (options.metrics === undefined) return undefined;
  const { createMetrics } = await import("../telemetry/prometheus.ts");
  return createMetrics({ version: VERSION, leaseName: LEASE_NAME, processMetrics: true });
}

/** Only whoever works tells of the fleet, so that several replicas do not count each object twice. */
async function watchFleet(metrics: PrometheusMetrics, manager: Manager, { drifts }: Services): Promise<void> {
  const { registerFleetMetrics } = await import("../controllers/fleet_metrics/register.ts");
  const { cache } = manager;
  registerFleetMetrics({
    metrics,
    drifts,
    cache,
    now: () => systemClock.now(),
    leading: () => manager.leading,
  });
}

async function serveMetrics(parts: Parts, metrics: PrometheusMetrics): Promise<Server> {
  const { options, log } = parts;
  const { address, secure, http2 } = options.metrics ?? { address: { port: 0 }, secure: true, http2: false };
  const page = { contentType: metrics.contentType, render: () => metrics.render() };
  const flag = "metrics-bind-address";
  const server = secure
    ? await serve({ address, flag, ...await secured(parts, page, http2) })
    : await serve({ address, flag, handler: metricsHandler(page) });
  log.info("Serving metrics", { address: formatAddress(server.address), secure });
  return server;
}

/** Certificates and reviews of callers are loaded only when metrics are served over TLS. */
async function secured(
  { connection, transport, log }: Parts,
  page: { readonly contentType: string; readonly render: () => Promise<string> },
  http2: boolean,
) {
  const { selfSigned } = await import("./self_signed.ts");
  const { MetricsAccess } = await import("./metrics_access.ts");
  const names = ["localhost", `*.${connection.namespace}.svc`];
  const access = new MetricsAccess({ transport, clock: systemClock, log });
  return {
    tls: { ...await selfSigned(names, systemClock.now()), http2 },
    handler: metricsHandler({ ...page, judge: (header) => access.judge(header) }),
  };
}

/** Deno exports traces only when told so before it starts; the endpoint alone is for the components of clusters. */
function sayWhetherTraced({ telemetry }: RunOptions, log: Logger): void {
  const endpoint = telemetry["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (isTracing()) log.info("Exports traces", { endpoint: endpoint ?? "http://localhost:4318" });
  else if (endpoint !== undefined) {
    log.info("Exports no traces of its own", { endpoint, needs: "OTEL_DENO_TRACING=true" });
  }
}

async function prepared(
  { options, ...parts }: Parts,
  { manager, metrics }: { readonly manager: Manager; readonly metrics: PrometheusMetrics | undefined },
): Promise<Webhook | undefined> {
  const { webhook, namespaces } = options;
  if (!webhook.enabled) return undefined;
  const { prepareWebhook } = await import("./webhook.ts");
  const counted = { metrics: metrics ?? silentMetrics, prometheus: metrics };
  const isPod = options.podName !== undefined;
  return await prepareWebhook({ ...parts, ...counted, options: webhook, namespaces, manager, isPod });
}

async function serveHealth(
  { options, log }: Parts,
  manager: Manager,
  webhook: Webhook | undefined,
): Promise<Server | undefined> {
  if (options.health === undefined) return undefined;
  const caches = () => {
    const { ready, waitingFor } = manager.readiness();
    return ready ? undefined : waitingFor.join("; ");
  };
  const ready = { caches, ...(webhook === undefined ? {} : { webhook: () => webhook.health() }) };
  const handler = healthHandler({ live: { ping: () => undefined }, ready });
  const server = await serve({ address: options.health, flag: "health-probe-bind-address", handler });
  log.info("Serving probes", { address: formatAddress(server.address) });
  return server;
}

async function stop(server: Server): Promise<void> {
  await server.stop();
}
