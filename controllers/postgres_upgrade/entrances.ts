/**
 * The Services by which clients come, and whom they lead to. They keep their names, addresses and ports through an upgrade;
 * only their selectors change. The controller of the source leaves them alone while the source is superseded.
 *
 * A Service that leads to the new cluster is owned by it too, so that it outlives the source.
 */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { Service } from "../../kube/kinds.ts";
import { patch, type Step } from "../../kube/plan.ts";
import { apiVersionOf } from "../../kube/resource.ts";
import type { Frozen, OwnerReference, Stored } from "../../kube/types.ts";
import { Services } from "../postgres_cluster/kinds.ts";
import type { Cluster } from "../postgres_cluster/shape.ts";

export type Entrance = Frozen<Service> & Stored;

/** Whom an entrance leads to. */
export type Goal = "source" | "nobody" | "target";

export interface Clusters {
  readonly source: string;
  readonly target: string;
}

/** Keys of selectors whose value is the name of a cluster. */
const NAME_KEYS = [labelKeys.cluster, labelKeys.name];
/** No pod bears this label, so a selector with it finds none. */
const NOBODY = { key: labelKeys.upgradeRole, value: "cutting-over" } as const;

/**
 * Whether a Service is one by which clients come to the source, or came: it selects pods of either cluster, and belongs to
 * a cluster, but not to the new one.
 */
export function isEntrance(
  service: Frozen<Service>,
  names: Clusters,
  targetUid: string | undefined,
): boolean {
  const cluster = service.spec?.selector?.[labelKeys.cluster];
  if (cluster !== names.source && cluster !== names.target) return false;
  if (service.spec?.clusterIP === "None") return false;
  const owners = service.metadata.ownerReferences?.filter(({ kind }) =>
    kind === PostgresClusters.resource.kind
  );
  if (owners === undefined || owners.length === 0) return false;
  return !owners.some(({ uid, controller }) => controller && uid === targetUid);
}

export function goalOf({ spec }: Entrance, names: Clusters): Goal {
  if (spec?.selector?.[NOBODY.key] !== undefined) return "nobody";
  return spec?.selector?.[labelKeys.cluster] === names.target ? "target" : "source";
}

export interface Move {
  readonly goal: Goal;
  readonly names: Clusters;
  /** The new cluster, where it is there. */
  readonly target: Cluster | undefined;
  /** RFC 3339. */
  readonly at: string;
}

/** Leads entrances elsewhere; those that lead there already are left alone. */
export function moveEntrances(entrances: readonly Entrance[], move: Move): Step[] {
  return entrances.filter((entrance) => goalOf(entrance, move.names) !== move.goal)
    .map((entrance) => patch(Services, entrance, changes(entrance, move)));
}

function changes(entrance: Entrance, move: Move): Record<string, unknown> {
  const { goal, names } = move;
  if (goal === "nobody") return { spec: { selector: { [NOBODY.key]: NOBODY.value } } };
  const [from, to] = goal === "target" ? [names.source, names.target] : [names.target, names.source];
  const selector = entrance.spec?.selector ?? {};
  const renamed = NAME_KEYS.filter((key) => selector[key] === from).map((key) => [key, to]);
  return {
    metadata: { annotations: notes(move, from), ownerReferences: owners(entrance, move) },
    spec: { selector: { ...Object.fromEntries(renamed), [NOBODY.key]: null } },
  };
}

/** What `kubectl describe` tells of where a Service led before. */
function notes({ goal, at }: Move, from: string): Record<string, string | null> {
  const none = { switchedFrom: null, switchedAt: null, rolledBackFrom: null, rolledBackAt: null };
  const told = goal === "target"
    ? { switchedFrom: from, switchedAt: at }
    : { rolledBackFrom: from, rolledBackAt: at };
  return Object.fromEntries(
    (["switchedFrom", "switchedAt", "rolledBackFrom", "rolledBackAt"] as const)
      .map((key) => [annotations[key], { ...none, ...told }[key]]),
  );
}

function owners({ metadata }: Entrance, { goal, target, names }: Move): OwnerReference[] {
  const { kind } = PostgresClusters.resource;
  const others = (metadata.ownerReferences ?? [])
    .filter((owner) => owner.kind !== kind || owner.name !== names.target)
    .map((owner) => ({ ...owner }));
  return goal === "target" && target !== undefined ? [...others, coOwner(target)] : others;
}

/** An owner that keeps an object alive and does not manage it. */
export function coOwner({ metadata }: Cluster): OwnerReference {
  const { resource } = PostgresClusters;
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, name: metadata.name, uid: metadata.uid };
}
