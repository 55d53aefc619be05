/** Conditions: what is true of an object, since when, and of which generation that was said. */
import type { Clock } from "./clock.ts";

export type ConditionStatus = "True" | "False" | "Unknown";

export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** One word in CamelCase, for programs. */
  readonly reason: string;
  /** A sentence, for people. */
  readonly message: string;
  /** `metadata.generation` of the object that this was observed of. */
  readonly observedGeneration?: number;
  /** When `status` last changed, RFC 3339. */
  readonly lastTransitionTime: string;
}

/** What a controller says; when it became so is worked out by {@link mergeConditions}. */
export type Statement = Pick<Condition, "type" | "status" | "reason" | "message">;

/**
 * The new list of conditions: each statement with its transition time, which is kept while the status stays the same.
 * Conditions that are not stated any more are left out; their order follows the statements.
 */
export function mergeConditions(
  known: readonly Condition[] | undefined,
  statements: readonly Statement[],
  context: { readonly generation: number | undefined; readonly clock: Pick<Clock, "now"> },
): Condition[] {
  return statements.map((statement) => {
    const before = known?.find((condition) => condition.type === statement.type);
    const lastTransitionTime = before?.status === statement.status
      ? before.lastTransitionTime
      : timestamp(context.clock.now());
    const observed = context.generation === undefined ? {} : { observedGeneration: context.generation };
    return { ...statement, ...observed, lastTransitionTime };
  });
}

/** RFC 3339 in whole seconds, the form of `metav1.Time`. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
