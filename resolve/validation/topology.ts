/** Where a cluster's topology is kept: members of its etcds, and the nodes that its cells mean. */
import { locationOf } from "../../api/multigres/location.ts";
import { caution, failure, type Finding } from "./finding.ts";
import type { CellView, ClusterView } from "./view.ts";

const globalPath = "spec.globalTopoServer.etcd.replicas";

/** An etcd of one member loses the topology's service with its node. */
export function topologyFindings(view: ClusterView): Finding[] {
  return [
    ...singleMember(globalMembers(view), globalPath),
    ...view.cells.flatMap((cell) =>
      singleMember(localMembers(cell), `${cell.path}.spec.localTopoServer.etcd.replicas`)
    ),
  ];
}

function singleMember(members: number | undefined, path: string): Finding[] {
  if (members !== 1) return [];
  const message =
    `${path} is 1: this etcd does not survive the loss of its pod's node, and the number cannot be ` +
    "changed later. Use 3 or 5 for anything that matters.";
  return [caution("TopologySurvivesLoss", path, message)];
}

/** An etcd is told of its members when it is made: they are not changed afterwards. */
export function etcdMembersFixed(before: ClusterView, now: ClusterView): Finding[] {
  const earlier = new Map(before.cells.map((cell) => [cell.config.name, cell]));
  return [
    ...membersKept(globalMembers(before), globalMembers(now), globalPath),
    ...now.cells.flatMap((cell) => {
      const known = earlier.get(cell.config.name);
      const path = `${cell.path}.spec.localTopoServer.etcd.replicas`;
      return known === undefined ? [] : membersKept(localMembers(known), localMembers(cell), path);
    }),
  ];
}

function membersKept(before: number | undefined, now: number | undefined, path: string): Finding[] {
  if (before === undefined || now === undefined || before === now) return [];
  const message =
    `Cannot change the number of etcd members (${path}) to ${now} as each member has to be told of the ` +
    `others by hand: current value is ${before}. Leave it at ${before}.`;
  return [failure("EtcdMembersFixed", path, message)];
}

/** Members of the etcd that the operator runs; undefined when it runs none, or it cannot be worked out. */
function globalMembers({ globalTopoServer }: ClusterView): number | undefined {
  if (!globalTopoServer.ok || globalTopoServer.value.kind === "external") return undefined;
  return globalTopoServer.value.spec.etcd?.replicas;
}

function localMembers({ resolved }: CellView): number | undefined {
  return resolved.ok ? resolved.value.topoServer?.etcd?.replicas : undefined;
}

/** A cell's pods wait until some node carries its label. Nodes may come later, so this is only told. */
export function locationFindings({ cells, around }: ClusterView): Finding[] {
  const { nodeLabels } = around;
  if (nodeLabels === undefined) return [];
  return cells.flatMap(({ path, config }) => {
    const location = locationOf(config);
    if (location === undefined || nodeLabels.get(location.nodeLabel)?.has(location.value)) return [];
    const message =
      `No node has the label ${location.nodeLabel}=${location.value} (${path}.${location.field}): ` +
      `pods of cell ${config.name} wait until there is one.`;
    return [caution("NodesMatch", `${path}.${location.field}`, message)];
  });
}
