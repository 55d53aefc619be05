/** `metav1.Condition`: one aspect of an object's state, with the bounds that Kubernetes gives its own. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { int64, keyedListOf, oneOf, text, timestamp } from "../schema/values.ts";

/** An optional DNS subdomain and a slash, then a word: `Ready`, `example.com/Tested`. */
const typePattern =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/;

export const condition = struct({
  lastTransitionTime: required(timestamp(), "When status last changed from one value to another."),
  message: required(text({ max: 32768 }), "What happened, for people to read. May be empty."),
  observedGeneration: optional(
    int64({ min: 0 }),
    "Value of metadata.generation that the condition was worked out from; if lower than now, it is stale.",
  ),
  reason: required(
    text({ min: 1, max: 1024, pattern: /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/ }),
    "Cause of the last change, as one word for programs to compare.",
  ),
  status: required(oneOf("True", "False", "Unknown"), "Whether the condition holds."),
  type: required(text({ max: 316, pattern: typePattern }), "What the condition is about, such as Ready."),
});

export type Condition = Output<typeof condition>;

/** The list as a status has it: one entry a type, so that each may have an owner of its own. */
export const conditions = keyedListOf(["type"], condition);
