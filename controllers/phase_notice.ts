/** How people are told that an object's phase changed, the same for every kind. */
import type { Phase } from "../api/multigres/status.ts";
import type { Notice } from "../kube/events.ts";

interface Phased {
  readonly phase?: Phase;
  readonly message?: string;
}

/** Phases that every object begins with, which is nobody's news. */
const BEGINNINGS: ReadonlySet<Phase> = new Set(["Initializing", "Progressing"]);

/** The event of a transition; none while the phase stays the same, nor for an object that is new and on its way. */
export function phaseNotice(before: Phased | undefined, now: Phased): Notice[] {
  if (before?.phase === now.phase) return [];
  if (before?.phase === undefined && now.phase !== undefined && BEGINNINGS.has(now.phase)) return [];
  const message = `${before?.phase ?? "New"} is now ${now.phase}: ${now.message}`;
  return [{ type: now.phase === "Degraded" ? "Warning" : "Normal", reason: "PhaseChange", message }];
}
