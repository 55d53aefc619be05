/** What an instance does, and what would be lost with it. */
import { BROKEN_SECONDS, FILE_SYSTEM_SECONDS, STUCK_SECONDS } from "./bounds.ts";
import type { FreshEvidence, LifePod, PodState } from "./model.ts";
import type { LifeView } from "./view.ts";

type TerminatingState = Extract<PodState, { kind: "terminating" }>;

export function isReady(pod: LifePod): boolean {
  return pod.state.kind === "ready";
}

export function isTerminating(pod: LifePod): boolean {
  return pod.state.kind === "terminating";
}

/** Whether a pod ended for good; it is made again. */
export function isEnded({ state }: LifePod): boolean {
  return state.kind === "failed" || state.kind === "succeeded";
}

/** Seconds until a pod that is being deleted counts as stuck; undefined for one that stays. */
export function secondsUntilStuck({ state }: LifePod): number | undefined {
  return state.kind === "terminating" ? untilStuck(state) : undefined;
}

function untilStuck({ sinceSeconds, graceSeconds }: TerminatingState): number {
  return Math.max(graceSeconds + STUCK_SECONDS - sinceSeconds, 0);
}

export function isStuck(pod: LifePod): boolean {
  return secondsUntilStuck(pod) === 0;
}

export function isPrimary(view: LifeView, pod: LifePod): boolean {
  return view.primary.kind === "seen" && view.primary.pod.name === pod.name;
}

/**
 * Whether an instance counts towards what keeps the shard writable. Ready is not enough where there is a data plane: a
 * pod is Ready as soon as its pooler listens, long before PostgreSQL streams.
 *
 * | judged by   | pod                | its own answer                               | serves |
 * | ----------- | ------------------ | -------------------------------------------- | ------ |
 * |             | ending, or aside   |                                              | no     |
 * | `nothing`   |                    |                                              | no     |
 * | `readiness` | Ready              |                                              | yes    |
 * | `readiness` | anything else      |                                              | no     |
 * | `evidence`  |                    | stale, none, or not active                   | no     |
 * | `evidence`  |                    | is the primary                               | yes    |
 * | `evidence`  |                    | standby, streams, and is in the cohort       | yes    |
 * | `evidence`  |                    | anything else                                | no     |
 */
export function serves(view: LifeView, pod: LifePod): boolean {
  if (isTerminating(pod) || pod.aside !== undefined) return false;
  switch (view.judgement) {
    case "nothing":
      return false;
    case "readiness":
      return isReady(pod);
    case "evidence":
      return isPrimary(view, pod) || isServingStandby(pod);
  }
}

/** Whether a standby streams and counts in the cohort, by its own answer. */
export function isServingStandby({ evidence }: LifePod): boolean {
  return evidence.kind === "fresh" && evidence.role === "standby" && evidence.active && evidence.streaming &&
    evidence.inCohort;
}

/** Whether an instance has arrived: it serves, and Kubernetes agrees. */
export function isSettled(view: LifeView, pod: LifePod): boolean {
  return isReady(pod) && serves(view, pod);
}

/**
 * Whether taking a pod away takes nothing away. Such a pod is replaced at once, whatever the others do: a change that
 * mends a shard must reach pods that never came up.
 *
 * | pod                                | its own answer                         | takes nothing away |
 * | ---------------------------------- | -------------------------------------- | ------------------ |
 * | no node yet, failed, succeeded     |                                        | yes                |
 * | Ready, ending                      |                                        | no                 |
 * | another container than ours loops  |                                        | no                 |
 * | starting, not Ready, or ours loops | never registered                       | yes                |
 * | starting, not Ready, or ours loops | so for less than a minute              | no                 |
 * | starting, not Ready, or ours loops | is primary, or streams                 | no                 |
 * | starting, not Ready, or ours loops | anything else                          | yes                |
 * | starting, not Ready, or ours loops | does not answer, topology can be read  | yes                |
 * | starting, not Ready, or ours loops | does not answer, topology unreachable  | no                 |
 */
export function takesNothing(view: LifeView, pod: LifePod): boolean {
  const { state } = pod;
  switch (state.kind) {
    case "pending":
    case "failed":
    case "succeeded":
      return true;
    case "ready":
    case "terminating":
      return false;
    case "crashLooping":
      return state.vital && doesNoWork(view, pod, state.seconds);
    case "starting":
    case "notReady":
      return doesNoWork(view, pod, state.seconds);
  }
}

function doesNoWork(view: LifeView, { evidence }: LifePod, seconds: number): boolean {
  if (evidence.kind === "none") return true;
  if (seconds < BROKEN_SECONDS) return false;
  return evidence.kind === "fresh" ? !isWorking(evidence) : view.shard.topology.kind !== "unreachable";
}

function isWorking({ role, streaming }: FreshEvidence): boolean {
  return role === "primary" || streaming;
}

/**
 * Why a pod has to be replaced, or undefined. A restart for the file system helps once: a pod that began after the claim
 * did wait is not restarted for it again.
 */
export function restartDue(view: LifeView, pod: LifePod): "rollout" | "resize" | undefined {
  if (isTerminating(pod) || pod.aside !== undefined) return undefined;
  if (pod.drift === "user" || (pod.drift === "operator" && view.shard.adoptOperatorChanges)) return "rollout";
  return secondsUntilResize(pod) === 0 ? "resize" : undefined;
}

/** Seconds until a waiting file system is a reason to restart a pod; undefined where it is none. */
export function secondsUntilResize(
  { state, ageSeconds, fileSystemPendingSeconds }: LifePod,
): number | undefined {
  if (fileSystemPendingSeconds === undefined || ageSeconds <= fileSystemPendingSeconds) return undefined;
  if (state.kind === "pending" || state.kind === "failed" || state.kind === "succeeded") return undefined;
  return Math.max(FILE_SYSTEM_SECONDS - fileSystemPendingSeconds, 0);
}

/** What an instance lacks, in a few words; undefined when it has arrived. */
export function lackOf(view: LifeView, pod: LifePod): string | undefined {
  if (isSettled(view, pod)) return undefined;
  return `${lackOfState(pod.state) ?? lackOfEvidence(pod)}${lostNodeOf(pod)}`;
}

/** The end of a sentence about a pod whose node does not report. */
export function lostNodeOf({ lostNode }: LifePod): string {
  return lostNode === undefined ? "" : `; its node ${lostNode} does not report`;
}

function lackOfState(state: PodState): string | undefined {
  switch (state.kind) {
    case "pending":
      return state.unschedulable ? "fits no node" : "has no node yet";
    case "starting":
      return "is starting";
    case "ready":
      return undefined;
    case "notReady":
      return "is not Ready any more";
    case "crashLooping":
      return `does not come up: ${state.why}`;
    case "failed":
      return `ended: ${state.why}`;
    case "succeeded":
      return "ended";
    case "terminating":
      return "is being deleted";
  }
}

function lackOfEvidence({ evidence, aside }: LifePod): string {
  if (aside !== undefined) return `was ${aside === "drained" ? "drained" : "quarantined"}`;
  switch (evidence.kind) {
    case "none":
      return "is Ready, but has not registered";
    case "stale":
      return "is Ready, but does not answer";
    case "fresh":
      if (evidence.role === "primary") return "says that it leads, but another one leads or led later";
      if (!evidence.active) return "is Ready, but not active yet";
      if (!evidence.streaming) return "is Ready, but does not stream yet";
      return "streams, but is not in the cohort yet";
  }
}

/** For how long a pod has been without what it lacks, as far as that is known. */
export function troubledSeconds(pod: LifePod | undefined): number {
  if (pod === undefined) return 0;
  const { state } = pod;
  switch (state.kind) {
    case "pending":
    case "starting":
    case "notReady":
    case "crashLooping":
      return state.seconds;
    case "terminating":
      return state.sinceSeconds;
    case "ready":
    case "failed":
    case "succeeded":
      return pod.ageSeconds;
  }
}
