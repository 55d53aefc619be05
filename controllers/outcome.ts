/** How a reconcile ends, from what became of its plan. */
import type { ActResult } from "../kube/act.ts";
import { type Outcome, settled } from "../kube/controller.ts";

export function outcomeOf(result: ActResult): Outcome {
  switch (result.kind) {
    case "done":
      return settled;
    case "waiting":
      return { kind: "again", afterSeconds: result.wait.afterSeconds };
    case "failed":
      return { kind: "failed", error: result.error };
  }
}

/** Several plans as one: the first failure counts, else the first wait. */
export function joined(results: readonly ActResult[]): ActResult {
  const written = [...new Set(results.flatMap((result) => result.written))];
  const first = results.find(({ kind }) => kind === "failed") ??
    results.find(({ kind }) => kind === "waiting");
  return first === undefined ? { kind: "done", written } : { ...first, written };
}

/** The same outcome, but with another look after `dueSeconds` at the latest; 0 for none. */
export function soonest(outcome: Outcome, dueSeconds: number): Outcome {
  if (dueSeconds <= 0 || outcome.kind === "failed") return outcome;
  const afterSeconds = outcome.kind === "again" ? Math.min(outcome.afterSeconds, dueSeconds) : dueSeconds;
  return { kind: "again", afterSeconds };
}
