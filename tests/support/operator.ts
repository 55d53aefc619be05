/** The operator inside the test's own process: real manager, real API server, the faulty transport in between. */
import { allKinds } from "../../api/crds.ts";
import { customResourceDefinition } from "../../api/schema/crd.ts";
import { KubeClient } from "../../kube/client.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import { Definitions } from "../../kube/definition.ts";
import { createFetchTransport } from "../../kube/fetch_transport.ts";
import { type LeaderElection, Manager } from "../../kube/manager.ts";
import { seededRandom } from "../../kube/random.ts";
import { defineResource } from "../../kube/resource.ts";
import { type Logger, silentLogger } from "../../telemetry/log.ts";
import { type RuntimeMetrics, silentMetrics } from "../../telemetry/metrics.ts";
import type { Connection } from "../ground/connection.ts";
import { operatorConnection } from "../ground/ground.ts";
import { waitFor } from "../ground/wait_for.ts";
import { FaultyTransport } from "./faulty_transport.ts";
import { productConnection } from "./harness.ts";

/** Installs the definitions of all kinds and waits until they are served. Many tests may do so at the same time. */
export async function installKinds(client: KubeClient): Promise<void> {
  for (const kind of allKinds) {
    const definition = customResourceDefinition(kind);
    await client.apply(Definitions, { ...definition, metadata: { name: definition.metadata.name } });
    await waitFor(`${definition.metadata.name} to be served`, async () => {
      await client.listAll(defineResource({ ...kind.definition, namespaced: true }), {
        namespace: "default",
      });
      return true;
    });
  }
}

export interface OperatorOptions {
  /** Adds the controllers. */
  readonly setUp: (manager: Manager) => void;
  readonly namespaces?: readonly string[];
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly metrics?: RuntimeMetrics;
  readonly leaderElection?: LeaderElection;
  readonly prepare?: (transport: FaultyTransport) => void;
}

export interface RunningOperator extends AsyncDisposable {
  readonly manager: Manager;
  readonly transport: FaultyTransport;
  /** Ends it as SIGTERM would. */
  stop(): Promise<void>;
}

/** Operators of one run are not alike by chance either: their events would bear the same names. */
let started = 0;

/**
 * Starts an operator; it works in the background until it is disposed of. On the shared cluster it has the rights of an
 * installed one, not those of the administrator whose connection is handed in.
 */
export function startOperator(connection: Connection, options: OperatorOptions): RunningOperator {
  const actual = operatorConnection(connection);
  const transport = new FaultyTransport(createFetchTransport(productConnection(actual)));
  options.prepare?.(transport);
  const { namespaces, leaderElection } = options;
  const manager = new Manager({
    transport,
    clock: options.clock ?? systemClock,
    random: seededRandom(11 + started++),
    log: options.log ?? silentLogger,
    metrics: options.metrics ?? silentMetrics,
    fieldManager: "multigres-operator",
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(leaderElection === undefined ? {} : { leaderElection }),
  });
  options.setUp(manager);
  const end = new AbortController();
  const running = manager.run(end.signal);
  const stop = async () => {
    end.abort();
    await running;
    transport.close();
  };
  return { manager, transport, stop, [Symbol.asyncDispose]: stop };
}

/** A client past all faults. */
export function steadyClient(connection: Connection, fieldManager = "tester"): KubeClient & Disposable {
  const transport = createFetchTransport(productConnection(connection));
  const client = new KubeClient({ transport, clock: systemClock, metrics: silentMetrics, fieldManager });
  return Object.assign(client, { [Symbol.dispose]: () => transport.close() });
}
