/** Names, ports and labels of what belongs to one TopoServer. */
import { clusterLabel, selectorLabels, standardLabels } from "../../api/multigres/labels.ts";
import { headlessTopoServiceName } from "../../api/multigres/names.ts";
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import type { StatefulSet } from "../../kube/kinds.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { Frozen, Stored } from "../../kube/types.ts";

/** Members of an etcd cluster when the TopoServer does not say: the least that survives the loss of one. */
export const DEFAULT_REPLICAS = 3;

/** Size of a member's volume when the TopoServer does not say. */
export const DEFAULT_STORAGE = "10Gi";

/** Name of the claim template, hence the start of each claim's name. */
export const CLAIM = "data";

/** Component of a TopoServer that serves one cell only. */
const LOCAL_TOPO = "local-topo";

/** Component of the pods and claims of the global etcd, and of those of the cells' own. */
const GLOBAL_COMPONENT = "toposerver";
const LOCAL_COMPONENT = "local-toposerver";
export const TOPOLOGY_COMPONENTS: readonly string[] = [GLOBAL_COMPONENT, LOCAL_COMPONENT];

export function headlessName(topoServer: Named): string {
  return headlessTopoServiceName(topoServer.metadata.name);
}

/** `data-<name>-<ordinal>`, as the StatefulSet controller names claims. */
export function claimName(topoServer: Named, ordinal: number): string {
  return `${CLAIM}-${topoServer.metadata.name}-${ordinal}`;
}

/** The cluster that a TopoServer belongs to; one that was made by hand stands for itself. */
export function clusterOf(topoServer: Named): string {
  return topoServer.metadata.labels?.[clusterLabel] ?? topoServer.metadata.name;
}

/** Labels of every object made for a TopoServer: its own, and above them the standard ones. */
export function labelsOf(topoServer: Named): Record<string, string> {
  const cluster = clusterOf(topoServer);
  const own = { ...topoServer.metadata.labels, [clusterLabel]: cluster };
  return { ...own, ...standardLabels(cluster, componentOf(topoServer)) };
}

/**
 * Labels by which a TopoServer's pods are found. The selector of a StatefulSet that exists cannot be changed, so it is
 * kept, whoever made it.
 *
 * The pods of a cell's own etcd carry another component than those of the global one: selectors cannot say "without
 * label", so with one component for both the global Service would also lead to the etcds of the cells.
 */
export function selectorOf(
  topoServer: Named,
  existing: Frozen<StatefulSet> | undefined,
): Record<string, string> {
  return { ...existing?.spec?.selector.matchLabels ?? selectorLabels(labelsOf(topoServer)) };
}

function componentOf(topoServer: Named): string {
  const component = topoServer.metadata.labels?.["app.kubernetes.io/component"];
  return component === LOCAL_TOPO ? LOCAL_COMPONENT : GLOBAL_COMPONENT;
}

/** `metadata` of a child of this name. */
export function childMetadata(topoServer: TopoServer & Stored, name: string) {
  const { namespace } = topoServer.metadata;
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: labelsOf(topoServer),
    ownerReferences: [controllerReference(topoServer)],
  };
}

type Named = {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
};
