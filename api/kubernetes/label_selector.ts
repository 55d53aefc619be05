/** `metav1.LabelSelector`: which objects are meant, by their labels. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { listOf, mapOf, oneOf, text } from "../schema/values.ts";

const labelSelectorRequirement = struct({
  key: required(text(), "Label key that the requirement looks at."),
  operator: required(
    oneOf("In", "NotIn", "Exists", "DoesNotExist"),
    "In and NotIn compare the label with values; Exists and DoesNotExist only ask for the key.",
  ),
  values: optional(
    listOf(text()),
    "Values to compare with: at least one for In and NotIn, none for Exists and DoesNotExist.",
  ),
});

/** All requirements must hold; an empty selector means everything, an absent one nothing. */
export const labelSelector = struct({
  matchExpressions: optional(
    listOf(labelSelectorRequirement),
    "Requirements on label keys and values, all of which must hold.",
  ),
  matchLabels: optional(mapOf(text()), "Labels that must be present with exactly these values."),
}, { atomic: true });

export type LabelSelector = Output<typeof labelSelector>;
