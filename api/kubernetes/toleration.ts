/** `corev1.Toleration`: a taint of nodes that does not keep a pod away. */
import { optional, type Output, struct } from "../schema/fields.ts";
import { int64, listOf, oneOf, text } from "../schema/values.ts";

export const toleration = struct({
  // Pods accept the empty word for "any" and for "the default", thus so do we.
  effect: optional(
    oneOf("NoSchedule", "PreferNoSchedule", "NoExecute", ""),
    "Effect of the taints that are tolerated; all effects when empty.",
  ),
  key: optional(text(), "Key of the taints that are tolerated; with operator Exists, empty means all keys."),
  operator: optional(
    oneOf("Exists", "Equal", "Lt", "Gt", ""),
    "How value is compared with the taint's: Equal unless told. Exists takes any value; Lt and Gt compare numbers.",
  ),
  tolerationSeconds: optional(
    int64(),
    "For effect NoExecute: seconds until the pod is evicted after all; for ever when absent.",
  ),
  value: optional(text(), "Value that the taint must have. Left out with operator Exists."),
});

export type Toleration = Output<typeof toleration>;

/** The list as pods have it. */
export const tolerations = listOf(toleration);
