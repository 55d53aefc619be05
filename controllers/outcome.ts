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
