/** Scaling down: which pod goes next, and why none does. (Scaling up is no decision: empty slots are filled at once.) */
import {
  doing,
  type LifeWait,
  nothing,
  stampDrain,
  telling,
  together,
  type Verdict,
  waiting,
} from "./actions.ts";
import { mayScaleDown, needOf } from "./durability.ts";
import { take } from "./drain.ts";
import type { Finding } from "./findings.ts";
import { gateOf, isDispensable } from "./gate.ts";
import { isPrimary, isTerminating, serves } from "./health.ts";
import type { LifePod } from "./model.ts";
import { bySlot, type LifeView } from "./view.ts";

/**
 * Removes an excess pod that does no work, and whose vote is not needed: it goes before any other move, without a gate, and
 * its claim by the policy. One at a time, as each counts for what becomes of the next one's claim.
 */
export function removeIdle(view: LifeView): Verdict | undefined {
  if (!mayScaleDown(view) || view.shard.pods.some(isGoing)) return undefined;
  const idle = view.excess.find((pod) => pod.drain === undefined && isDispensable(view, pod));
  return idle === undefined ? undefined : take(view, idle, "scaleDown");
}

/** A pod that was marked as the last step before its deletion, which may not be seen yet. */
function isGoing({ drain }: LifePod): boolean {
  return drain?.state === "readyForDeletion";
}

/**
 * First that holds:
 *
 * | world                                                        | done                                         |
 * | ------------------------------------------------------------ | -------------------------------------------- |
 * | no pod is too many                                           | nothing                                      |
 * | what is wanted could not satisfy the durability policy (1)   | refused: nothing, and it is told             |
 * | the gate of the next one is closed                           | waits, and it is told                        |
 * | otherwise                                                    | the next one is marked                       |
 *
 * (1) Slots that it cannot do without are held (`viewOf`): this is so where their volumes are not there to be held.
 *
 * The next one is that with the highest number; before it go those that do not serve, and the primary goes last of all.
 */
export function startScaleDown(view: LifeView): Verdict {
  const candidates = view.excess.filter((pod) => !isTerminating(pod)).sort(byNumber(view));
  const [next] = candidates;
  const refused = view.held.length > 0 ? telling(refusal(view)) : nothing;
  if (next === undefined) return refused;
  if (!mayScaleDown(view)) return telling(refusal(view));
  const gate = gateOf(view, next, "scaleDown");
  if (gate.kind === "closed") {
    return together(refused, waiting(gate.wait), telling(blocked(next, gate.wait)));
  }
  return together(refused, doing(stampDrain(next, "requested")));
}

function byNumber(view: LifeView): (a: LifePod, b: LifePod) => number {
  return (a, b) =>
    Number(isPrimary(view, a)) - Number(isPrimary(view, b)) ||
    Number(serves(view, a)) - Number(serves(view, b)) || compare(b.index, a.index) || bySlot(a, b);
}

/** `Infinity` is equal to itself, which a difference would not tell. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function refusal({ shard, slots, held }: LifeView): Finding {
  return {
    reason: "ScaleDownBlocked",
    subject: "",
    message: `Cannot scale down to ${slots.length - held.length} instances as ` +
      `${needOf(shard.durability)}; raise replicasPerCell.`,
  };
}

function blocked(pod: LifePod, { message }: LifeWait): Finding {
  return {
    reason: "ScaleDownBlocked",
    subject: pod.name,
    message: `Pod ${pod.name} is too many, and stays for now. What is waited for: ${message}.`,
  };
}
