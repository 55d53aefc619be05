/** What the containers of a pod say about its health. */
import type { Pod } from "./kinds.ts";
import type { Frozen } from "./types.ts";

/** Reasons of a waiting or ended container that do not go away by waiting. */
const HOPELESS = new Set([
  "CrashLoopBackOff",
  "ImagePullBackOff",
  "ErrImagePull",
  "OOMKilled",
  "CreateContainerError",
]);

/** From this many restarts on, a container that ended again counts as looping. */
const LOOPING_RESTARTS = 3;

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

/**
 * Why a pod does not come up by itself, or undefined when nothing speaks against it. A pod that is being deleted is never
 * called looping: its containers end on purpose.
 */
export function crashLoopOf(pod: Frozen<Pod>): string | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const statuses = [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []];
  for (const status of statuses) {
    const reason = loopReason(status);
    if (reason !== undefined) return `container ${status.name} of pod ${pod.metadata.name}: ${reason}`;
  }
  return undefined;
}

function loopReason(status: Frozen<ContainerStatus>): string | undefined {
  const waiting = status.state?.waiting?.reason;
  if (waiting !== undefined && HOPELESS.has(waiting)) return waiting;
  const ended = status.state?.terminated;
  if (ended === undefined || status.restartCount < LOOPING_RESTARTS) return undefined;
  return `${ended.reason ?? "ended"} after ${status.restartCount} restarts`;
}
