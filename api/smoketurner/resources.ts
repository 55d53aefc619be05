/** Resources of a container: the same shape for database pods, poolers and the target of an upgrade. */
import { optional, type Output, struct } from "../schema/fields.ts";
import { flag, quantity } from "../schema/values.ts";

const limits = struct({
  cpu: optional(quantity(), "CPU that the container may use at most, such as 500m or 2."),
  memory: optional(quantity(), "Memory that the container may use at most, such as 512Mi or 4Gi."),
});

const requests = struct({
  cpu: optional(quantity(), "CPU that the scheduler sets aside, such as 500m or 2."),
  memory: optional(quantity(), "Memory that the scheduler sets aside, such as 512Mi or 4Gi."),
});

export const resourceRequirements = struct({
  limits: optional(limits, "What the container may use at most."),
  requests: optional(requests, "What a node must have free for the container."),
  restartOnResize: optional(
    flag(),
    "Whether a new amount of CPU or memory restarts the container; otherwise the running container is resized.",
  ),
});
export type ResourceRequirements = Output<typeof resourceRequirements>;
