/** How a pod that is taken away goes: marked first, relieved of the lead if it has it, and deleted when its turn has come. */
import {
  deletePod,
  doing,
  type LifeAction,
  nothing,
  stampDrain,
  telling,
  together,
  type Verdict,
  waitFor,
  waiting,
} from "./actions.ts";
import {
  LOOK_SECONDS,
  SWITCH_RETRY_MOST_SECONDS,
  SWITCH_RETRY_SECONDS,
  SWITCH_TIMEOUT_SECONDS,
  SWITCH_WINDOW_SECONDS,
} from "./bounds.ts";
import { fateAfterScaling } from "./claims.ts";
import { mayScaleDown } from "./durability.ts";
import { ending, type Gate, gateOf, isDispensable, type Purpose } from "./gate.ts";
import { isPrimary, isTerminating, restartDue, takesNothing } from "./health.ts";
import type { Drain, DrainState, LifePod } from "./model.ts";
import { bySlot, isSameGroup, type LifeView } from "./view.ts";

/** A pod that is on its way out by our hand. */
export type DrainedPod = LifePod & { readonly drain: Drain };

type Cause = "scaleDown" | "rollout" | "resize";

const ranks: Readonly<Record<DrainState, number>> = {
  requested: 0,
  draining: 1,
  acknowledged: 2,
  readyForDeletion: 3,
};

/**
 * What becomes of the pods that are marked. Those whose cause has gone are let off. Of the others one has its turn: first
 * what does no work, then what has come furthest, the primary last. The mark is written before anything else, and read
 * back with it, so a pod that we are about to delete is known even to a cache that has not seen its deletion.
 *
 * | state            | cause gone | it leads          | gate   | done                                     |
 * | ---------------- | ---------- | ----------------- | ------ | ---------------------------------------- |
 * | any (1)          | yes        |                   |        | mark cleared, nothing was taken away     |
 * | requested        |            | yes               | opens (2) | → draining, asked to resign           |
 * | any later        |            | yes               | opens (2) | asked to resign, or waited for        |
 * | draining         |            | no, another one is seen to | closed | → acknowledged                |
 * | any              |            | no                | closed | waits                                    |
 * | any              |            | no                | open   | → readyForDeletion, claim's fate, deleted |
 *
 * (1) A pod whose claim is on its way out already is not let off: it would live on a volume that goes with it.
 * (2) A standby that streams within the cohort, and is not far behind.
 */
export function continueDrains(view: LifeView): Verdict | undefined {
  const marked = view.shard.pods.filter(isMarked);
  const free = marked.filter((pod) => causeOf(view, pod) === undefined);
  const cleared = doing(...free.map((pod): LifeAction => ({ kind: "clearDrain", pod: pod.name })));
  const [next] = marked.filter((pod) => !free.includes(pod)).sort(byTurn(view));
  if (next === undefined) return free.length === 0 ? undefined : cleared;
  const blocker = ending(view);
  return together(cleared, blocker === undefined ? advance(view, next) : waiting(blocker));
}

function isMarked(pod: LifePod): pod is DrainedPod {
  return pod.drain !== undefined && !isTerminating(pod);
}

function byTurn(view: LifeView): (a: DrainedPod, b: DrainedPod) => number {
  return (a, b) =>
    Number(goesFreely(view, b)) - Number(goesFreely(view, a)) ||
    ranks[b.drain.state] - ranks[a.drain.state] ||
    Number(isPrimary(view, a)) - Number(isPrimary(view, b)) || bySlot(a, b);
}

/** Whether a pod may go without a gate, and before others, whose gates it may keep closed. */
function goesFreely(view: LifeView, pod: LifePod): boolean {
  return causeOf(view, pod) === "scaleDown" ? isDispensable(view, pod) : takesNothing(view, pod);
}

/** Why a marked pod is to go; undefined when nothing speaks for it any more. */
export function causeOf(view: LifeView, pod: LifePod): Cause | undefined {
  const excess = view.excess.includes(pod);
  const cause = excess ? (mayScaleDown(view) ? "scaleDown" as const : undefined) : restartDue(view, pod);
  if (cause !== undefined || !isClaimLeaving(view, pod)) return cause;
  return excess ? "scaleDown" : "rollout";
}

function isClaimLeaving({ shard }: LifeView, pod: LifePod): boolean {
  return shard.claims.some(({ slot, terminating }) =>
    terminating && slot !== undefined && isSameGroup(slot, pod) && slot.index === pod.index
  );
}

function advance(view: LifeView, pod: DrainedPod): Verdict {
  const cause = causeOf(view, pod);
  if (cause === undefined) return nothing;
  if (goesFreely(view, pod)) return take(view, pod, cause);
  const purpose: Purpose = cause === "scaleDown" ? "scaleDown" : "roll";
  const gate = gateOf(view, pod, purpose, pod.drain.sinceSeconds);
  switch (gate.kind) {
    case "open":
      return together(costOf(gate, pod), take(view, pod, cause));
    case "handOver":
      return handOver(view, pod);
    case "closed":
      return together(acknowledge(view, pod), waiting(gate.wait));
  }
}

/** Tells what an open gate costs. */
export function costOf(gate: Gate, { name }: LifePod): Verdict {
  if (gate.kind !== "open" || gate.cost === undefined) return nothing;
  return telling({ reason: "WritesInterrupted", subject: name, message: gate.cost });
}

/** Deletes a pod whose turn has come; its claim's fate is sealed before, as nobody would know of it after. */
export function take(view: LifeView, pod: LifePod, cause: Cause): Verdict {
  const stamps = pod.drain?.state === "readyForDeletion" ? [] : [stampDrain(pod, "readyForDeletion")];
  const fate = cause === "scaleDown" ? fateAfterScaling(view, pod) : [];
  return doing(...stamps, ...fate, deletePod(pod, cause));
}

function acknowledge(view: LifeView, pod: DrainedPod): Verdict {
  const relieved = pod.drain.state === "draining" && view.primary.kind === "seen" && !isPrimary(view, pod);
  return relieved ? doing(stampDrain(pod, "acknowledged")) : nothing;
}

/**
 * Has the primary resign. It is asked within windows that become rarer, so that a shard that cannot change its primary
 * does not lose writes for trying: for a minute at once, then after 5, 15, 35 … minutes, at last once an hour.
 */
function handOver(view: LifeView, pod: DrainedPod): Verdict {
  const { state, sinceSeconds } = pod.drain;
  const stamps = state === "requested" ? [stampDrain(pod, "draining")] : [];
  const { open, nextInSeconds } = switchWindow(state === "requested" ? 0 : sinceSeconds);
  const message = `Another instance has to take over from the primary ${pod.name}`;
  if (isResigning(view)) {
    return together(doing(...stamps), waiting(waitFor("SwitchingPrimary", message, LOOK_SECONDS)));
  }
  if (!open) {
    const late =
      `${message}: it was asked to resign and still leads; it is asked again in ${nextInSeconds} s`;
    return waiting({ reason: "SwitchoverFailed", message: late, seconds: nextInSeconds, stalled: true });
  }
  const call: LifeAction = {
    kind: "switchPrimary",
    pod: pod.name,
    timeoutSeconds: SWITCH_TIMEOUT_SECONDS,
  };
  return together(doing(...stamps, call), waiting(waitFor("SwitchingPrimary", message, LOOK_SECONDS)));
}

function isResigning({ primary }: LifeView): boolean {
  return primary.kind === "seen" && primary.pod.evidence.kind === "fresh" && primary.pod.evidence.resigning;
}

/** Whether a primary may be asked to resign at this age of its drain, and when the next window opens. */
export function switchWindow(ageSeconds: number): { readonly open: boolean; readonly nextInSeconds: number } {
  let start = 0;
  let gap = SWITCH_RETRY_SECONDS;
  while (ageSeconds >= start + gap) {
    start += gap;
    gap = Math.min(gap * 2, SWITCH_RETRY_MOST_SECONDS);
  }
  return { open: ageSeconds - start < SWITCH_WINDOW_SECONDS, nextInSeconds: start + gap - ageSeconds };
}
