/** What is said of a MultigresCluster, worked out from its children. */
import type { MultigresCluster } from "../../api/multigres/multigres_cluster.ts";
import type { MultigresClusterStatus } from "../../api/multigres/cluster_status.ts";
import type { Phase } from "../../api/multigres/status.ts";
import { type ActResult, CONFLICT, describeStep } from "../../kube/act.ts";
import type { Clock } from "../../kube/clock.ts";
import { mergeConditions, type Statement } from "../../kube/conditions.ts";
import type { Notice } from "../../kube/events.ts";
import type { Stored } from "../../kube/types.ts";
import { imagesCondition, imagesStatus } from "../../resolve/image_status.ts";
import { present } from "../../resolve/present.ts";
import type { ResolveProblem } from "../../resolve/problem.ts";
import { appliedNotice } from "../applied_notice.ts";
import { conditionNotices } from "../condition_notices.ts";
import { isFresh } from "../freshness.ts";
import { phaseNotice } from "../phase_notice.ts";
import { entrances } from "./entrances.ts";
import type { Observation, SeenCell, SeenTableGroup } from "./observe.ts";
import { topologyNotices, topologyStatement } from "./topology_statement.ts";
import type { TopologyStanding } from "./topology.ts";

/** What became of a pass. */
export interface Pass {
  readonly seen: Observation;
  readonly result: ActResult;
  /** Undefined while it is not known what the cluster means. */
  readonly topology: TopologyStanding | undefined;
  /** What others who took part have to say, each under a type of its own. */
  readonly statements: readonly Statement[];
}

export function statusOf(pass: Pass, clock: Clock): MultigresClusterStatus {
  const { seen } = pass;
  const { cluster, resolution, images: { question, decision } } = seen;
  const { generation } = cluster.metadata;
  const topology = topologyStatement(cluster, pass.topology, clock);
  const { phase, message } = phaseOf(pass, topology);
  const { gateway, adminWeb, statements } = entrances(seen);
  const said: Statement[] = [
    availability(seen),
    acceptance(pass),
    ...(decision.kind === "unknown" ? [] : [imagesCondition(question, decision)]),
    ...(topology === undefined ? [] : [topology]),
    ...pass.statements,
    ...statements,
  ];
  return {
    ...present({ observedGeneration: generation, gateway, adminWeb }),
    phase,
    message,
    cells: cellSummaries(seen),
    databases: databaseSummaries(seen),
    ...(decision.kind === "unknown" ? present({ images: cluster.status?.images }) : {
      images: imagesStatus(question, decision),
    }),
    resolvedTemplates: resolution.ok ? resolution.value.templates : cluster.status?.resolvedTemplates ?? {},
    conditions: mergeConditions(cluster.status?.conditions, said, { generation, clock }),
  };
}

/**
 * | first that holds                                    | phase        |
 * | --------------------------------------------------- | ------------ |
 * | the spec cannot be carried out, or a step failed    | Progressing  |
 * | a child says, of its latest spec, that it is degraded | Degraded   |
 * | of a child nothing is known                         | Unknown      |
 * | a child is missing, behind, or not healthy          | Progressing  |
 * | the topology does not have what it should           | Progressing  |
 * | otherwise                                           | Healthy      |
 */
function phaseOf(pass: Pass, topology: Statement | undefined): { phase: Phase; message: string } {
  const { seen, result } = pass;
  const obstacle = obstacleOf(seen) ?? failureOf(result)?.message;
  if (obstacle !== undefined) return { phase: "Progressing", message: obstacle };
  const children = [...seen.cells, ...seen.tableGroups, ...seen.topoServers];
  const degraded = children.find((child) => isFresh(child) && child.status?.phase === "Degraded");
  if (degraded !== undefined) return { phase: "Degraded", message: quote(degraded) };
  const unknown = children.find((child) => isFresh(child) && child.status?.phase === "Unknown");
  if (unknown !== undefined) return { phase: "Unknown", message: quote(unknown) };
  return progress(seen, children, topology);
}

function progress(
  seen: Observation,
  children: readonly Child[],
  topology: Statement | undefined,
): { phase: Phase; message: string } {
  const late = children.find((child) => !isFresh(child) || child.status?.phase !== "Healthy");
  if (late !== undefined) return { phase: "Progressing", message: quote(late) };
  if (topology?.status !== "True" && topology !== undefined) {
    return { phase: "Progressing", message: topology.message };
  }
  const missing = missingOf(seen);
  if (missing !== undefined) return { phase: "Progressing", message: missing };
  return { phase: "Healthy", message: "Ready" };
}

type Child = Observation["cells" | "tableGroups" | "topoServers"][number];

/** The cause, where it is to be found. */
function quote(child: Child): string {
  const { kind, metadata, status } = child;
  const state = isFresh(child)
    ? status?.message ?? status?.phase ?? "nothing is known of it yet"
    : "catching up with its spec";
  return `${kind} ${metadata.name}: ${state}`;
}

function missingOf({ view, cells, tableGroups }: Observation): string | undefined {
  const wantedCells = view?.parent.cluster.cells.length ?? 0;
  const wantedGroups = view?.parent.cluster.databases.flatMap(({ tableGroups }) => tableGroups).length ?? 0;
  if (cells.length < wantedCells) return `${cells.length} of ${wantedCells} cells exist`;
  if (tableGroups.length < wantedGroups) return `${tableGroups.length} of ${wantedGroups} table groups exist`;
  return undefined;
}

/** What keeps the spec from being carried out at all. */
function obstacleOf({ resolution, images: { decision } }: Observation): string | undefined {
  if (!resolution.ok) return resolution.problems.map(({ message }) => message).join(" ");
  return decision.kind === "unknown" ? decision.message : undefined;
}

function failureOf(result: ActResult): { readonly reason: string; readonly message: string } | undefined {
  if (result.kind === "failed") {
    return { reason: "FailedApply", message: `Cannot ${describeStep(result.step)}: ${result.error.message}` };
  }
  if (result.kind === "done" || result.wait.reason === CONFLICT) return undefined;
  return { reason: result.wait.reason, message: result.wait.message };
}

/** Reasons of a spec whose meaning is not known. */
const UNRESOLVED: ReadonlySet<string> = new Set<ResolveProblem["reason"]>([
  "TemplateMissing",
  "TemplateInvalid",
  "ConfigError",
]);

/** Whether everything that was asked for is being done. */
function acceptance({ seen, result }: Pass): Statement {
  const type = "SpecAccepted";
  const { resolution, images: { decision } } = seen;
  if (!resolution.ok) {
    const [first] = resolution.problems;
    return { type, status: "False", reason: first?.reason ?? "ConfigError", message: obstacleOf(seen) ?? "" };
  }
  if (decision.kind === "unknown") {
    return { type, status: "False", reason: "ImagesRecordInvalid", message: decision.message };
  }
  const failure = failureOf(result);
  if (failure !== undefined) return { type, status: "False", ...failure };
  return { type, status: "True", reason: "Accepted", message: "Everything that is asked for is being done" };
}

function availability(seen: Observation): Statement {
  const summaries = Object.entries(cellSummaries(seen));
  const waiting = summaries.filter(([, { ready }]) => !ready).map(([name]) => name);
  const type = "Available";
  const reason = "AggregatedStatus";
  if (summaries.length === 0) return { type, status: "False", reason, message: "There are no cells" };
  if (waiting.length === 0) return { type, status: "True", reason, message: "All cells can serve" };
  return { type, status: "False", reason, message: `Cells that cannot serve: ${waiting.join(", ")}` };
}

function cellSummaries({ cells }: Observation): NonNullable<MultigresClusterStatus["cells"]> {
  return Object.fromEntries(cells.map((cell) => [cell.spec.name, {
    ready: isFresh(cell) && saysAvailable(cell),
    gatewayReplicas: cell.status?.gatewayReplicas ?? 0,
  }]));
}

function saysAvailable({ status }: SeenCell): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Available" && status === "True") ?? false;
}

function databaseSummaries(seen: Observation): NonNullable<MultigresClusterStatus["databases"]> {
  const wanted = seen.view?.parent.cluster.databases ?? [];
  const names = new Set([
    ...wanted.map(({ name }) => name),
    ...seen.tableGroups.map(({ spec }) => spec.databaseName),
  ]);
  return Object.fromEntries([...names].map((name) => {
    const groups = seen.tableGroups.filter(({ spec }) => spec.databaseName === name);
    return [name, {
      readyShards: sum(groups.filter(isFresh), ({ status }) => status?.readyShards ?? 0),
      totalShards: sum(groups, ({ spec }) => spec.shards.length),
    }];
  }));
}

function sum(groups: readonly SeenTableGroup[], count: (group: SeenTableGroup) => number): number {
  return groups.reduce((total, group) => total + count(group), 0);
}

/** False in the normal course of things, or told in words of their own. */
const SILENT = new Set([
  "Available",
  "ImageRolloutPending",
  "GatewayExternalReady",
  "AdminWebExternalReady",
  "TopologyRegistered",
]);

/** What people are told along with the status: transitions only. */
export function noticesOf(cluster: MultigresCluster, now: MultigresClusterStatus): Notice[] {
  const { status: before } = cluster;
  return [
    ...phaseNotice(before, now),
    ...topologyNotices(before, now),
    ...conditionNotices(before, now, SILENT),
  ];
}

/** What people are told of a pass itself, which the status may not show. */
export function passNotices(cluster: MultigresCluster & Stored, { seen, result }: Pass): Notice[] {
  const { status: before } = cluster;
  return [
    ...(seen.resolution.ok && !wasResolved(cluster) ? inOne(seen.resolution.notices) : []),
    ...imageNotices(seen, before),
    ...appliedNotice(before, result.written),
  ];
}

/** One notice for all that was filled in: it is told together. */
function inOne(notices: readonly Notice[]): Notice[] {
  const [first] = notices;
  return first === undefined ? [] : [{ ...first, message: notices.map(({ message }) => message).join("; ") }];
}

/** Whether the meaning of the latest spec was known before: what is filled in is told once for each generation. */
function wasResolved({ metadata, status }: MultigresCluster): boolean {
  if (status?.observedGeneration !== metadata.generation) return false;
  const accepted = status?.conditions?.find(({ type }) => type === "SpecAccepted");
  return accepted !== undefined && !UNRESOLVED.has(accepted.reason);
}

/** Warnings about images hold as long as their cause; they are told when the spec or the set of images changes. */
function imageNotices(
  { cluster, images: { decision } }: Observation,
  before: MultigresClusterStatus | undefined,
): readonly Notice[] {
  const settled = before?.observedGeneration === cluster.metadata.generation && decision.kind !== "unknown" &&
    decision.annotation === undefined;
  return settled ? [] : decision.notices;
}
