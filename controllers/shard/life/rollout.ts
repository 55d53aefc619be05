/** Rolling: pods that differ from what is wanted are replaced, one of the shard at a time, the primary last. */
import { COMING_UP_SECONDS } from "./bounds.ts";
import {
  deletePod,
  doing,
  type LifeAction,
  stampDrain,
  together,
  type Verdict,
  waitFor,
  waiting,
} from "./actions.ts";
import { costOf } from "./drain.ts";
import { gateOf } from "./gate.ts";
import { isEnded, isPrimary, restartDue, secondsUntilResize, serves, takesNothing } from "./health.ts";
import type { LifePod } from "./model.ts";
import { bySlot, type LifeView } from "./view.ts";

/** The pods that are to be replaced, in the order of their turns: what does not serve first, the primary last. */
export function duePods(view: LifeView): LifePod[] {
  const due = view.slots.flatMap(({ pod }) =>
    pod !== undefined && restartDue(view, pod) !== undefined ? [pod] : []
  );
  return due.sort((a, b) =>
    Number(isPrimary(view, a)) - Number(isPrimary(view, b)) ||
    Number(serves(view, a)) - Number(serves(view, b)) || bySlot(a, b)
  );
}

/**
 * Pods that do no work are replaced at once and without turns, for nothing is taken away by it, and a change that mends
 * them could not reach them otherwise: with none of them up there would never be a primary to wait for.
 */
export function replaceBroken(view: LifeView): LifeAction[] {
  return duePods(view)
    .filter((pod) => pod.drain === undefined && !isEnded(pod) && takesNothing(view, pod))
    .filter((pod) => restartDue(view, pod) === "rollout")
    .map((pod) => deletePod(pod, "broken"));
}

/**
 * Whose turn is next.
 *
 * | due  | gate of the first   | done                                                                |
 * | ---- | ------------------- | ------------------------------------------------------------------- |
 * | none |                     | nothing; waits where a file system may yet turn out to need a restart |
 * | some | closed              | waits, and says for what                                            |
 * | some | open, or hand over  | the first one is marked                                             |
 */
export function startRollout(view: LifeView): Verdict {
  const [next] = duePods(view).filter((pod) => pod.drain === undefined);
  if (next === undefined) return awaitFileSystems(view);
  const gate = gateOf(view, next, "roll");
  if (gate.kind === "closed") return waiting(gate.wait);
  return together(costOf(gate, next), doing(stampDrain(next, "requested")));
}

function awaitFileSystems(view: LifeView): Verdict {
  const waits = view.slots.flatMap(({ pod }) => {
    const seconds = pod === undefined ? undefined : secondsUntilResize(pod);
    return pod === undefined || seconds === undefined || seconds === 0 ? [] : [
      waitFor(
        "FileSystemResize",
        `The file system of pod ${pod.name} is to grow; if it does not, the pod is restarted`,
        Math.max(seconds, COMING_UP_SECONDS),
      ),
    ];
  });
  return waiting(...waits);
}
