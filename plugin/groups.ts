/** The instances of a cluster, group by group: a group has one primary. */
import { type Shard, Shards } from "../api/multigres/shard.ts";
import { clusterLabel } from "../api/multigres/labels.ts";
import { labelKeys } from "../api/smoketurner/labels.ts";
import { UsageError } from "../cli/usage_error.ts";
import { type Pod, Pods } from "../kube/kinds.ts";
import type { FoundCluster } from "./find.ts";
import { instanceSelectors } from "./gather.ts";
import { isReady, memberRole, shardRole } from "./instances.ts";
import { belongsTo } from "./multigres_picture.ts";
import type { Role } from "./picture.ts";
import { PluginError } from "./plugin_error.ts";
import type { Session } from "./session.ts";

export interface Member {
  readonly pod: Pod;
  readonly name: string;
  readonly role: Role;
  readonly ready: boolean;
}

export interface Group {
  /** `database/table group/shard`, or the name of the cluster. */
  readonly name: string;
  /** Undefined for members of a PostgresCluster. */
  readonly shard: Shard | undefined;
  readonly members: readonly Member[];
}

export async function groupsOf(session: Session, found: FoundCluster): Promise<Group[]> {
  const { name } = found.cluster.metadata;
  const { namespace, client } = session;
  if (found.kind === "PostgresCluster") {
    const labels = `${instanceSelectors.patroni},${labelKeys.cluster}=${name}`;
    const pods = await client.listAll(Pods, { namespace, labels });
    return [{ name, shard: undefined, members: pods.map((pod) => memberOf(pod, memberRole(pod))) }];
  }
  const labels = `${clusterLabel}=${name}`;
  const [shards, pods] = await Promise.all([
    client.listAll(Shards.resource, { namespace, labels }),
    client.listAll(Pods, { namespace, labels: `${instanceSelectors.multigres},${labels}` }),
  ]);
  return shards.map((shard) => ({
    name: shardPath(shard),
    shard,
    members: pods.filter((pod) => belongsTo(pod, shard))
      .map((pod) => memberOf(pod, shardRole(pod, shard.status?.podRoles))),
  }));
}

function memberOf(pod: Pod, role: Role): Member {
  return { pod, name: pod.metadata.name, role, ready: isReady(pod) };
}

/** How a shard is named on the command line. */
export function shardPath({ spec }: Shard): string {
  return `${spec.databaseName}/${spec.tableGroupName}/${spec.shardName}`;
}

/** The only group, or the one that was named. @throws UsageError that lists them */
export function chosenGroup(groups: readonly Group[], wanted: string | undefined, cluster: string): Group {
  const fitting = wanted === undefined ? groups : groups.filter(({ name }) => name === wanted);
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const names = groups.map(({ name }) => name).join(", ") || "none yet";
  if (wanted === undefined && groups.length > 0) {
    throw new UsageError(
      `Cannot tell which shard of ${cluster} is meant: name one by --shard; there are ${names}`,
    );
  }
  throw new UsageError(`Cannot find shard ${wanted ?? ""} of ${cluster}: there are ${names}`);
}

/** @throws PluginError when nobody leads, or nobody knows who */
export function primaryOf({ members, name }: Group): Member {
  const [primary, ...others] = members.filter(({ role, pod }) =>
    role === "primary" && pod.metadata.deletionTimestamp === undefined
  );
  if (primary !== undefined && others.length === 0) return primary;
  const why = primary === undefined
    ? "no pod is known as its primary"
    : `more than one pod is told to be its primary: ${
      [primary, ...others].map((each) => each.name).join(", ")
    }`;
  throw new PluginError(
    `Cannot reach the primary of ${name} as ${why}; kubectl matriarch status shows what it waits for`,
  );
}

/** As everywhere on the command line. */
export const shardFlag = {
  kind: "parsed",
  brief: "Shard of a Multigres cluster with several, as database/tablegroup/shard",
  placeholder: "path",
  parse: (text: string) => text,
  optional: true,
} as const;
