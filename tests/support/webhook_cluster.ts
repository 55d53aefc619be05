/** A webhook that a real API server calls, for the objects of its test's namespaces alone. */
import { Cache } from "../../kube/cache.ts";
import { seededRandom } from "../../kube/random.ts";
import { systemClock } from "../../kube/clock.ts";
import { present } from "../../resolve/present.ts";
import { createLogger, silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import { FactFeed, factSources } from "../../webhook/fact_feed.ts";
import {
  type ConfigurationOptions,
  mutatingConfiguration,
  validatingConfiguration,
} from "../../webhook/configurations.ts";
import { type HostOptions, WebhookHost } from "../../webhook/host.ts";
import type { GroundClient } from "../ground/client.ts";
import { sharedCluster } from "../ground/ground.ts";
import { type KubectlResult, tryKubectl } from "../ground/kubectl.ts";
import { freePort } from "../ground/ports.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { withNamespace } from "../ground/with_namespace.ts";
import { installKinds, steadyClient } from "./operator.ts";
import { account } from "./webhook.ts";
import { authority, listening, servingPair } from "./webhook_host.ts";

export interface WebhookCluster {
  readonly namespace: string;
  readonly client: GroundClient;
  readonly log: readonly string[];
  /** Applies objects as a user does, in their order. */
  apply(objects: readonly unknown[], ...flags: readonly string[]): Promise<KubectlResult>;
  kubectl(...args: readonly string[]): Promise<KubectlResult>;
  /** Ends the webhook; the API server still means to call it. */
  stop(): Promise<void>;
}

export interface WebhookClusterOptions extends Pick<HostOptions, "patience"> {
  readonly feed?: (feed: FactFeed) => HostOptions["feed"];
  /** Runs before the API server is told of the webhook. */
  readonly prepare?: (scope: { readonly namespace: string; readonly client: GroundClient }) => Promise<void>;
  /** More namespaces that the webhook judges. */
  readonly namespaces?: (namespace: string) => readonly string[];
}

export async function withWebhook(
  t: Deno.TestContext,
  options: WebhookClusterOptions,
  body: (cluster: WebhookCluster) => Promise<void>,
): Promise<void> {
  await withNamespace(t, async ({ namespace, client }) => {
    const { connection } = sharedCluster();
    using steady = steadyClient(connection);
    await installKinds(steady);
    await options.prepare?.({ namespace, client });
    const cache = new Cache({
      client: steady,
      clock: systemClock,
      random: seededRandom(7),
      log: silentLogger,
      metrics: silentMetrics,
    });
    for (const source of factSources) cache.watch(source);
    const log: string[] = [];
    const feed = new FactFeed(cache);
    const port = freePort();
    const host = new WebhookHost({
      clock: systemClock,
      random: seededRandom(5),
      log: createLogger({
        level: "info",
        format: "json",
        write: (line) => log.push(line),
        now: () => new Date(),
      }),
      hostname: "127.0.0.1",
      port,
      account,
      feed: options.feed?.(feed) ?? feed,
      ...present({ patience: options.patience }),
    });
    const end = new AbortController();
    const running = Promise.all([host.run(end.signal), cache.run(end.signal)]);
    const stop = async () => {
      end.abort();
      await running;
    };
    const names = [namespace, ...(options.namespaces?.(namespace) ?? [])];
    const remove = await register(client, port, names);
    try {
      host.setCertificate(await servingPair());
      await listening(host);
      await untilCalled(client, namespace);
      await body({
        namespace,
        client,
        log,
        stop,
        kubectl: (...args) => tryKubectl(args, { namespace }),
        apply: (objects, ...flags) => {
          const stdin = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
          return tryKubectl(["apply", "-f", "-", ...flags], { namespace, stdin });
        },
      });
    } finally {
      await remove();
      await stop();
    }
  });
}

/** Tells the API server; the returned function takes it back. */
async function register(
  client: GroundClient,
  port: number,
  namespaces: readonly string[],
): Promise<() => Promise<void>> {
  const options: ConfigurationOptions = {
    account,
    client: (path) => ({ url: `https://127.0.0.1:${port}${path}`, caBundle: btoa(authority.caPem) }),
  };
  const namespaceSelector = {
    matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: namespaces }],
  };
  const paths: string[] = [];
  for (const made of [mutatingConfiguration(options), validatingConfiguration(options)]) {
    const configuration = {
      ...made,
      metadata: { name: `${made.kind.toLowerCase()}-${namespaces[0]}` },
      webhooks: made.webhooks.map((hook) => ({ ...hook, namespaceSelector })),
    };
    paths.push(await client.pathOf(configuration));
    await client.apply(configuration);
  }
  return async () => {
    for (const path of paths) await client.send("DELETE", path);
  };
}

const apiVersion = "multigres.com/v1alpha1";

/** API servers learn of configurations by a watch: some requests go past them at first. */
async function untilCalled(client: GroundClient, namespace: string): Promise<void> {
  const create = (plural: string, object: unknown) =>
    client.send("POST", `/apis/${apiVersion}/namespaces/${namespace}/${plural}?dryRun=All`, object);
  const server = { apiVersion, kind: "TopoServer", metadata: { name: "probe" }, spec: { etcd: {} } };
  await waitUntil(
    "the API server to ask the guards",
    () => create("toposervers", server),
    ({ status }) => status === 403,
  );
  const spec = { postgresPasswordSecretRef: { name: "a", key: "b" }, cells: [{ name: "a", zoneId: "z" }] };
  const cluster = { apiVersion, kind: "MultigresCluster", metadata: { name: "probe" }, spec };
  await waitUntil(
    "the API server to ask about clusters",
    () => create("multigresclusters", cluster),
    ({ body }) => /AT_LEAST_2|vmultigrescluster.kb.io/.test(JSON.stringify(body)),
  );
}
