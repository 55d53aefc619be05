/** What is said of a Cell, worked out from what was observed. */
import type { Cell, CellStatus } from "../../api/multigres/cell.ts";
import type { Phase } from "../../api/multigres/status.ts";
import { type ActResult, CONFLICT, describeStep } from "../../kube/act.ts";
import type { Clock } from "../../kube/clock.ts";
import { type Condition, mergeConditions, type Statement } from "../../kube/conditions.ts";
import type { Notice } from "../../kube/events.ts";
import { crashLoopOf } from "../../kube/pod_health.ts";
import type { Stored } from "../../kube/types.ts";
import { conditionNotices } from "../condition_notices.ts";
import { phaseNotice } from "../phase_notice.ts";
import { isRemovalAsked, READY_FOR_DELETION } from "../removal.ts";
import type { LocalTopology, Observation } from "./observe.ts";
import { LOCAL_TOPO_NOT_READY, mayLeave } from "./plan.ts";
import { gatewayReplicas } from "./shape.ts";

/** How the gateways stand. */
interface Gateways {
  readonly wanted: number;
  /** Pods that exist, those of former revisions and surplus ones too. */
  readonly existing: number;
  readonly ready: number;
  /** Pods of the latest revision. */
  readonly updated: number;
  /** Whether the Deployment controller has seen the latest spec: before that its numbers are about an older one. */
  readonly current: boolean;
  readonly looping: string | undefined;
}

interface Verdict {
  readonly phase: Phase;
  /** Of condition Ready. */
  readonly reason: string;
  readonly message: string;
}

/** The status to write. `result` is what became of the plan. */
export function statusOf(seen: Observation, result: ActResult, clock: Clock): CellStatus {
  const { cell, service } = seen;
  const { generation } = cell.metadata;
  const gateways = gatewaysOf(seen);
  const verdict = judge(gateways, seen.topology, result);
  const statements = [availability(gateways, verdict), readiness(verdict), ...removal(seen)];
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: verdict.phase,
    message: verdict.message,
    gatewayReplicas: gateways.existing,
    gatewayReadyReplicas: gateways.ready,
    ...(service === undefined ? {} : { gatewayServiceName: service.metadata.name }),
    conditions: mergeConditions(cell.status?.conditions, statements, { generation, clock }),
  };
}

function gatewaysOf({ cell, deployment, pods }: Observation): Gateways {
  const { replicas = 0, readyReplicas = 0, updatedReplicas = 0, observedGeneration = 0 } =
    deployment?.status ?? {};
  return {
    wanted: deployment?.spec?.replicas ?? gatewayReplicas(cell),
    existing: replicas,
    ready: readyReplicas,
    updated: updatedReplicas,
    current: observedGeneration >= (deployment?.metadata.generation ?? Infinity),
    looping: pods.map(crashLoopOf).find((reason) => reason !== undefined),
  };
}

/**
 * | first that holds                              | phase        | Ready, reason                       |
 * | --------------------------------------------- | ------------ | ----------------------------------- |
 * | the plan failed                               | Progressing  | False, FailedApply                  |
 * | a container does not come up                  | Degraded     | False, MultigatewayNotReady         |
 * | the cell's own topology server is Degraded    | Degraded     | False, LocalTopoServerNotReady      |
 * | the plan waits (1)                            | Progressing  | False, reason of the wait           |
 * | the cell's own topology server is not Healthy | Progressing  | False, LocalTopoServerNotReady      |
 * | the latest spec was not yet seen              | Progressing  | False, MultigatewayNotReady         |
 * | pods of a former revision, or too many        | Progressing  | False, MultigatewayNotReady         |
 * | no gateways wanted                            | Initializing | False, MultigatewayNotReady         |
 * | not all ready                                 | Progressing  | False, MultigatewayNotReady         |
 * | otherwise                                     | Healthy      | True, MultigatewayReady             |
 *
 * (1) but not for the moment until our own view has caught up with a newer object, which is nobody's news.
 */
function judge(gateways: Gateways, topology: LocalTopology, result: ActResult): Verdict {
  if (result.kind === "failed") {
    const message = `Cannot ${describeStep(result.step)}: ${result.error.message}`;
    return { phase: "Progressing", reason: "FailedApply", message };
  }
  if (gateways.looping !== undefined) {
    return notReady("Degraded", `A gateway does not come up: ${gateways.looping}`);
  }
  if (topology.kind === "degraded") {
    return { phase: "Degraded", reason: LOCAL_TOPO_NOT_READY, message: topology.message };
  }
  if (result.kind === "waiting" && result.wait.reason !== CONFLICT) {
    return { phase: "Progressing", reason: result.wait.reason, message: result.wait.message };
  }
  if (topology.kind === "awaited") {
    return { phase: "Progressing", reason: LOCAL_TOPO_NOT_READY, message: topology.message };
  }
  return judgeGateways(gateways);
}

function judgeGateways({ wanted, existing, ready, updated, current }: Gateways): Verdict {
  if (!current) return notReady("Progressing", "The latest change is being rolled out");
  const counted = `${ready} of ${wanted} gateways are ready`;
  if (updated < wanted) {
    return notReady("Progressing", `${counted}, ${updated} have the latest change`);
  }
  if (existing > wanted) {
    return notReady("Progressing", `${existing - wanted} gateways are to go, ${wanted} stay`);
  }
  if (wanted === 0) return notReady("Initializing", "No gateways are wanted");
  if (ready < wanted) return notReady("Progressing", counted);
  return { phase: "Healthy", reason: "MultigatewayReady", message: "Ready" };
}

function notReady(phase: Phase, message: string): Verdict {
  return { phase, reason: "MultigatewayNotReady", message };
}

/** Whether clients find a gateway that serves them, whatever else is going on. */
function availability({ wanted, ready }: Gateways, { reason }: Verdict): Statement {
  const type = "Available";
  const message = `${ready} gateways are ready, ${wanted} are wanted`;
  if (ready > 0) return { type, status: "True", reason: "MultigatewayAvailable", message };
  const cause = reason === LOCAL_TOPO_NOT_READY ? reason : "MultigatewayUnavailable";
  return { type, status: "False", reason: cause, message };
}

function readiness({ phase, reason, message }: Verdict): Statement {
  return { type: "Ready", status: phase === "Healthy" ? "True" : "False", reason, message };
}

/** A cell keeps nothing that would be lost with it, but for the topology server of its own. */
function removal(seen: Observation): Statement[] {
  const { cell, topoServers } = seen;
  if (!isRemovalAsked(cell)) return [];
  const type = READY_FOR_DELETION;
  if (!mayLeave(seen)) {
    const names = topoServers.map(({ metadata }) => metadata.name).join(", ");
    const message = `Waiting until these are gone: TopoServer ${names}`;
    return [{ type, status: "False", reason: "LocalTopoServerDeleting", message }];
  }
  return hadTopoServer(cell)
    ? [{ type, status: "True", reason: "LocalTopoServerDeleted", message: "The topology server is gone" }]
    : [{ type, status: "True", reason: "StatelessComponent", message: "The cell holds no data" }];
}

function hadTopoServer({ spec, status }: Cell): boolean {
  return spec.topoServer?.etcd !== undefined ||
    (findCondition(status, READY_FOR_DELETION)?.reason.startsWith("LocalTopoServer") ?? false);
}

function findCondition(status: CellStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** These are False in the normal course of things; the phase tells people of them. */
const FOLLOW_PHASE = new Set(["Available", "Ready", READY_FOR_DELETION]);

/** Reasons for which a cell is not ready, and which take somebody to act. */
const TROUBLES = new Set(["FailedApply", "NameTaken"]);

/** What people are told: transitions only, by comparing the status before with the one now. */
export function noticesOf(cell: Cell & Stored, now: CellStatus): Notice[] {
  const reason = findCondition(now, "Ready")?.reason ?? "";
  const silent = new Set([...FOLLOW_PHASE].filter((type) => type !== "Ready" || !TROUBLES.has(reason)));
  const leaves = (status: CellStatus | undefined) =>
    findCondition(status, READY_FOR_DELETION)?.status === "True";
  const notices: Notice[] = [];
  notices.push(...phaseNotice(cell.status, now), ...conditionNotices(cell.status, now, silent));
  if (leaves(now) && !leaves(cell.status)) {
    const message = findCondition(now, READY_FOR_DELETION)?.message ?? "";
    notices.push({ type: "Normal", reason: READY_FOR_DELETION, message });
  }
  return notices;
}
