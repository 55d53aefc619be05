/**
 * Filling slots. Every wanted slot has a claim and a pod; all that are missing are made at once, without waiting for
 * each other.
 *
 * | claim      | pod                              | done                                                            |
 * | ---------- | -------------------------------- | --------------------------------------------------------------- |
 * | missing    | missing                          | both made                                                       |
 * | missing    | there                            | claim made                                                      |
 * | there      | missing                          | pod made                                                        |
 * | ending     | missing                          | waits: the claim goes, then both are made                       |
 * | lost       | missing                          | told: only people can bring the volume back, or give it up      |
 * |            | ended (evicted, node gave it up) | deleted once it is 10 s old, and made again                     |
 * |            | ending                           | waits; told when it does not end a minute after its grace       |
 * |            | anything else                    | waits until it serves                                           |
 *
 * A pod is never deleted by force: while nobody has said that its node is gone, it may be writing to its volume.
 */
import { deletePod, doing, telling, together, type Verdict, waitFor, waiting } from "./actions.ts";
import { COMING_UP_SECONDS, RECREATE_SECONDS, STALLED_LOOK_SECONDS, STALLED_SECONDS } from "./bounds.ts";
import type { Finding } from "./findings.ts";
import { isEnded, isStuck, isTerminating, lackOf, secondsUntilStuck, troubledSeconds } from "./health.ts";
import type { LifeClaim, LifePod } from "./model.ts";
import { type LifeView, slotKey, type WantedSlot } from "./view.ts";

export function fillSlots(view: LifeView): Verdict {
  return together(
    ...view.slots.map((slot) => fill(view, slot)),
    ...view.excess.map(awaitEnd),
  );
}

function fill(view: LifeView, slot: WantedSlot): Verdict {
  const { pod, claim, pool, cell, index } = slot;
  const place = { pool, cell, index };
  const loss = claim?.lost === true ? telling(lossOf(claim)) : undefined;
  if (pod === undefined && claim?.terminating === true) return waiting(claimEnding(claim, slot));
  const made = claim === undefined ? doing({ kind: "createClaim", slot: place }) : loss ?? doing();
  if (pod !== undefined) return together(made, look(view, pod));
  return loss ?? together(made, doing({ kind: "createPod", slot: place }));
}

function look(view: LifeView, pod: LifePod): Verdict {
  if (isTerminating(pod)) return awaitEnd(pod);
  if (isEnded(pod)) return replaceEnded(pod);
  const lack = pod.aside === undefined ? lackOf(view, pod) : undefined;
  if (lack === undefined) return doing();
  const stalled = troubledSeconds(pod) >= STALLED_SECONDS;
  const seconds = stalled ? STALLED_LOOK_SECONDS : COMING_UP_SECONDS;
  return waiting({ reason: "InstanceNotSettled", message: `Instance ${pod.name} ${lack}`, seconds, stalled });
}

function replaceEnded(pod: LifePod): Verdict {
  const seconds = RECREATE_SECONDS - pod.ageSeconds;
  if (seconds <= 0) return doing(deletePod(pod, "ended"));
  return waiting(waitFor("PodEnded", `Pod ${pod.name} ended and is made again`, seconds));
}

function awaitEnd(pod: LifePod): Verdict {
  const seconds = secondsUntilStuck(pod);
  if (seconds === undefined) return doing();
  if (!isStuck(pod)) {
    return waiting(waitFor("PodEnding", `Pod ${pod.name} is being deleted`, Math.max(seconds, 1)));
  }
  const finding = stuckFinding(pod);
  const wait = { reason: "PodStuck", message: finding.message, seconds: STALLED_LOOK_SECONDS, stalled: true };
  return together(waiting(wait), telling(finding));
}

/** What is known of a pod that does not end, and what helps. */
export function stuckFinding({ name, lostNode }: LifePod): Finding {
  const message = lostNode === undefined
    ? `Pod ${name} does not end; look at its containers and finalizers`
    : `Pod ${name} does not end as its node ${lostNode} does not report; if the node is gone for good, delete its ` +
      "Node object or taint it with node.kubernetes.io/out-of-service";
  return { reason: "StuckTerminating", subject: name, message };
}

function lossOf({ name }: LifeClaim): Finding {
  return {
    reason: "VolumeLost",
    subject: name,
    message:
      `The volume of claim ${name} is lost. Bring it back, or delete the claim to have the instance restored ` +
      "from a backup.",
  };
}

function claimEnding({ name }: LifeClaim, slot: WantedSlot) {
  const message = `Claim ${name} of slot ${slotKey(slot)} is being deleted; it is made again when it is gone`;
  return waitFor("ClaimEnding", message, COMING_UP_SECONDS);
}
