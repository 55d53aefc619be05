/** Carries out what `change.ts` decided about one member. */
import { remove, type Step, tell } from "../../kube/plan.ts";
import type { Change } from "./change.ts";
import { Pods } from "./kinds.ts";
import { wantedResources } from "./resize.ts";
import { type Cluster, namespaceOf, POSTGRES_CONTAINER } from "./shape.ts";

/** The steps of a change that needs nobody's leave. */
export function stepsOf(change: Change, cluster: Cluster): Step[] {
  switch (change.kind) {
    case "restart": {
      const { member, why } = change;
      const message = `Member ${member.name} is restarted as ${why}`;
      return [remove(Pods, member.pod), tell("Normal", "MemberRestarted", message)];
    }
    case "resize": {
      const { metadata } = change.member.pod;
      const { name, resourceVersion } = metadata;
      const resources = { [POSTGRES_CONTAINER]: wantedResources(cluster) };
      const key = { namespace: namespaceOf(cluster), name };
      const message = `Member ${name} is resized in place`;
      return [
        { kind: "resize", resource: Pods, key, resourceVersion, resources },
        tell("Normal", "MemberResized", message),
      ];
    }
    case "none":
    case "hand-over":
    case "moment":
    case "wait":
    case "held":
      return [];
  }
}
