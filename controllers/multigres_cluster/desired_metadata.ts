/** `metadata` of the objects made for a cluster. */
import { clusterLabel, standardLabels } from "../../api/multigres/labels.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { ClusterView } from "./view.ts";

type Texts = Readonly<Record<string, string>>;

interface Child {
  readonly name: string;
  readonly labels: Texts;
  readonly annotations?: Texts | undefined;
}

/** Labels that every object of a cluster carries; `logical` names tell what else it belongs to. */
export function labelsOf(
  { parent }: ClusterView,
  component: string,
  logical: Texts = {},
): Record<string, string> {
  return { ...standardLabels(parent.name, component), [clusterLabel]: parent.name, ...logical };
}

export function childMetadata({ owner, parent }: ClusterView, { name, labels, annotations = {} }: Child) {
  return {
    name,
    namespace: parent.namespace,
    labels: { ...labels },
    ownerReferences: [controllerReference(owner)],
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } }),
  };
}
