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

/** A container that does not come up by itself. */
export interface LoopingContainer {
  readonly container: string;
  readonly reason: string;
}

/**
 * The first container of a pod that does not come up by itself, or undefined when nothing speaks against any. A pod that
 * is being deleted is never called looping: its containers end on purpose.
 */
export function loopingContainer(pod: Frozen<Pod>): LoopingContainer | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const statuses = [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []];
  for (const status of statuses) {
    const reason = loopReason(status);
    if (reason !== undefined) return { container: status.name, reason };
  }
  return undefined;
}

/** Why a pod does not come up by itself, in words; undefined when nothing speaks against it. */
export function crashLoopOf(pod: Frozen<Pod>): string | undefined {
  const looping = loopingContainer(pod);
  if (looping === undefined) return undefined;
  return `container ${looping.container} of pod ${pod.metadata.name}: ${looping.reason}`;
}

function loopReason(status: Frozen<ContainerStatus>): string | undefined {
  const waiting = status.state?.waiting?.reason;
  if (waiting !== undefined && HOPELESS.has(waiting)) return waiting;
  const ended = status.state?.terminated;
  if (ended === undefined || status.restartCount < LOOPING_RESTARTS) return undefined;
  return `${ended.reason ?? "ended"} after ${status.restartCount} restarts`;
}
