/** What is to be said of a shard's pods in its status, worked out from the same view as the decision. */
import type { LifeWait, Verdict } from "./actions.ts";
import type { Statement } from "../../../kube/conditions.ts";
import type { Finding } from "./findings.ts";
import { isReady, isTerminating, serves } from "./health.ts";
import { duePods } from "./rollout.ts";
import type { LifeView } from "./view.ts";

export interface LifeCounts {
  /** Instances that are wanted, without stand-ins. */
  readonly wanted: number;
  /** Of the wanted slots: pods that are Ready, and neither marked nor ending. */
  readonly ready: number;
  /** Pods that serve, by evidence where there is a data plane: what Ready does not say. */
  readonly serving: number;
  /** Still to be replaced. */
  readonly due: number;
  /** Run an older template of the operator, and are left alone without consent. */
  readonly outdated: number;
  /** Marked, or set aside. */
  readonly draining: number;
  readonly aside: number;
}

export interface LifeFacts {
  readonly counts: LifeCounts;
  /** Pod of the primary that accepts writes, as far as one is seen. */
  readonly primary?: string;
  readonly rollingUpdate: Statement;
  readonly findings: readonly Finding[];
  /** Of a shard that is being removed: whether nothing is left to do. */
  readonly removal?: { readonly done: boolean };
}

export function factsOf(
  view: LifeView,
  { findings, waits }: Verdict,
  removal?: { readonly done: boolean },
): LifeFacts {
  const counts = countsOf(view);
  return {
    counts,
    ...(view.primary.kind === "seen" ? { primary: view.primary.pod.name } : {}),
    rollingUpdate: rollingUpdate(view, counts, waits),
    findings,
    ...(removal === undefined ? {} : { removal }),
  };
}

function countsOf(view: LifeView): LifeCounts {
  const { shard, slots } = view;
  const filled = slots.flatMap(({ pod }) => pod ?? []);
  const count = (test: (pod: typeof filled[number]) => boolean) => filled.filter(test).length;
  return {
    wanted: shard.pools.reduce((sum, { replicas }) => sum + replicas, 0),
    ready: count((pod) => isReady(pod) && pod.drain === undefined && pod.aside === undefined),
    serving: shard.pods.filter((pod) => serves(view, pod)).length,
    due: duePods(view).length,
    outdated: count(({ drift }) => drift === "operator"),
    draining: shard.pods.filter((pod) => pod.drain !== undefined || isTerminating(pod)).length,
    aside: count(({ aside }) => aside !== undefined),
  };
}

/**
 * | due  | reason          | status |
 * | ---- | --------------- | ------ |
 * | none | PodsUpToDate    | False  |
 * | some | PodsDrifted     | True   |
 * | some, and it stands still | RolloutStalled | True |
 */
function rollingUpdate(
  { shard, slots }: LifeView,
  counts: LifeCounts,
  waits: readonly LifeWait[],
): Statement {
  const type = "RollingUpdate";
  if (counts.due === 0) {
    const held = counts.outdated > 0 && !shard.adoptOperatorChanges
      ? `; ${counts.outdated} of them are made again from the operator's newer template at the next change`
      : "";
    return {
      type,
      status: "False",
      reason: "PodsUpToDate",
      message: `All pods run what is wanted${held}`,
    };
  }
  const wait = waits[0];
  const progress = `${counts.due} of ${slots.length} pods are still to be replaced`;
  return {
    type,
    status: "True",
    reason: wait?.stalled === true ? "RolloutStalled" : "PodsDrifted",
    message: wait === undefined ? progress : `${progress}; waits for: ${wait.message}`,
  };
}
