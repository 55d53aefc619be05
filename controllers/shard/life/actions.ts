/** What can be done to the pods and claims of a shard, as data. Each may be repeated without harm. */
import type { Finding } from "./findings.ts";
import type { DrainState, LifePod, Slot } from "./model.ts";

/** Why a pod is deleted. All but `removal` leave its slot to be filled again, if it is still wanted. */
export type DeleteReason =
  /** It ended by itself: evicted, for example. */
  | "ended"
  /** It differs from what is wanted and does no work, so nothing is lost by replacing it. */
  | "broken"
  | "rollout"
  | "resize"
  | "scaleDown"
  /** Its data is given up and restored from a backup. */
  | "rebuild"
  | "removal";

export type LifeAction =
  | { readonly kind: "createClaim"; readonly slot: Slot }
  | { readonly kind: "growClaim"; readonly claim: string; readonly bytes: number }
  | { readonly kind: "markOrphan"; readonly claim: string }
  | { readonly kind: "clearOrphan"; readonly claim: string }
  | { readonly kind: "setOwner"; readonly claim: string }
  | { readonly kind: "clearOwner"; readonly claim: string }
  /** To be preceded by a live read of claim and pod, as it cannot be undone. */
  | {
    readonly kind: "deleteClaim";
    readonly claim: string;
    readonly reason: "scaleDown" | "rebuild" | "removal";
  }
  | { readonly kind: "createPod"; readonly slot: Slot }
  | { readonly kind: "deletePod"; readonly pod: string; readonly reason: DeleteReason }
  /** Writes the state, and the time since which it is so. */
  | { readonly kind: "stampDrain"; readonly pod: string; readonly state: DrainState }
  | { readonly kind: "clearDrain"; readonly pod: string }
  /** Asks the primary in this pod to resign, and to answer within that many seconds. */
  | { readonly kind: "switchPrimary"; readonly pod: string; readonly timeoutSeconds: number }
  | { readonly kind: "reloadConfig"; readonly pod: string }
  /** Marks the record of a pooler whose pod is gone as stopped. */
  | { readonly kind: "markShutdown"; readonly pooler: string }
  | { readonly kind: "stopOrchestrators" };

/** Something must happen first, which is not ours to do. */
export interface LifeWait {
  /** One word in CamelCase. */
  readonly reason: string;
  /** What is waited for, in a sentence without a full stop. */
  readonly message: string;
  /** When to look again at the latest. */
  readonly seconds: number;
  /** Whether it has taken so long that somebody should look. Nothing is forced then: it goes on when it can. */
  readonly stalled: boolean;
}

/** What a decision comes to: steps in order, what is waited for after them, and what people should know. */
export interface Verdict {
  readonly actions: readonly LifeAction[];
  readonly waits: readonly LifeWait[];
  readonly findings: readonly Finding[];
}

export const nothing: Verdict = { actions: [], waits: [], findings: [] };

export function doing(...actions: readonly LifeAction[]): Verdict {
  return { ...nothing, actions };
}

export function waiting(...waits: readonly LifeWait[]): Verdict {
  return { ...nothing, waits };
}

export function telling(...findings: readonly Finding[]): Verdict {
  return { ...nothing, findings };
}

/** All of them, in order. */
export function together(...verdicts: readonly Verdict[]): Verdict {
  return {
    actions: verdicts.flatMap(({ actions }) => actions),
    waits: verdicts.flatMap(({ waits }) => waits),
    findings: verdicts.flatMap(({ findings }) => findings),
  };
}

/** A wait that is no cause for worry yet. */
export function waitFor(reason: string, message: string, seconds: number): LifeWait {
  return { reason, message, seconds, stalled: false };
}

export function deletePod(pod: LifePod, reason: DeleteReason): LifeAction {
  return { kind: "deletePod", pod: pod.name, reason };
}

export function stampDrain(pod: LifePod, state: DrainState): LifeAction {
  return { kind: "stampDrain", pod: pod.name, state };
}
