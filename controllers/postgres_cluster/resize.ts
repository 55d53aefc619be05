/**
 * New amounts of CPU and memory for members that run.
 *
 * | the change                                     | what happens                                                     |
 * | ---------------------------------------------- | ---------------------------------------------------------------- |
 * | Kubernetes can make it in place                | the pod is told; standbys first, one at a time, the primary last |
 * | the node has no room now (Deferred)            | waited for, and said                                             |
 * | the node never has room (Infeasible), or       | said; members are restarted one by one only when the user has    |
 * | it is none that can be made in place           | allowed that by an annotation                                    |
 */
import type { Pod } from "../../kube/kinds.ts";
import { parseQuantity } from "../../kube/quantity.ts";
import type { Frozen } from "../../kube/types.ts";
import { containerResources } from "./desired_stateful_set.ts";
import { type Cluster, POSTGRES_CONTAINER } from "./shape.ts";

export type ResizeState =
  /** The member has what is asked for. */
  | { readonly kind: "done" }
  /** It has to be told. */
  | { readonly kind: "due" }
  /** It was told, and its node is at it. */
  | { readonly kind: "running"; readonly message: string }
  | { readonly kind: "deferred"; readonly message: string }
  | { readonly kind: "infeasible"; readonly message: string }
  /** Kubernetes would refuse it for a pod that runs. */
  | { readonly kind: "impossible"; readonly message: string };

type Amounts = Readonly<Record<string, string>>;

export interface Resources {
  readonly limits?: Amounts;
  readonly requests?: Amounts;
}

/** How far a member is with the resources that are asked for. A spec that asks for none leaves pods as they are. */
export function resizeStateOf(pod: Frozen<Pod>, cluster: Cluster): ResizeState {
  const wanted = containerResources(cluster.spec.resources);
  const container = pod.spec?.containers.find(({ name }) => name === POSTGRES_CONTAINER);
  if (wanted === undefined || container === undefined) return { kind: "done" };
  const told = container.resources ?? {};
  if (!sameResources(wanted, told)) {
    const obstacle = whyNotInPlace(wanted, told);
    return obstacle === undefined ? { kind: "due" } : { kind: "impossible", message: obstacle };
  }
  return progressOf(pod, wanted);
}

function progressOf(pod: Frozen<Pod>, wanted: Resources): ResizeState {
  const condition = (type: string) =>
    pod.status?.conditions?.find((each) => each.type === type && each.status === "True");
  const pending = condition("PodResizePending");
  if (pending !== undefined) {
    const message = pending.message ?? "the node does not say why";
    return { kind: pending.reason === "Infeasible" ? "infeasible" : "deferred", message };
  }
  const running = condition("PodResizeInProgress");
  if (running !== undefined) return { kind: "running", message: running.message ?? "" };
  const actual = pod.status?.containerStatuses?.find(({ name }) => name === POSTGRES_CONTAINER)?.resources;
  if (actual === undefined || sameResources(wanted, actual)) return { kind: "done" };
  return { kind: "running", message: "the node has not yet reported the new amounts" };
}

/** What a pod is told: requests that are left out follow the limits, as they do for a new pod. */
export function wantedResources(cluster: Cluster): Resources | undefined {
  const wanted = containerResources(cluster.spec.resources);
  if (wanted?.limits === undefined) return wanted;
  return { limits: wanted.limits, requests: { ...wanted.limits, ...wanted.requests } };
}

/** Whether what is wanted is there; requests that are left out follow the limits, as Kubernetes sees to. */
function sameResources(wanted: Resources, found: Frozen<Resources>): boolean {
  const filled = { ...wanted.limits, ...wanted.requests };
  return sameAmounts(wanted.limits ?? {}, found.limits ?? {}) &&
    sameAmounts(wanted.requests ?? {}, found.requests ?? {}, filled);
}

function sameAmounts(wanted: Amounts, found: Amounts, allowed: Amounts = wanted): boolean {
  const asked = Object.entries(wanted).every(([name, amount]) => equal(found[name], amount));
  const added = Object.entries(found).every(([name, amount]) => equal(allowed[name], amount));
  return asked && added;
}

function equal(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && parseQuantity(a) === parseQuantity(b);
}

/** Why Kubernetes would refuse a change in place; undefined when it would take it. */
export function whyNotInPlace(wanted: Resources, told: Frozen<Resources>): string | undefined {
  for (const part of ["limits", "requests"] as const) {
    const kept = { ...(part === "requests" ? wanted.limits : {}), ...wanted[part] };
    const gone = Object.keys(told[part] ?? {}).filter((name) => kept[name] === undefined);
    if (gone.length > 0) return `a running pod cannot lose its ${gone.join(" and ")} ${part}`;
  }
  const [from, to] = [serviceClass(told), serviceClass(wanted)];
  if (from === to) return undefined;
  return `a running pod cannot go from quality of service ${from} to ${to}`;
}

/** Class of a pod with this one container; the init container of members asks for nothing, which counts, too. */
function serviceClass({ limits = {}, requests = {} }: Frozen<Resources>): "BestEffort" | "Burstable" {
  return Object.keys(limits).length + Object.keys(requests).length === 0 ? "BestEffort" : "Burstable";
}

/** State of a resize in the words of `status.resizeStatus`. */
export function resizeWord(
  { kind }: ResizeState,
): "NoResize" | "Proposed" | "InProgress" | "Deferred" | "Infeasible" {
  switch (kind) {
    case "done":
      return "NoResize";
    case "due":
    case "impossible":
      return "Proposed";
    case "running":
      return "InProgress";
    case "deferred":
      return "Deferred";
    case "infeasible":
      return "Infeasible";
  }
}
