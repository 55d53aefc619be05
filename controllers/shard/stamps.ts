/** What is written on pods that stay, so that the user's next change is seen for what it is. */
import { Pods } from "../../kube/kinds.ts";
import { patch, type Step } from "../../kube/plan.ts";
import { desiredPod } from "./desired_pod.ts";
import { stampsFor } from "./drift.ts";
import type { Observation } from "./observe.ts";
import { podNamesOf, poolViews } from "./view.ts";

export function stamps({ view, pods }: Observation): Step[] {
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  return poolViews(view).flatMap((pool) =>
    podNamesOf(pool).flatMap((name, index): Step[] => {
      const pod = byName.get(name);
      const desired = pod === undefined ? undefined : desiredPod(pool, index);
      if (pod === undefined || desired?.ok !== true) return [];
      const annotations = stampsFor(pod, desired.pod);
      return Object.keys(annotations).length === 0 ? [] : [patch(Pods, pod, { metadata: { annotations } })];
    })
  );
}
