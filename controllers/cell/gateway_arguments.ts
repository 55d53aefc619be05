/** The command line of a gateway. A flag and its value are two tokens, but for switches. */
import type { CellSpec } from "../../api/multigres/cell.ts";
import { ports } from "../../api/multigres/ports.ts";
import type { GatewayBufferConfig } from "../../api/multigres/workloads.ts";
import { GATEWAY } from "./shape.ts";

/** Of a cell that does not say; the resolved cells of a cluster always do. */
const DEFAULT_LOG_LEVEL = "info";

/** Everything but certificates. */
export function gatewayArguments(spec: CellSpec): string[] {
  const { http, grpc, postgres, postgresReplica } = ports.multigateway;
  const { globalTopoServer, logLevels, multigateway, name } = spec;
  return [
    GATEWAY,
    ...["--http-port", `${http}`],
    ...["--grpc-port", `${grpc}`],
    ...["--pg-port", `${postgres}`],
    ...["--pg-replica-port", `${postgresReplica}`],
    ...["--topo-global-server-addresses", globalTopoServer.address],
    ...["--topo-global-root", globalTopoServer.rootPath],
    ...["--cell", name],
    ...["--log-level", logLevels?.multigateway ?? DEFAULT_LOG_LEVEL],
    ...bufferArguments(multigateway.buffer ?? {}),
  ];
}

/** What the user does not say is left to the gateway's own defaults. */
function bufferArguments(buffer: GatewayBufferConfig): string[] {
  // A switch takes its value in the same token: `--flag false` would switch it on.
  const enabled = buffer.enabled === undefined ? [] : [`--buffer-enabled=${buffer.enabled}`];
  return [
    ...enabled,
    ...setting("--buffer-window", buffer.window),
    ...setting("--buffer-max-failover-duration", buffer.maxFailoverDuration),
    ...setting("--buffer-min-time-between-failovers", buffer.minTimeBetweenFailovers),
    ...setting("--buffer-size", buffer.size),
    ...setting("--buffer-drain-concurrency", buffer.drainConcurrency),
  ];
}

function setting(flag: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [flag, `${value}`];
}
