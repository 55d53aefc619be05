/** What the statuses of all kinds have in common. */
import { conditions } from "../kubernetes/condition.ts";
import { optional, type Output } from "../schema/fields.ts";
import { int64, oneOf, text } from "../schema/values.ts";

export const phase = oneOf("Initializing", "Progressing", "Healthy", "Degraded", "Unknown");

export type Phase = Output<typeof phase>;

export const statusFields = {
  conditions: optional(conditions, "Judgements on single aspects, one of each type."),
  message: optional(text(), "Why the phase is what it is, for people to read."),
  observedGeneration: optional(
    int64(),
    "Value of metadata.generation that this status was worked out from; if lower than now, the status is stale.",
  ),
  phase: optional(
    phase,
    "Where the object stands: Initializing, Progressing towards its spec, Healthy, Degraded, or Unknown.",
  ),
} as const;

/** The `status` of a condition, as a JSON path of a printer column. */
export function conditionPath(type: string): string {
  return `.status.conditions[?(@.type=='${type}')].status`;
}

export const phaseColumn = {
  name: "Phase",
  type: "string",
  jsonPath: ".status.phase",
  description: "Where the object stands.",
} as const;
