/** Settings of the components that run as Deployments: admin, gateway, orchestrator. */
import { affinity } from "../kubernetes/affinity.ts";
import { resourceRequirements } from "../kubernetes/resources.ts";
import { optional, type Output, struct } from "../schema/fields.ts";
import { flag, int32, mapOf, setOf, text } from "../schema/values.ts";
import { cellName } from "./identifiers.ts";
import { podPlacementSpec } from "./placement.ts";

const podAnnotations = mapOf(text(), {
  max: 20,
  rules: [{
    rule: "self.all(key, key.size() < 64 && self[key].size() < 256)",
    message: "keys of podAnnotations must have fewer than 64 characters, values fewer than 256",
  }],
});

const podLabels = mapOf(text(), {
  max: 20,
  rules: [{
    rule: "self.all(key, key.size() < 64 && self[key].size() < 64)",
    message: "keys and values of podLabels must have fewer than 64 characters",
  }],
});

const statelessFields = {
  affinity: optional(affinity, "Affinity of the pods; replaces the template's as a whole."),
  podAnnotations: optional(
    podAnnotations,
    "More annotations of the pods, merged with the template's key by key.",
  ),
  podLabels: optional(
    podLabels,
    "More labels of the pods, merged with the template's key by key. Labels of the operator win.",
  ),
  replicas: optional(
    int32({ min: 0, max: 128 }),
    "Pods (of each cell, where the component runs in cells): 1 unless told.",
  ),
  resources: optional(
    resourceRequirements,
    "What each pod's container asks for and may use; replaces the template's as a whole.",
  ),
} as const;

export const statelessSpec = struct(statelessFields);

export type StatelessSpec = Output<typeof statelessSpec>;

/** A duration as Go writes it: `10s`, `1m30s`, `1.5h`. Both micro signs (U+00B5, U+03BC) stand for microseconds. */
export const goDurationPattern = /^([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h))+$/;

const duration = text({ pattern: goDurationPattern });

export const gatewayBufferConfig = struct({
  drainConcurrency: optional(
    int32({ min: 1 }),
    "Held-back statements that are sent at a time once there is a primary again; the gateway's own default is 1.",
  ),
  enabled: optional(
    flag(),
    "Hold statements back while a shard has no primary, instead of failing them. On unless told.",
  ),
  maxFailoverDuration: optional(
    duration,
    "Longest time without a primary that is bridged, such as 20s. Not less than window.",
  ),
  minTimeBetweenFailovers: optional(
    duration,
    "Time after one failover in which another is not bridged, such as 1m.",
  ),
  size: optional(
    int32({ min: 1 }),
    "Most statements that are held back at a time; the gateway's own default is 1000.",
  ),
  window: optional(duration, "Longest time that one statement is held back, such as 10s."),
});

export type GatewayBufferConfig = Output<typeof gatewayBufferConfig>;

export const multigatewaySpec = struct({
  ...statelessFields,
  buffer: optional(gatewayBufferConfig, "What happens to statements during a failover."),
});

export type MultigatewaySpec = Output<typeof multigatewaySpec>;

export const multiorchSpec = struct({
  ...statelessFields,
  cells: optional(setOf(cellName, { max: 50 }), "Cells to run in; empty means all cells of the cluster."),
  placement: optional(podPlacementSpec, "Where the pods may run; replaces the template's as a whole."),
});

export type MultiorchSpec = Output<typeof multiorchSpec>;
