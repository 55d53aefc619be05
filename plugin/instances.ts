/** Pods of instances, as they are shown. */
import { cellLabel, drainedRole, poolLabel, roleLabel } from "../api/multigres/labels.ts";
import { drainStateAnnotation } from "../api/multigres/annotations.ts";
import { labelKeys, spiloRole } from "../api/smoketurner/labels.ts";
import type { Pod } from "../kube/kinds.ts";
import { loopingContainer } from "../kube/pod_health.ts";
import type { Instance, Role } from "./picture.ts";

/** What is known of an instance from elsewhere than its pod. */
export interface InstanceFacts {
  readonly role: Role;
  /** Whether the role may have changed since it was told. */
  readonly roleIsOld: boolean;
  readonly lagBytes: number | null;
  readonly note: string | null;
}

export function instanceOf(pod: Pod, facts: InstanceFacts): Instance {
  const { metadata, spec } = pod;
  return {
    pod: metadata.name,
    pool: metadata.labels?.[poolLabel] ?? null,
    cell: metadata.labels?.[cellLabel] ?? null,
    role: facts.roleIsOld ? "unknown" : facts.role,
    lastRole: facts.roleIsOld && facts.role !== "unknown" ? facts.role : null,
    ready: isReady(pod),
    lagBytes: facts.lagBytes,
    node: spec?.nodeName ?? null,
    restarts: containersOf(pod).reduce((sum, { restartCount }) => sum + restartCount, 0),
    createdAt: metadata.creationTimestamp ?? null,
    note: troubleOf(pod) ?? facts.note,
  };
}

function containersOf({ status }: Pod) {
  return [...status?.initContainerStatuses ?? [], ...status?.containerStatuses ?? []];
}

export function isReady({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined &&
    (status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false);
}

/** Why a pod does not serve, or is about to go; undefined when nothing is to be said. */
export function troubleOf(pod: Pod): string | undefined {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp !== undefined) return `being deleted since ${metadata.deletionTimestamp}`;
  const looping = loopingContainer(pod);
  if (looping !== undefined) return `container ${looping.container}: ${looping.reason}`;
  const drain = metadata.annotations?.[drainStateAnnotation];
  if (drain !== undefined) return `drain ${drain}`;
  const placed = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (placed?.status === "False") return `no node: ${placed.message ?? placed.reason ?? "not said why"}`;
  return isReady(pod) ? undefined : waitingContainer(pod) ?? `not ready (${status?.phase ?? "no status"})`;
}

function waitingContainer(pod: Pod): string | undefined {
  const found = containersOf(pod).find(({ state }) => state?.waiting?.reason !== undefined);
  return found === undefined ? undefined : `container ${found.name}: ${found.state?.waiting?.reason}`;
}

const ROLES: Readonly<Record<string, Role>> = {
  PRIMARY: "primary",
  REPLICA: "replica",
  [drainedRole]: "drained",
  QUARANTINED: "quarantined",
};

/** Role of an instance of a shard: a person's mark goes before what the shard's status says. */
export function shardRole(pod: Pod, podRoles: Readonly<Record<string, string>> | undefined): Role {
  const told = pod.metadata.labels?.[roleLabel] ?? podRoles?.[pod.metadata.name] ?? "";
  return ROLES[told] ?? "unknown";
}

/** Role of a member, as Patroni labels its pod. */
export function memberRole({ metadata }: Pod): Role {
  const role = metadata.labels?.[labelKeys.role];
  if (role === spiloRole.primary || role === "primary") return "primary";
  return role === spiloRole.standby ? "replica" : "unknown";
}
