/** Webhooks that keep their own certificates, before a real API server that finds them through a Service. */
import { Cache } from "../../kube/cache.ts";
import { KubeClient } from "../../kube/client.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import { createFetchTransport } from "../../kube/fetch_transport.ts";
import { type Secret, Secrets } from "../../kube/kinds.ts";
import { seededRandom } from "../../kube/random.ts";
import { present } from "../../resolve/present.ts";
import { createLogger, silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import {
  type ConfigurationOptions,
  mutatingConfiguration,
  validatingConfiguration,
} from "../../webhook/configurations.ts";
import { FactFeed, factSources } from "../../webhook/fact_feed.ts";
import { WebhookHost } from "../../webhook/host.ts";
import { type HookConfiguration, hookConfigurations } from "../../webhook/pki/bundles.ts";
import { type Place, servingNames } from "../../webhook/pki/place.ts";
import { type PkiOptions, WebhookPki } from "../../webhook/pki/pki.ts";
import type { GroundClient } from "../ground/client.ts";
import type { Connection } from "../ground/connection.ts";
import { sharedCluster } from "../ground/ground.ts";
import { freePort } from "../ground/ports.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { withNamespace } from "../ground/with_namespace.ts";
import { productConnection } from "./harness.ts";
import { installKinds, steadyClient } from "./operator.ts";
import { account } from "./webhook.ts";

/** One replica: its webhook and the keeper of its certificate. */
export interface Replica extends AsyncDisposable {
  readonly log: readonly string[];
  /** Why API servers do not reach it; undefined when they do. */
  health(): string | undefined;
  stop(): Promise<void>;
}

export interface ReplicaOptions extends Partial<Pick<PkiOptions, "spreadMs" | "entry" | "folder">> {
  readonly clock?: Clock;
  readonly port?: number;
  /** Whom the replica is to the API server; whoever set the stage when absent. */
  readonly connection?: Connection;
}

export interface PkiStage {
  readonly namespace: string;
  readonly place: Place;
  /** Where the Service leads. */
  readonly port: number;
  readonly client: KubeClient;
  readonly ground: GroundClient;
  start(options?: ReplicaOptions): Replica;
  /** Installs both configurations, for this namespace alone. */
  install(): Promise<void>;
  uninstall(): Promise<void>;
  secret(name: string): Promise<Secret | undefined>;
  configuration(at: 0 | 1): Promise<HookConfiguration | undefined>;
}

const serviceName = "multigres-operator-webhook-service";

/**
 * Runs `body` in a namespace of its own. API servers find the webhook through a Service that stands for a name (ExternalName):
 * its certificate is then verified for the name of the Service, as in a real cluster.
 */
export async function withPki(
  t: Deno.TestContext,
  body: (stage: PkiStage) => Promise<void>,
): Promise<void> {
  await withNamespace(t, async ({ namespace, client }) => {
    await onStage(sharedCluster().connection, { namespace, ground: client }, body);
  });
}

/** The same, in a namespace that is there. */
export async function onStage(
  connection: Connection,
  { namespace, ground }: Pick<PkiStage, "namespace" | "ground">,
  body: (stage: PkiStage) => Promise<void>,
): Promise<void> {
  using client = steadyClient(connection);
  await installKinds(client);
  const port = freePort();
  const place = { namespace, serviceName };
  await ground.apply({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: serviceName },
    spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
  }, namespace);
  const stage = stageOf({ namespace, place, port, client, ground, connection });
  try {
    await body(stage);
  } finally {
    await stage.uninstall();
  }
}

type Parts = Pick<PkiStage, "namespace" | "place" | "port" | "client" | "ground"> & {
  readonly connection: Connection;
};

function stageOf({ connection, ...parts }: Parts): PkiStage {
  const { namespace, place, port, client, ground } = parts;
  const installed = configurationsFor(place, port);
  return {
    ...parts,
    start: (options = {}) => startReplica(place, { port, connection, ...options }),
    install: async () => {
      for (const configuration of installed) await ground.apply(configuration);
    },
    uninstall: async () => {
      for (const configuration of installed) await ground.send("DELETE", await ground.pathOf(configuration));
    },
    secret: (name) => client.find(Secrets, { namespace, name }),
    configuration: (at) => client.find(hookConfigurations[at].resource, hookConfigurations[at]),
  };
}

/** As an installation has them, but for one namespace and another port. */
export function configurationsFor({ namespace, serviceName: name }: Place, port: number) {
  const options: ConfigurationOptions = {
    account,
    client: (path) => ({ service: { name, namespace, path } }),
  };
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  return [mutatingConfiguration(options), validatingConfiguration(options)].map((made) => ({
    ...made,
    webhooks: made.webhooks.map((hook) => ({
      ...hook,
      namespaceSelector,
      clientConfig: "service" in hook.clientConfig
        ? { service: { ...hook.clientConfig.service, port } }
        : hook.clientConfig,
    })),
  }));
}

let started = 0;

function startReplica(
  place: Place,
  options: ReplicaOptions & { readonly port: number; readonly connection: Connection },
): Replica {
  const { clock = systemClock, spreadMs = 1_000, port, folder = "there/is/none", entry } = options;
  const connection = productConnection(options.connection);
  const transport = createFetchTransport(connection);
  const random = seededRandom(31 + started++);
  const shared = { clock, random, metrics: silentMetrics };
  const client = new KubeClient({ transport, ...shared, fieldManager: "multigres-operator" });
  const cache = new Cache({ client, log: silentLogger, ...shared });
  for (const source of factSources) cache.watch(source);
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    format: "json",
    write: (line) => lines.push(line),
    now: () => new Date(),
  });
  const host = new WebhookHost({
    ...shared,
    log,
    hostname: "127.0.0.1",
    port,
    account,
    feed: new FactFeed(cache),
  });
  const pki = new WebhookPki({
    ...shared,
    connection,
    transport,
    log,
    place,
    shop: host,
    folder,
    probeNamespace: place.namespace,
    spreadMs,
    ...present({ entry }),
  });
  const end = new AbortController();
  const running = Promise.all([host.run(end.signal), cache.run(end.signal), pki.run(end.signal)]);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    end.abort();
    return stopped ??= running.then(() => transport.close());
  };
  return { log: lines, health: () => pki.health(), stop, [Symbol.asyncDispose]: stop };
}

/** Waits until API servers reach the replica. */
export async function reached(replica: Replica): Promise<void> {
  const look = () => ({ health: replica.health(), log: replica.log.slice(-5) });
  await waitUntil("the webhook to be reached", look, ({ health }) => health === undefined, {
    timeoutMs: 60_000,
  });
}

/** The certificate that is shown at the port now, verified as an API server does. @throws Error when it is not trusted. */
export async function shown(place: Place, port: number, ca: string): Promise<string> {
  const { connect } = await import("node:tls");
  const servername = servingNames(place)[0] ?? "";
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername }, () => {
      resolve(socket.getPeerX509Certificate()?.toString() ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
