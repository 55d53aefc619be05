/** Since when the pods of a shard are Ready, and whether its poolers had the time to register. */
import type { Look } from "./data_plane.ts";
import type { Observation, SeenPod } from "./observe.ts";
import { conditionOf, secondsSince } from "./pod_state.ts";
import { REGISTRATION_SECONDS } from "./verdict.ts";
import { podNamesOf, poolViews } from "./view.ts";

/** Seconds since the last of the wanted pods became Ready; undefined while one is not. */
export function readySince({ view, pods }: Observation, now: Date): number | undefined {
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const times = poolViews(view).flatMap(podNamesOf).map((name) => readyTime(byName.get(name)));
  return times.some((time) => time === undefined)
    ? undefined
    : Math.min(...times.map((time) => secondsSince(time, now)));
}

function readyTime(pod: SeenPod | undefined): string | undefined {
  const ready = pod === undefined ? undefined : conditionOf(pod, "Ready");
  return ready?.status === "True" ? ready.lastTransitionTime : undefined;
}

/** Whether poolers may have registered that the latest look could not see, as it began too early. */
export function isLookTooEarly(seen: Observation, look: Look | undefined, now: Date): boolean {
  if (look === undefined || look.poolers.poolers.length > 0) return false;
  const seconds = readySince(seen, now);
  if (seconds === undefined || seconds < REGISTRATION_SECONDS) return false;
  const lookSeconds = (now.getTime() - look.readAt.getTime()) / 1000;
  return lookSeconds > seconds - REGISTRATION_SECONDS + 1;
}
