/** The parts of the runtime, put together against a real API server, with the faulty transport in between. */
import { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../kube/clock.ts";
import { createFetchTransport } from "../../kube/fetch_transport.ts";
import { type ConfigMap, ConfigMaps } from "../../kube/kinds.ts";
import { seededRandom } from "../../kube/random.ts";
import { Reflector, type ReflectorState } from "../../kube/reflector.ts";
import { keyOf, Store } from "../../kube/store.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import type { Connection as GroundConnection } from "../ground/connection.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { FaultyTransport } from "./faulty_transport.ts";

export const FIELD_MANAGER = "matriarch-test";

export interface Runtime extends Disposable {
  readonly transport: FaultyTransport;
  /** Through the faulty transport. */
  readonly client: KubeClient;
  /** Past the faults: for setting up and for looking. */
  readonly steady: KubeClient;
}

/** A connection of the ground in the form that the product takes. */
export function productConnection(connection: GroundConnection) {
  const { token, ...rest } = connection;
  return {
    ...rest,
    namespace: "default",
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
  };
}

/** Opens both ways to an API server. */
export function openRuntime(connection: GroundConnection, timeoutMs = 10_000): Runtime {
  const inner = createFetchTransport(productConnection(connection));
  const transport = new FaultyTransport(inner);
  const shared = { clock: systemClock, metrics: silentMetrics, fieldManager: FIELD_MANAGER, timeoutMs };
  return {
    transport,
    client: new KubeClient({ transport, ...shared }),
    steady: new KubeClient({ transport: inner, ...shared }),
    [Symbol.dispose]: () => inner.close(),
  };
}

export interface Watching extends AsyncDisposable {
  readonly store: Store<ConfigMap>;
  readonly reflector: Reflector<ConfigMap>;
  readonly states: ReflectorState["kind"][];
}

/** Keeps a store of the ConfigMaps of a namespace current. */
export function watchConfigMaps(runtime: Runtime, namespace: string, silenceMs?: number): Watching {
  const store = new Store<ConfigMap>({ fieldManager: FIELD_MANAGER });
  const states: ReflectorState["kind"][] = [];
  const reflector = new Reflector<ConfigMap>({
    client: runtime.client,
    resource: ConfigMaps,
    selection: { namespace },
    store,
    clock: systemClock,
    random: seededRandom(7),
    log: silentLogger,
    metrics: silentMetrics,
    onState: (state) => void states.push(state.kind),
    ...(silenceMs === undefined ? {} : { silenceMs }),
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  return {
    store,
    reflector,
    states,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** Creates or changes a ConfigMap past the faults. */
export async function put(
  runtime: Runtime,
  namespace: string,
  name: string,
  value: string,
): Promise<ConfigMap> {
  return await runtime.steady.apply(ConfigMaps, { metadata: { namespace, name }, data: { value } });
}

/** Waits until the store holds exactly what a fresh list shows, version by version. */
export async function untilEqual(
  runtime: Runtime,
  store: Store<ConfigMap>,
  namespace: string,
): Promise<void> {
  await waitUntil(
    "the store to equal a fresh list",
    async () => {
      const listed = await runtime.steady.listAll(ConfigMaps, { namespace });
      const fresh = listed.map((item) => `${keyOf(item.metadata)}@${item.metadata.resourceVersion}`).sort();
      const kept = [...store.values()].map((item) =>
        `${keyOf(item.metadata)}@${item.metadata.resourceVersion}`
      ).sort();
      return { fresh, kept };
    },
    ({ fresh, kept }) => JSON.stringify(fresh) === JSON.stringify(kept),
    { timeoutMs: 40_000, intervalMs: 100 },
  );
}
