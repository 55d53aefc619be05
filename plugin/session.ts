/** A way to the API server, as kubectl would take it. */
import { openTransport } from "../cli/connect.ts";
import { StartError } from "../cli/exit.ts";
import { credentialsFor } from "../cli/options.ts";
import { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import type { Connection } from "../kube/connection.ts";
import { ApiError } from "../kube/errors.ts";
import { openPodExec, type PodExec } from "../kube/exec.ts";
import type { Transport } from "../kube/transport.ts";
import { TransportError } from "../kube/transport.ts";
import { silentMetrics } from "../telemetry/metrics.ts";
import { PluginError } from "./plugin_error.ts";
import type { ConnectionFlags } from "./flags.ts";
import type { Surroundings } from "./surroundings.ts";

/** Owner of the fields that the plugin writes. */
export const FIELD_MANAGER = "kubectl-matriarch";

export interface Session extends Disposable {
  readonly client: KubeClient;
  readonly transport: Transport;
  readonly exec: PodExec;
  readonly clock: Clock;
  /** Of the flag, or of the context. */
  readonly namespace: string;
  /** Flags that lead kubectl to the same place. */
  readonly kubectlFlags: readonly string[];
}

/** Opens it. No request is sent yet. @throws ConnectionError, StartError in one line */
export async function openSession(
  flags: ConnectionFlags,
  { env, clock }: Pick<Surroundings, "env" | "clock">,
): Promise<Session> {
  const connection = await connect(flags, { env, clock });
  const transport = openTransport(connection);
  const namespace = flags.namespace ?? connection.namespace;
  return {
    client: new KubeClient({ transport, clock, metrics: silentMetrics, fieldManager: FIELD_MANAGER }),
    transport,
    exec: openPodExec(connection),
    clock,
    namespace,
    kubectlFlags: kubectlFlags(flags, namespace),
    [Symbol.dispose]: () => transport.close(),
  };
}

/** How kubectl is told the same; the namespace is always named, as a pod's default differs from ours. */
export function kubectlFlags({ kubeconfig, context }: ConnectionFlags, namespace?: string): string[] {
  const all = { kubeconfig, context, namespace };
  return Object.entries(all).flatMap(([name, value]) => value === undefined ? [] : [`--${name}=${value}`]);
}

async function connect(
  flags: ConnectionFlags,
  { env, clock }: Pick<Surroundings, "env" | "clock">,
): Promise<Connection> {
  const credentials = credentialsFor(flags.kubeconfig, (name) => env(name) || undefined);
  if (credentials.kind === "in-cluster") {
    if (flags.context !== undefined) {
      throw new StartError("Cannot use --context as no kubeconfig is used: name one by --kubeconfig");
    }
    const { loadInCluster } = await import("../kube/in_cluster.ts");
    return await loadInCluster({ host: credentials.host, port: credentials.port, clock });
  }
  const { loadKubeconfig } = await import("../kube/kubeconfig.ts");
  const { context } = flags;
  return await loadKubeconfig({
    paths: credentials.paths,
    clock,
    ...(context === undefined ? {} : { context }),
  });
}

/** What went wrong with a request, in the words of somebody who typed a command. */
export function explain(error: unknown): unknown {
  if (error instanceof ApiError) return new PluginError(explainAnswer(error));
  if (error instanceof TransportError) {
    const detail = error.message.replace(/^\w+ \S+: /, "");
    return new PluginError(
      `Cannot reach the API server: ${detail}; is it running, and is the context right?`,
    );
  }
  return error;
}

function explainAnswer({ status: { code, message } }: ApiError): string {
  if (code === 401) {
    return "Cannot log in: the API server does not know these credentials (401); log in again, or name another context";
  }
  if (code === 403) return `Cannot do that as a right is missing: ${message}`;
  return `Cannot do that as the API server answers ${code}: ${message}`;
}
