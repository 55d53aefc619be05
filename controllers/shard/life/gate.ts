/** Whether a pod may be taken away now: the one rule that rolling, scaling down and every other planned step obey. */
import {
  COMING_UP_SECONDS,
  ELECTION_SECONDS,
  LOOK_SECONDS,
  STALLED_LOOK_SECONDS,
  STALLED_SECONDS,
  SWITCH_LAG_BYTES,
} from "./bounds.ts";
import { type LifeWait, waitFor } from "./actions.ts";
import { isAttainable, needOf, servingWithout, suffices } from "./durability.ts";
import {
  isEnded,
  isPrimary,
  isReady,
  isServingStandby,
  isStuck,
  isTerminating,
  lackOf,
  lostNodeOf,
  restartDue,
  serves,
  takesNothing,
  troubledSeconds,
} from "./health.ts";
import type { LifePod } from "./model.ts";
import { bySlot, type LifeView, slotKey, type WantedSlot } from "./view.ts";

export type Gate =
  /** `cost`: what it does to writes although all is as well as it can be, to be told. */
  | { readonly kind: "open"; readonly cost?: string }
  /** It leads the shard: another one has to, before it goes. */
  | { readonly kind: "handOver" }
  | { readonly kind: "closed"; readonly wait: LifeWait };

/** What a pod is taken away for: a roll brings it back, scaling down does not. */
export type Purpose = "roll" | "scaleDown";

/**
 * First that holds:
 *
 * | world                                                                  | gate       |
 * | ---------------------------------------------------------------------- | ---------- |
 * | the topology is unreachable                                            | closed     |
 * | no primary is seen, and `judgementOf` says that one is to be expected  | closed     |
 * | no primary is seen, and the pod would not come back                    | closed     |
 * | another instance that is wanted is absent, ending, does not serve, or  |            |
 * | is replaced already and not Ready                                      | closed     |
 * | the pod serves, or may; one that is too many comes up, or is broken    |            |
 * | and its vote may be needed                                             | closed     |
 * | the pod leads, and others exist                                        | hand over, when a standby can take over |
 * | the pod leads, and others exist, but none can take over                | closed     |
 * | it answers, and does not serve                                         | open       |
 * | what serves besides it satisfies the durability policy                 | open       |
 * | to scale down: all that exist and are wanted can never satisfy it      | open       |
 * | to roll: all else is well, and can never satisfy the policy without it | open, at a cost that is told |
 * | otherwise                                                              | closed     |
 *
 * Instances that do not serve, and are all to be replaced, do not wait for each other: only for those replaced already.
 *
 * @param waitedSeconds for which the pod has had this turn already, to tell a halt from a wait
 */
export function gateOf(view: LifeView, pod: LifePod, purpose: Purpose, waitedSeconds = 0): Gate {
  const blocker = blindness(view, purpose) ?? vote(view, pod) ?? unrest(view, pod);
  if (blocker !== undefined) return closed(blocker, waitedSeconds);
  if (isPrimary(view, pod) && view.shard.pods.length > 1) {
    const missing = missingSuccessor(view, pod);
    return missing === undefined ? { kind: "handOver" } : closed(missing, waitedSeconds);
  }
  const gate = durabilityGate(view, pod, purpose);
  return gate.kind === "closed" ? closed(gate.wait, waitedSeconds) : gate;
}

function closed(wait: LifeWait, waitedSeconds: number): Gate {
  return { kind: "closed", wait: waitedSeconds < STALLED_SECONDS ? wait : standingStill(wait) };
}

function standingStill(wait: LifeWait): LifeWait {
  return { ...wait, seconds: STALLED_LOOK_SECONDS, stalled: true };
}

/**
 * Without evidence nothing is taken away. A pod that does not come back may be the only one with the newest data while
 * nobody leads, however long that has been so.
 */
export function blindness(view: LifeView, purpose: Purpose): LifeWait | undefined {
  const { judgement, primary, shard } = view;
  if (shard.topology.kind === "unreachable") {
    return waitFor(
      "TopologyUnreachable",
      `The topology cannot be read: ${shard.topology.why}`,
      COMING_UP_SECONDS,
    );
  }
  if (shard.topology.kind === "empty" || primary.kind === "seen") return undefined;
  if (judgement === "readiness" && purpose === "roll") return undefined;
  const claimant = primary.claimant === undefined
    ? "no instance says that it is primary"
    : `${primary.claimant.name} said last that it is primary, but does not answer${
      lostNodeOf(primary.claimant)
    }`;
  const wait = waitFor("NoPrimary", `A primary that accepts writes: ${claimant}`, LOOK_SECONDS);
  return shard.withoutPrimarySeconds < STALLED_SECONDS ? wait : standingStill(wait);
}

/**
 * A shard without primary is rolled to mend it, pod by pod. Each is given time to bring about an election before the
 * next goes, and those who are only kept for their vote are left alone.
 */
function vote({ leaderless, held, shard }: LifeView, pod: LifePod): LifeWait | undefined {
  if (!leaderless) return undefined;
  if (held.some((slot) => slot.pod?.name === pod.name)) {
    return waitFor("NoPrimary", `Instance ${pod.name} is kept for its vote`, COMING_UP_SECONDS);
  }
  const young = shard.pods.find(({ name, ageSeconds }) => name !== pod.name && ageSeconds < ELECTION_SECONDS);
  if (young === undefined) return undefined;
  return waitFor(
    "NoPrimary",
    `Instance ${young.name} is new, and may lead to an election`,
    COMING_UP_SECONDS,
  );
}

/** The first instance besides this one that is not as it should be. */
function unrest(view: LifeView, pod: LifePod): LifeWait | undefined {
  const others = view.slots.filter((slot) => slotKey(slot) !== slotKey(pod) && concerns(view, slot, pod));
  for (const slot of others.sort(bySlot)) {
    const lack = slot.pod === undefined ? "does not exist" : unrestOf(view, slot.pod);
    if (lack === undefined) continue;
    const name = slot.pod?.name ?? slotKey(slot);
    const wait = waitFor("InstanceNotSettled", `Instance ${name} ${lack}`, COMING_UP_SECONDS);
    return troubledSeconds(slot.pod) < STALLED_SECONDS ? wait : standingStill(wait);
  }
  const newcomer = view.excess.find((other) => other.name !== pod.name && isAwaited(view, other));
  if (newcomer === undefined || isIdle(view, pod)) return undefined;
  const wait = waitFor(
    "InstanceNotSettled",
    `Instance ${newcomer.name}, which is too many, ${lackOf(view, newcomer)}`,
    COMING_UP_SECONDS,
  );
  return troubledSeconds(newcomer) < STALLED_SECONDS ? wait : standingStill(wait);
}

/**
 * An excess pod that may be down by our hand, for a roll that was still wanted then: it comes up, or it is broken and
 * cannot go before others serve.
 */
function isAwaited(view: LifeView, pod: LifePod): boolean {
  if (pod.aside !== undefined || isTerminating(pod) || serves(view, pod)) return false;
  return takesNothing(view, pod) ? !isDispensable(view, pod) : pod.ageSeconds < STALLED_SECONDS;
}

/** Whether what is in a slot must be well. An instance that is aside need not, but one that ends comes back without that. */
function concerns(view: LifeView, slot: WantedSlot, pod: LifePod): boolean {
  if (slot.pod === undefined || isEnded(slot.pod) || isTerminating(slot.pod)) return true;
  if (slot.pod.aside !== undefined) return false;
  return !isIdle(view, pod) || restartDue(view, slot.pod) === undefined;
}

/** Whether it is known of an instance that it does not serve. */
function isIdle(view: LifeView, pod: LifePod): boolean {
  return pod.evidence.kind === "fresh" && !serves(view, pod);
}

/** One that is still to be replaced need not be Ready: what keeps it from that may be what the change mends. */
function unrestOf(view: LifeView, pod: LifePod): string | undefined {
  if (serves(view, pod) && (isReady(pod) || restartDue(view, pod) !== undefined)) return undefined;
  return lackOf(view, pod);
}

/** Why nobody can take over from the primary; undefined when somebody can. */
function missingSuccessor(view: LifeView, primary: LifePod): LifeWait | undefined {
  const standbys = view.slots.flatMap(({ pod }) =>
    pod !== undefined && pod.name !== primary.name && serves(view, pod) && isServingStandby(pod) ? [pod] : []
  );
  if (standbys.some(isClose)) return undefined;
  const message = standbys.length === 0
    ? `A standby that can take over from the primary ${primary.name}: none streams within the cohort`
    : `A standby that can take over from the primary ${primary.name}: each is more than ${SWITCH_LAG_BYTES} bytes behind`;
  return waitFor("NoSuccessor", message, COMING_UP_SECONDS);
}

function isClose({ evidence }: LifePod): boolean {
  return evidence.kind === "fresh" && (evidence.lagBytes ?? 0) <= SWITCH_LAG_BYTES;
}

function durabilityGate(view: LifeView, pod: LifePod, purpose: Purpose): Gate {
  const { durability } = view.shard;
  const left = servingWithout(view, pod);
  if (isIdle(view, pod) || suffices(durability, left)) return { kind: "open" };
  const atBest = view.slots.filter((slot) => slotKey(slot) !== slotKey(pod) && slot.pod?.aside === undefined);
  if (purpose === "roll" && !suffices(durability, atBest)) {
    return {
      kind: "open",
      cost: `${needOf(durability)}, and there are ${atBest.length} besides ${pod.name}: ` +
        "writes wait until it is back. One more instance avoids that.",
    };
  }
  if (purpose === "scaleDown" && !isAttainable(view)) return { kind: "open" };
  const message = `${needOf(durability)}, and ${left.length} serve besides ${pod.name}`;
  return { kind: "closed", wait: waitFor("DurabilityAtRisk", message, COMING_UP_SECONDS) };
}

/**
 * Whether a pod that does no work may go for good without waiting for a gate. Its vote may still be needed: that is so
 * unless it never had one, or enough others serve.
 */
export function isDispensable(view: LifeView, pod: LifePod): boolean {
  if (!takesNothing(view, pod) || blindness(view, "scaleDown") !== undefined) return false;
  const { evidence } = pod;
  const voteless = evidence.kind === "none" || (evidence.kind === "fresh" && !evidence.inCohort);
  return voteless || !isAttainable(view) || suffices(view.shard.durability, servingWithout(view, pod));
}

/** Pods that are being deleted and not stuck: while there is one, no further pod is taken away. */
export function ending(view: LifeView): LifeWait | undefined {
  const pod = view.shard.pods.find((each) => each.state.kind === "terminating" && !isStuck(each));
  if (pod === undefined) return undefined;
  return waitFor("PodEnding", `Pod ${pod.name} is being deleted`, COMING_UP_SECONDS);
}
