/** The way to the poolers, which costs nothing before it is taken. */
import { systemClock } from "../../kube/clock.ts";
import type { ConnectionsOptions } from "./connections.ts";
import type { PoolerClient } from "./pooler_client.ts";

/** Poolers that a client is connected to at the same time, at most. */
const MOST = 100;

/**
 * A client for all poolers of all clusters: connects to each when it is first asked, and closes what was idle for 60 s.
 * A pooler must accept a connection within 2 s. gRPC itself is loaded with the first call: an operator without Multigres
 * clusters does without.
 */
export function openPoolerClient(options: Partial<ConnectionsOptions> = {}): PoolerClient {
  const { clock = systemClock, connectMs = 2_000, idleMs = 60_000, most = MOST } = options;
  let loading: Promise<PoolerClient> | undefined;
  let loaded: PoolerClient | undefined;
  let closed = false;
  const load = async (): Promise<PoolerClient> => {
    const { GrpcPoolerClient } = await import("./grpc_client.ts");
    loaded = new GrpcPoolerClient({ clock, connectMs, idleMs, most });
    if (closed) loaded.close();
    return loaded;
  };
  const client = () => loading ??= load();
  return {
    status: async (...args) => await (await client()).status(...args),
    backups: async (...args) => await (await client()).backups(...args),
    backupOfJob: async (...args) => await (await client()).backupOfJob(...args),
    reloadConfig: async (...args) => await (await client()).reloadConfig(...args),
    backUp: async (...args) => await (await client()).backUp(...args),
    resignLeadership: async (...args) => await (await client()).resignLeadership(...args),
    close() {
      closed = true;
      loaded?.close();
    },
  };
}
