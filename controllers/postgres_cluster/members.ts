/** The members of a cluster as their pods show them. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import type { Pod } from "../../kube/kinds.ts";
import { crashLoopOf } from "../../kube/pod_health.ts";
import { isStored } from "../../kube/stored.ts";
import { trimPod } from "../../kube/trim.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import { isOnVolume, isOutdated } from "./asked.ts";
import { type ResizeState, resizeStateOf } from "./resize.ts";
import { type Cluster, memberSelector, nameOf, POSTGRES_CONTAINER } from "./shape.ts";

export type Role = "primary" | "standby";

export interface Member {
  readonly pod: Frozen<Pod> & Stored;
  readonly name: string;
  /** Number behind the name, from 0. */
  readonly ordinal: number;
  /** As Patroni labelled the pod; undefined before it has. */
  readonly role: Role | undefined;
  readonly ready: boolean;
  readonly leaving: boolean;
  /** It must be restarted to have what the user asks for. */
  readonly outdated: boolean;
  /** Its database outlives its container. */
  readonly onVolume: boolean;
  /** Why it does not come up by itself. */
  readonly fault: string | undefined;
  readonly resize: ResizeState;
  readonly address: string | undefined;
}

/** Patroni calls the primary `master` up to version 3, and newer ones `primary` unless they are told otherwise. */
const ROLES: Readonly<Record<string, Role>> = {
  master: "primary",
  primary: "primary",
  leader: "primary",
  replica: "standby",
  standby: "standby",
};

/** What of a member's pod is kept in memory: of its variables only where no hash tells what it was made of. */
export function trimMember(pod: Pod): Pod {
  const trimmed = trimPod(pod);
  const { annotations: notes, ...metadata } = trimmed.metadata;
  const hash = notes?.[annotations.askedHash];
  const kept: Pod = {
    ...trimmed,
    metadata: hash === undefined ? metadata : { ...metadata, annotations: { [annotations.askedHash]: hash } },
  };
  const observed = pod.status?.observedGeneration;
  if (observed !== undefined) kept.status = { ...kept.status, observedGeneration: observed };
  return hash === undefined ? withVariables(kept, pod) : kept;
}

function withVariables(kept: Pod, { spec }: Pod): Pod {
  const env = spec?.containers.find(({ name }) => name === POSTGRES_CONTAINER)?.env;
  if (kept.spec === undefined || env === undefined) return kept;
  const containers = kept.spec.containers.map((each) =>
    each.name === POSTGRES_CONTAINER ? { ...each, env } : each
  );
  return { ...kept, spec: { ...kept.spec, containers } };
}

/** The members of a cluster among pods, by their numbers. */
export function membersOf(pods: readonly Frozen<Pod>[], cluster: Cluster): Member[] {
  const selector = Object.entries(memberSelector(cluster));
  return pods.filter(isStored)
    .filter(({ metadata }) => selector.every(([key, value]) => metadata.labels?.[key] === value))
    .flatMap((pod) => {
      const ordinal = ordinalOf(pod.metadata.name, nameOf(cluster));
      return ordinal === undefined ? [] : [memberOf(pod, ordinal, cluster)];
    })
    .sort((a, b) => a.ordinal - b.ordinal);
}

function memberOf(pod: Frozen<Pod> & Stored, ordinal: number, cluster: Cluster): Member {
  return {
    pod,
    name: pod.metadata.name,
    ordinal,
    role: ROLES[pod.metadata.labels?.[labelKeys.role] ?? ""],
    ready: isReady(pod),
    leaving: pod.metadata.deletionTimestamp !== undefined,
    outdated: isOutdated(pod, cluster),
    onVolume: isOnVolume(pod),
    fault: crashLoopOf(pod),
    resize: resizeStateOf(pod, cluster),
    address: pod.status?.podIP,
  };
}

function ordinalOf(name: string, cluster: string): number | undefined {
  const digits = name.startsWith(`${cluster}-`) ? name.slice(cluster.length + 1) : "";
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}

export function isReady({ status, metadata }: Frozen<Pod>): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** The one member that is labelled as primary; undefined while there is none, or more than one. */
export function primaryOf(members: readonly Member[]): Member | undefined {
  const primaries = primariesOf(members);
  return primaries.length === 1 ? primaries[0] : undefined;
}

/** Members that are labelled as primary: two of them for a moment while one takes over, see `label_ahead.ts`. */
export function primariesOf(members: readonly Member[]): Member[] {
  return members.filter(({ role, leaving }) => role === "primary" && !leaving);
}
