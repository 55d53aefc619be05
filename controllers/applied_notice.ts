/** How people are told that objects were brought back to what they should be, the same for every kind. */
import { describeStep } from "../kube/act.ts";
import type { Notice } from "../kube/events.ts";
import type { Step } from "../kube/plan.ts";

/**
 * One event for all applies of a pass; none while the object is new: that its parts are made is nobody's news, and its phase
 * tells when they are there.
 * @param before the status of the object as it was before the pass
 */
export function appliedNotice(
  before: { readonly phase?: string } | undefined,
  written: readonly Step[],
): Notice[] {
  if (before?.phase === undefined) return [];
  const applied = written.filter(({ kind }) => kind === "apply").map(describeStep);
  return applied.length === 0 ? [] : [{ type: "Normal", reason: "Applied", message: applied.join(", ") }];
}
