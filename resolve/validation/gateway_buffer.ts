/** Times of a gateway that holds statements back during a failover. The gateway does not start with others. */
import type { GatewayBufferConfig } from "../../api/multigres/workloads.ts";
import { failure, type Finding } from "./finding.ts";
import { durationSeconds } from "./go_duration.ts";
import type { ClusterView } from "./view.ts";

/** What the gateway takes where a time is not given, in seconds. */
const gatewayDefaults = { window: 10, maxFailoverDuration: 20 } as const;

/**
 * @param path of the buffer.
 * @param complete whether nothing will be merged over it: only then do the gateway's own defaults count.
 */
export function bufferFindings(
  buffer: GatewayBufferConfig | undefined,
  path: string,
  complete: boolean,
): Finding[] {
  if (buffer === undefined || buffer.enabled === false) return [];
  return [
    ...mustExceedZero(buffer.window, `${path}.window`),
    ...mustExceedZero(buffer.maxFailoverDuration, `${path}.maxFailoverDuration`),
    ...mustNotBeNegative(buffer.minTimeBetweenFailovers, `${path}.minTimeBetweenFailovers`),
    ...windowFits(buffer, path, complete),
  ];
}

function mustExceedZero(text: string | undefined, path: string): Finding[] {
  if (text === undefined || (durationSeconds(text) ?? 0) > 0) return [];
  const message = `Cannot hold statements back with ${path} of ${text} as it must be more than 0: ` +
    "write a time such as 10s, or leave it out.";
  return [failure("BufferTimesFit", path, message)];
}

function mustNotBeNegative(text: string | undefined, path: string): Finding[] {
  if (text === undefined || (durationSeconds(text) ?? -1) >= 0) return [];
  const message = `Cannot hold statements back with ${path} of ${text} as it must not be negative: ` +
    "write a time such as 1m, or leave it out.";
  return [failure("BufferTimesFit", path, message)];
}

function windowFits(buffer: GatewayBufferConfig, path: string, complete: boolean): Finding[] {
  const both = buffer.window !== undefined && buffer.maxFailoverDuration !== undefined;
  if (!both && !complete) return [];
  const window = secondsOr(buffer.window, gatewayDefaults.window);
  const longest = secondsOr(buffer.maxFailoverDuration, gatewayDefaults.maxFailoverDuration);
  if (window === undefined || longest === undefined || window <= longest) return [];
  const message =
    `Cannot hold statements back for ${buffer.window ?? "10s"} (${path}.window) as a failover is ` +
    `bridged for ${
      buffer.maxFailoverDuration ?? "20s"
    } only: lower it, or raise ${path}.maxFailoverDuration.`;
  return [failure("BufferTimesFit", `${path}.window`, message)];
}

function secondsOr(text: string | undefined, otherwise: number): number | undefined {
  return text === undefined ? otherwise : durationSeconds(text);
}

/** The gateways of all cells, as they will run. */
export function clusterBufferFindings({ cells }: ClusterView): Finding[] {
  return cells.flatMap(({ path, config, resolved }) => {
    if (!resolved.ok) return [];
    const level = config.overrides?.multigateway?.buffer === undefined ? "spec" : "overrides";
    return bufferFindings(resolved.value.multigateway.buffer, `${path}.${level}.multigateway.buffer`, true);
  });
}
