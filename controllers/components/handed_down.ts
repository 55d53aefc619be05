/** What users say in annotations of a cluster, and what holds for all that is made for it. */
import { adoptOperatorChangesAnnotation, projectRefAnnotation } from "../../api/multigres/annotations.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";

const keys = [projectRefAnnotation, adoptOperatorChangesAnnotation];

/** The annotations of an object that its children get as well; none that it does not have. */
export function handedDown({ metadata }: Pick<Frozen<KubeObject>, "metadata">): Record<string, string> {
  return Object.fromEntries(keys.flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined ? [] : [[key, value]];
  }));
}
