/** How people are told that something is wrong with an object, the same for every kind. */
import type { Condition } from "../kube/conditions.ts";
import type { Notice } from "../kube/events.ts";

interface Conditioned {
  readonly conditions?: readonly Condition[];
}

/**
 * A warning for each condition that turned False, or is False for a new reason or with a new message.
 * @param silent types that are False in the normal course of things
 */
export function conditionNotices(
  before: Conditioned | undefined,
  now: Conditioned,
  silent: ReadonlySet<string>,
): Notice[] {
  return (now.conditions ?? []).flatMap((condition): Notice[] => {
    if (silent.has(condition.type) || condition.status !== "False") return [];
    const known = before?.conditions?.find(({ type }) => type === condition.type);
    if (known?.reason === condition.reason && known.message === condition.message) return [];
    return [{ type: "Warning", reason: condition.reason, message: condition.message }];
  });
}
