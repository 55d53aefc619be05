/** What the status of a PostgresCluster says pod by pod. */
import { defaulted, optional, type Output, required, struct } from "../../schema/fields.ts";
import { flag, int64, oneOf, text } from "../../schema/values.ts";

export const podInfo = struct({
  name: required(text(), "Name of the pod."),
  generation: optional(int64(), "Generation of the pod's spec."),
  observedGeneration: optional(int64(), "Generation that the kubelet has dealt with."),
  specApplied: defaulted(
    flag(),
    false,
    "Whether the two generations are equal; true where the kubelet tells none.",
  ),
  role: optional(text(), "Role that Patroni gives the pod: master or replica."),
  ready: defaulted(flag(), false, "Whether the pod is ready."),
});
export type PodInfo = Output<typeof podInfo>;

export const RESIZE_STATES = ["NoResize", "Proposed", "InProgress", "Deferred", "Infeasible"] as const;

const allocatedResources = struct({
  cpu: optional(text(), "CPU that the node has set aside."),
  memory: optional(text(), "Memory that the node has set aside."),
});

export const podResize = struct({
  podName: required(text(), "Name of the pod."),
  status: defaulted(
    oneOf(...RESIZE_STATES),
    "NoResize",
    "How far the change is. Deferred waits for room on the node, Infeasible will never fit there.",
  ),
  allocatedResources: optional(allocatedResources, "What PostgreSQL's container has now."),
  lastTransitionTime: optional(text(), "When this was seen, in RFC 3339."),
  message: optional(text(), "More about it, from the kubelet."),
});
export type PodResize = Output<typeof podResize>;

export const replicaLag = struct({
  podName: required(text(), "Member, named as its pod."),
  lagBytes: optional(int64(), "Lag in bytes of write-ahead log, as Patroni tells it."),
  lagTime: optional(text(), "The same as an estimated time, such as 250ms, 4.5s or 2.0m."),
  exceedsThreshold: defaulted(flag(), false, "Whether the lag is above the limit."),
  lastMeasured: optional(text(), "When it was measured, in RFC 3339."),
  state: optional(text(), "State of the member, as Patroni tells it."),
});
export type ReplicaLag = Output<typeof replicaLag>;
