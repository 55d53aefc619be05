/** `corev1.ResourceRequirements`: what a container asks for and may use. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { keyedListOf, mapOf, quantity, text } from "../schema/values.ts";

const resourceClaim = struct({
  name: required(text(), "Name of a resource claim of the pod."),
  request: optional(text(), "Name of one request within the claim; without it all of the claim is used."),
});

export const resourceRequirements = struct({
  claims: optional(
    keyedListOf(["name"], resourceClaim),
    "Resource claims of the pod that the container uses.",
  ),
  limits: optional(
    mapOf(quantity()),
    "The most that the container may use of each resource, such as cpu: 500m or memory: 1Gi.",
  ),
  requests: optional(
    mapOf(quantity()),
    "What is reserved for the container on its node. Without an entry the limit is reserved.",
  ),
});

export type ResourceRequirements = Output<typeof resourceRequirements>;
