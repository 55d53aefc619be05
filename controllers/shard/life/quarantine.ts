/** Instances that were set aside: who keeps its volume, and when a volume is given up and restored. */
import { deletePod, doing, type LifeAction, together, type Verdict, waitFor } from "./actions.ts";
import { COMING_UP_SECONDS, REBUILD_AGE_SECONDS, REBUILD_LOOK_SECONDS } from "./bounds.ts";
import type { Finding } from "./findings.ts";
import { isEnded, isPrimary, isReady, isTerminating } from "./health.ts";
import type { LifePod } from "./model.ts";
import { bySlot, isSameGroup, type LifeView, slotKey } from "./view.ts";

/**
 * A stand-in keeps the count while an instance is aside (`viewOf`). A drained one stays as it is, for people to look at.
 * A quarantined one is rebuilt: its pod and claim are deleted, and the slot is filled from a backup. One at a time, the
 * first that passes:
 *
 * | gate                                                                       | if not        |
 * | -------------------------------------------------------------------------- | ------------- |
 * | not the primary, not ending, not ended                                     | left alone    |
 * | another instance leads (1)                                                 | told: blocked |
 * | the newest complete backup is recent                                       | told: blocked |
 * | the pod is three minutes old                                               | waits         |
 * | the other pods of its pool and cell are Ready: all but those that are aside, | told: deferred |
 * | marked or ending                                                           |               |
 *
 * (1) Or: nobody has led for three minutes, this is the only one aside, all others of the shard are Ready and answer, no
 * pooler is without its pod, and one of the others is in the cohort. What was committed is then on one of these, as each
 * commit is on two instances; and without this one there may not be enough of them to elect.
 *
 * One that nobody asks for any more is not rebuilt: raising the number of instances brings it back among those.
 *
 * The claim is deleted first: it holds out until the pod is gone, and a crash in between leaves a pod that is
 * quarantined on a claim that is ending, which is rebuilt without asking again.
 */
export function rebuild(view: LifeView): Verdict {
  const asked = view.slots.filter((slot) => !view.held.includes(slot));
  const quarantined = asked.flatMap(({ pod }) => pod?.aside === "quarantined" ? [pod] : []).sort(bySlot);
  const judged = quarantined.filter((pod) => isThere(pod) && !isPrimary(view, pod))
    .map((pod) => judge(view, pod));
  const ready = judged.find(({ actions }) => actions.length > 0);
  if (ready !== undefined) return ready;
  return together(...judged);
}

/** Pods that end, or have ended, are made again first: whether the data is good is then found out anew. */
function isThere(pod: LifePod): boolean {
  return !isTerminating(pod) && !isEnded(pod);
}

function judge(view: LifeView, pod: LifePod): Verdict {
  const claim = view.shard.claims.find(({ slot }) => slot !== undefined && slotKey(slot) === slotKey(pod));
  const gone = doing(deletePod(pod, "rebuild"));
  if (claim?.terminating === true) return gone;
  const hindrance = hindranceOf(view, pod);
  if (hindrance !== undefined) return hindrance;
  const given: LifeAction[] = claim === undefined
    ? []
    : [{ kind: "deleteClaim", claim: claim.name, reason: "rebuild" }];
  return together(doing(...given), gone);
}

function hindranceOf(view: LifeView, pod: LifePod): Verdict | undefined {
  if (!view.shard.backupHealthy) {
    const message =
      `Cannot rebuild quarantined instance ${pod.name} as the newest complete backup is not recent; ` +
      "take a backup. Its volume is kept.";
    return held("QuarantineRemediationBlocked", pod, message, REBUILD_LOOK_SECONDS);
  }
  if (!isSafeElsewhere(view, pod)) {
    const message =
      `Cannot rebuild quarantined instance ${pod.name} as no other instance leads: its volume may hold ` +
      "what no other does. It is kept.";
    return held("QuarantineRemediationBlocked", pod, message, COMING_UP_SECONDS);
  }
  if (pod.ageSeconds < REBUILD_AGE_SECONDS) {
    const seconds = REBUILD_AGE_SECONDS - pod.ageSeconds;
    return held(
      undefined,
      pod,
      `Instance ${pod.name} is quarantined, and rebuilt unless it recovers`,
      seconds,
    );
  }
  const other = view.slots.find((slot) =>
    isSameGroup(slot, pod) && slotKey(slot) !== slotKey(pod) && isUnready(slot.pod)
  );
  if (other === undefined) return undefined;
  const name = other.pod?.name ?? slotKey(other);
  const message = `Quarantined instance ${pod.name} is not rebuilt while ${name} is not Ready`;
  return held("QuarantineRemediationDeferred", pod, message, COMING_UP_SECONDS);
}

/** Whether what this instance holds is held by others as well. */
function isSafeElsewhere({ primary, judgement, shard, slots }: LifeView, pod: LifePod): boolean {
  if (shard.topology.kind === "unreachable") return false;
  if (primary.kind === "seen") return true;
  if (judgement !== "readiness" || shard.strays.length > 0) return false;
  const others = slots.filter((slot) => slotKey(slot) !== slotKey(pod));
  return others.every(({ pod: other }) => isAnswering(other)) &&
    others.some(({ pod: other }) => other?.evidence.kind === "fresh" && other.evidence.inCohort);
}

function isAnswering(pod: LifePod | undefined): boolean {
  return pod !== undefined && pod.aside === undefined && isReady(pod) && pod.evidence.kind === "fresh";
}

function isUnready(pod: LifePod | undefined): boolean {
  if (pod === undefined) return true;
  if (pod.aside !== undefined || pod.drain !== undefined || isTerminating(pod)) return false;
  return !isReady(pod);
}

function held(
  reason: Finding["reason"] | undefined,
  pod: LifePod,
  message: string,
  seconds: number,
): Verdict {
  return {
    actions: [],
    waits: [waitFor("Quarantined", message, seconds)],
    findings: reason === undefined ? [] : [{ reason, subject: pod.name, message }],
  };
}

/** Tells of instances that people took out of service. */
export function drainedFindings({ shard }: LifeView): Finding[] {
  return shard.pods.filter(({ aside }) => aside === "drained").map(({ name }): Finding => ({
    reason: "PodSetAside",
    subject: name,
    message: `Pod ${name} was drained. It is kept with its volume, and another one stands in for it.`,
  }));
}
