/**
 * Whom clients are to be led to.
 *
 * | phase                        | what is known                               | goal                                    |
 * | ---------------------------- | ------------------------------------------- | --------------------------------------- |
 * | any, source not superseded   |                                             | left as they are: the source's own      |
 * | rollback begun               | done in the databases                       | source                                  |
 * |                              | refused                                     | new cluster                             |
 * |                              | anything else                               | nobody, or as they are once they are back|
 * | CuttingOver                  | done in the databases                       | new cluster                             |
 * |                              | taken back                                  | source                                  |
 * |                              | anything else                               | nobody, or as they are once they arrived|
 * | HealthChecking, Completed    |                                             | new cluster                             |
 * | Failed                       | the new cluster was opened                  | new cluster                             |
 * |                              | it was not                                  | source                                  |
 * | RolledBack                   |                                             | source                                  |
 */
import { clusterNames } from "../../api/smoketurner/names.ts";
import type { Cache } from "../../kube/cache.ts";
import { patch, type Step } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import { Secrets } from "../postgres_cluster/kinds.ts";
import type { Cluster } from "../postgres_cluster/shape.ts";
import type { Course } from "./course.ts";
import { coOwner, type Goal, moveEntrances } from "./entrances.ts";
import { namespaceOfUpgrade } from "./kinds.ts";
import type { Observation } from "./observe.ts";
import type { Report } from "./report.ts";

/** @returns undefined when they are left as they are */
export function wantedGoal(seen: Observation, course: Course, report: Report | undefined): Goal | undefined {
  if (!seen.superseded) return undefined;
  if (course.rollback === "begun") return goalOfRollback(seen, report);
  switch (course.phase) {
    case "CuttingOver":
      return goalOfCutover(seen, report);
    case "HealthChecking":
    case "Completed":
      return "target";
    case "Failed":
      return course.opened ? "target" : "source";
    case "RolledBack":
      return "source";
    default:
      return undefined;
  }
}

function goalOfRollback({ goal }: Observation, report: Report | undefined): Goal {
  if (report?.kind === "rolled-back" && report.outcome !== "waiting") {
    return report.outcome === "done" ? "source" : "target";
  }
  return goal === "source" ? "source" : "nobody";
}

function goalOfCutover({ goal }: Observation, report: Report | undefined): Goal {
  if (report?.kind === "cut" && report.outcome !== "waiting") {
    return report.outcome === "done" ? "target" : "source";
  }
  return goal === "target" ? "target" : "nobody";
}

/** Leads clients to where they are to be led. @param at RFC 3339 */
export function clientSteps(seen: Observation, goal: Goal | undefined, cache: Cache, at: string): Step[] {
  if (goal === undefined) return [];
  const target = seen.target.kind === "there" ? seen.target.cluster : undefined;
  const shared = goal === "target" && target !== undefined ? sharedSecret(seen, target, cache) : [];
  return [...shared, ...moveEntrances(seen.entrances, { goal, names: seen.names, target, at })];
}

/** Clients go on logging in with the Secret that they know, so it outlives the source, too. */
function sharedSecret({ upgrade, names }: Observation, target: Cluster, cache: Cache): Step[] {
  const name = clusterNames(names.source).credentialsSecret;
  const secret = cache.get(Secrets, { namespace: namespaceOfUpgrade(upgrade), name });
  if (secret === undefined || !isStored(secret)) return [];
  const owners = secret.metadata.ownerReferences ?? [];
  if (owners.length === 0 || owners.some(({ uid }) => uid === target.metadata.uid)) return [];
  return [patch(Secrets, secret, { metadata: { ownerReferences: [...owners, coOwner(target)] } })];
}

/** A change to the status of a cluster: who replaced whom. */
export interface LineageChange {
  readonly cluster: Cluster;
  readonly status: Readonly<Record<string, unknown>>;
}

/**
 * What the two clusters say of each other. The source is marked before clients are led away, and the mark is taken off after
 * they are led back: its controller leaves its Services alone in between.
 * @param at RFC 3339
 */
export function lineageChanges(
  seen: Observation,
  course: Course,
  report: Report | undefined,
  at: string,
): LineageChange[] {
  const source = seen.source.kind === "there" ? seen.source.cluster : undefined;
  if (source === undefined) return [];
  if (!seen.superseded) {
    return course.phase === "CuttingOver" && course.rollback === "none"
      ? [{ cluster: source, status: { successor: lineage(seen, seen.names.target, at) } }]
      : [];
  }
  const goal = wantedGoal(seen, course, report);
  const isBack = goal === "source" && (seen.goal === "source" || seen.entrances.length === 0);
  if (isBack) {
    return [...origin(seen, null), { cluster: source, status: { successor: null, phase: "Recovering" } }];
  }
  return goal === "target" ? origin(seen, lineage(seen, seen.names.source, at)) : [];
}

/** What the new cluster says of where it comes from, where it does not say so yet. */
function origin({ target }: Observation, wanted: ReturnType<typeof lineage> | null): LineageChange[] {
  if (target.kind !== "there") return [];
  const isSaid = target.cluster.status?.origin !== undefined;
  return isSaid === (wanted !== null) ? [] : [{ cluster: target.cluster, status: { origin: wanted } }];
}

function lineage({ upgrade }: Observation, name: string, at: string) {
  return { name, namespace: namespaceOfUpgrade(upgrade), upgradeName: upgrade.metadata.name, createdAt: at };
}
