/** What happens to the pods and claims of a shard: one pure decision over all others. */
import {
  doing,
  type LifeAction,
  type LifeWait,
  telling,
  together,
  type Verdict,
  waiting,
} from "./actions.ts";
import { upkeepOf } from "./claims.ts";
import { continueDrains } from "./drain.ts";
import { factsOf, type LifeFacts } from "./facts.ts";
import { blindness, ending } from "./gate.ts";
import { growthOf } from "./growth.ts";
import type { LifeShard } from "./model.ts";
import { markStrays } from "./poolers.ts";
import { fillSlots } from "./pods.ts";
import { drainedFindings, rebuild } from "./quarantine.ts";
import { reloadSettings } from "./reload.ts";
import { removeShard } from "./removal.ts";
import { replaceBroken, startRollout } from "./rollout.ts";
import { removeIdle, startScaleDown } from "./scale.ts";
import { type LifeView, viewOf } from "./view.ts";

export interface LifeDecision {
  /** To be carried out in order; each may fail, and the rest is then decided anew. */
  readonly actions: readonly LifeAction[];
  /** There while something is pending; without it nothing is left to do until something changes. */
  readonly wait?: LifeWait;
  readonly facts: LifeFacts;
}

/**
 * Decides from what is there alone, so that any part of an earlier decision may have been carried out or not.
 *
 * | order | what                        | may take a serving instance away                   |
 * | ----- | --------------------------- | -------------------------------------------------- |
 * | 1     | claims grow                 | no                                                 |
 * | 2     | marks and owners of claims  | no                                                 |
 * | 3     | empty slots are filled      | no                                                 |
 * | 4     | broken pods are replaced    | no: they do not serve                              |
 * | 5     | settings are reloaded       | no                                                 |
 * | 6     | poolers without pod marked  | no                                                 |
 * | 7     | one move, the first of: an idle excess pod goes, a drain goes on, a quarantined instance is rebuilt, a scale-down begins, a rollout goes on | one, through its gate |
 */
export function decideLife(shard: LifeShard): LifeDecision {
  const view = viewOf(shard);
  if (shard.removal !== undefined) {
    const verdict = removeShard(shard, shard.removal);
    return decision(verdict, factsOf(view, verdict, { done: verdict.done }));
  }
  const steady = together(
    growthOf(shard),
    doing(...upkeepOf(view)),
    fillSlots(view),
    doing(...replaceBroken(view)),
    reloadSettings(view),
    doing(...markStrays(view)),
    telling(...drainedFindings(view)),
  );
  const move = nextMove(view);
  const waits = [...move.waits, ...leadership(view), ...steady.waits];
  const verdict = { ...together(steady, move), waits };
  return decision(verdict, factsOf(view, verdict));
}

function nextMove(view: LifeView): Verdict {
  const idle = removeIdle(view);
  if (idle !== undefined) return idle;
  const drains = continueDrains(view);
  if (drains !== undefined) return drains;
  const blocker = ending(view);
  if (blocker !== undefined) return waiting(blocker);
  const rebuilt = rebuild(view);
  if (rebuilt.actions.length > 0) return rebuilt;
  const scaled = together(rebuilt, startScaleDown(view));
  return scaled.actions.length > 0 ? scaled : together(scaled, startRollout(view));
}

/** A shard without a primary is not settled, even if all its pods are. */
function leadership(view: LifeView): LifeWait[] {
  const wait = view.slots.length === 0 ? undefined : blindness(view, "scaleDown");
  return wait === undefined ? [] : [wait];
}

/** Of several waits the first is told, and the earliest look counts. */
function decision({ actions, waits }: Verdict, facts: LifeFacts): LifeDecision {
  const [first] = waits;
  if (first === undefined) return { actions, facts };
  return { actions, wait: { ...first, seconds: Math.min(...waits.map(({ seconds }) => seconds)) }, facts };
}
