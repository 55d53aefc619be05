/** What of a look is news. Positions in the log change all the time and lead to nothing. */
import type { Answer } from "../../topology/poolers/ask.ts";
import type { Look } from "./data_plane.ts";

export function digestOf({ poolers, answers, claim }: Look): string {
  const records = poolers.poolers.map(({ key, revision }) => `${key}@${revision}`).sort();
  const unreachable = [...poolers.unreachable.keys()].sort();
  const told = [...answers].map(([key, answer]) => `${key}: ${digestOfAnswer(answer)}`).sort();
  return JSON.stringify([records, unreachable, told, claim?.revision.toString()]);
}

function digestOfAnswer(answer: Answer): string {
  if (answer.kind === "failed") return answer.error.failure;
  const { postgres, ready, action, resigning, eligible, diverged, asPrimary, asStandby, rule } =
    answer.status;
  const cohort = rule?.cohort.map(({ cell, name }) => `${cell}_${name}`).sort();
  return JSON.stringify([
    [postgres, ready, action, resigning, eligible, diverged],
    [asPrimary?.ready, asPrimary?.synchronous?.count],
    [asStandby?.receiver, asStandby?.source?.host],
    [rule?.term.toString(), rule?.subterm.toString(), rule?.leader?.name, cohort],
  ]);
}
