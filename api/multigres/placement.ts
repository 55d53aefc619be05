/** Where pods may run, beyond what the cell says. */
import { tolerations } from "../kubernetes/toleration.ts";
import { optional, type Output, struct } from "../schema/fields.ts";

export const podPlacementSpec = struct({
  tolerations: optional(tolerations, "Taints of nodes that do not keep the pods away."),
});

export type PodPlacementSpec = Output<typeof podPlacementSpec>;
