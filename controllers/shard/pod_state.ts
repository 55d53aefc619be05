/** Where a pod is in its life, read off what Kubernetes says of it. */
import { loopingContainer } from "../../kube/pod_health.ts";
import type { Pod } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import type { PodState } from "./life/model.ts";
import { containers } from "./shape.ts";

/** A pod that turned Ready never did so within this time of being bound to its node; fake nodes aside. */
const BEGINNING_SECONDS = 5;

/** What loops here keeps the instance from working; the exporter does not. */
const VITAL: ReadonlySet<string> = new Set([containers.postgres, containers.multipooler]);

/** @param now wall clock */
export function podStateOf(pod: Frozen<Pod>, now: Date): PodState {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp !== undefined) return terminating(metadata, now);
  if (status?.phase === "Failed") return failed(status);
  if (status?.phase === "Succeeded") return { kind: "succeeded" };
  return pod.spec?.nodeName === undefined ? pending(pod, now) : onNode(pod, now);
}

function failed({ message, reason }: NonNullable<Frozen<Pod>["status"]>): PodState {
  return { kind: "failed", why: message ?? reason ?? "it does not say why" };
}

function onNode(pod: Frozen<Pod>, now: Date): PodState {
  const ready = conditionOf(pod, "Ready");
  const seconds = secondsSince(ready?.lastTransitionTime ?? pod.metadata.creationTimestamp, now);
  const looping = loopingContainer(pod);
  if (looping !== undefined) {
    return { kind: "crashLooping", vital: VITAL.has(looping.container), why: looping.reason, seconds };
  }
  if (ready?.status === "True") return { kind: "ready" };
  return { kind: hasBeenReady(pod) ? "notReady" : "starting", seconds };
}

/** The deletion timestamp is when the grace period ends. */
function terminating(metadata: Frozen<Pod>["metadata"], now: Date): PodState {
  const graceSeconds = metadata.deletionGracePeriodSeconds ?? 0;
  const sinceSeconds = Math.max(0, secondsUntilNow(metadata.deletionTimestamp, now) + graceSeconds);
  return { kind: "terminating", sinceSeconds, graceSeconds };
}

function pending(pod: Frozen<Pod>, now: Date): PodState {
  const scheduled = conditionOf(pod, "PodScheduled");
  const since = scheduled?.lastTransitionTime ?? pod.metadata.creationTimestamp;
  return {
    kind: "pending",
    unschedulable: scheduled?.status === "False" && scheduled.reason === "Unschedulable",
    seconds: secondsSince(since, now),
  };
}

/** The kubelet says NotReady when it takes a pod on; a later word of it means that the pod was Ready in between. */
function hasBeenReady(pod: Frozen<Pod>): boolean {
  const bound = conditionOf(pod, "PodScheduled")?.lastTransitionTime;
  const changed = conditionOf(pod, "Ready")?.lastTransitionTime;
  if (bound === undefined || changed === undefined) return false;
  return Date.parse(changed) - Date.parse(bound) > BEGINNING_SECONDS * 1000;
}

export function conditionOf(
  object: { readonly status?: { readonly conditions?: readonly Said[] } },
  type: string,
) {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

interface Said {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly lastTransitionTime?: string;
}

/** Whole seconds, never negative; 0 for a time that is not known. @param time RFC 3339 */
export function secondsSince(time: string | undefined, now: Date): number {
  return Math.max(0, secondsUntilNow(time, now));
}

function secondsUntilNow(time: string | undefined, now: Date): number {
  const then = Date.parse(time ?? "");
  return Number.isNaN(then) ? 0 : Math.floor((now.getTime() - then) / 1000);
}
