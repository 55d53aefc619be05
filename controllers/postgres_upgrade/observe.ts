/** What is, around one PostgresUpgrade: objects from the stores, without a request. */
import { upgradeNames } from "../../api/smoketurner/names.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen } from "../../kube/types.ts";
import { inNamespace } from "../postgres_cluster/indexes.ts";
import { Pods, Services } from "../postgres_cluster/kinds.ts";
import { type Member, membersOf, primaryOf } from "../postgres_cluster/members.ts";
import type { Cluster } from "../postgres_cluster/shape.ts";
import { copyJobName } from "./desired_helpers.ts";
import { isMadeFor } from "./desired_target.ts";
import { type Clusters, type Entrance, type Goal, goalOf, isEntrance } from "./entrances.ts";
import { type Job, Jobs, namespaceOfUpgrade, type Upgrade } from "./kinds.ts";

/** A cluster as it is found under its name. */
export type Found =
  | { readonly kind: "missing" }
  /** It is there, but does not fit its schema. */
  | { readonly kind: "unreadable" }
  | { readonly kind: "there"; readonly cluster: Cluster };

export interface Observation {
  readonly upgrade: Upgrade;
  readonly names: Clusters;
  readonly source: Found;
  /** Missing also while one of that name belongs to somebody else: then `stranger` is set. */
  readonly target: Found;
  readonly stranger: boolean;
  readonly entrances: readonly Entrance[];
  /** Where they all lead to; undefined while they disagree, or there is none. */
  readonly goal: Goal | undefined;
  readonly copy: Frozen<Job> | undefined;
  /** The cutover has begun: the source bears our name as that of its successor's maker. */
  readonly superseded: boolean;
}

export function observe(upgrade: Upgrade, { cache }: Pick<ReconcileContext, "cache">): Observation {
  const namespace = namespaceOfUpgrade(upgrade);
  const names = {
    source: upgrade.spec.sourceCluster.name,
    target: upgradeNames(upgrade.metadata.name).targetCluster,
  };
  const source = findCluster(namespace, names.source, cache);
  const found = findCluster(namespace, names.target, cache);
  const stranger = found.kind === "there" && !isMadeFor(found.cluster, upgrade);
  const target: Found = stranger ? { kind: "missing" } : found;
  const targetUid = target.kind === "there" ? target.cluster.metadata.uid : undefined;
  const entrances = [...cache.store(Services).values()]
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter((service) => isEntrance(service, names, targetUid)).filter(isStored);
  return {
    upgrade,
    names,
    source,
    target,
    stranger,
    entrances,
    goal: commonGoal(entrances, names),
    copy: cache.get(Jobs, { namespace, name: copyJobName(upgrade.metadata.name) }),
    superseded: isSupersededBy(source, upgrade),
  };
}

function findCluster(namespace: string, name: string, cache: ReconcileContext["cache"]): Found {
  const raw = cache.get(PostgresClusters.resource, { namespace, name });
  if (raw === undefined) return { kind: "missing" };
  const decoded = PostgresClusters.decode(raw);
  if (!decoded.ok || !isStored(decoded.value)) return { kind: "unreadable" };
  return { kind: "there", cluster: decoded.value };
}

function commonGoal(entrances: readonly Entrance[], names: Clusters): Goal | undefined {
  const goals = new Set(entrances.map((entrance) => goalOf(entrance, names)));
  return goals.size === 1 ? [...goals][0] : undefined;
}

function isSupersededBy(source: Found, { metadata }: Upgrade): boolean {
  const successor = source.kind === "there" ? source.cluster.status?.successor : undefined;
  if (successor?.upgradeName !== metadata.name) return false;
  // Names are used again: a mark from before this upgrade is that of another.
  return Date.parse(successor.createdAt ?? "") >= Date.parse(metadata.creationTimestamp ?? "");
}

/** The member of a cluster that takes writes. */
export function primaryMember(
  cluster: Cluster,
  { cache }: Pick<ReconcileContext, "cache">,
): Member | undefined {
  const key = `${cluster.metadata.namespace}/${cluster.metadata.name}`;
  return primaryOf(membersOf(cache.store(Pods).find(inNamespace, key), cluster));
}

export function phaseOfCluster(found: Found): string | undefined {
  return found.kind === "there" ? found.cluster.status?.phase ?? "Pending" : undefined;
}
