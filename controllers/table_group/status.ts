/** What is said of a TableGroup, worked out from its Shards. */
import type { Phase } from "../../api/multigres/status.ts";
import type { TableGroup, TableGroupStatus } from "../../api/multigres/table_group.ts";
import { type ActResult, CONFLICT, describeStep } from "../../kube/act.ts";
import type { Clock } from "../../kube/clock.ts";
import { mergeConditions, type Statement } from "../../kube/conditions.ts";
import type { Notice } from "../../kube/events.ts";
import type { Stored } from "../../kube/types.ts";
import { isFresh } from "../freshness.ts";
import { phaseNotice } from "../phase_notice.ts";
import { READY_FOR_DELETION } from "../removal.ts";
import type { Observation, SeenShard } from "./observe.ts";
import { mayLeave } from "./plan.ts";

export function statusOf(seen: Observation, result: ActResult, clock: Clock): TableGroupStatus {
  const { tableGroup, wanted } = seen;
  const { generation } = tableGroup.metadata;
  const ready = wanted.filter(({ object }) =>
    object !== undefined && isFresh(object) && phaseOf(object) === "Healthy"
  );
  const verdict = judge(seen, ready.length, result);
  const statements = [availability(verdict), ...removal(seen)];
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: verdict.phase,
    message: verdict.message,
    readyShards: ready.length,
    totalShards: tableGroup.spec.shards.length,
    conditions: mergeConditions(tableGroup.status?.conditions, statements, { generation, clock }),
  };
}

interface Verdict {
  readonly phase: Phase;
  readonly message: string;
  readonly reason: string;
  readonly available: Statement["status"];
}

/**
 * | first that holds               | phase        | Available | reason           |
 * | ------------------------------ | ------------ | --------- | ---------------- |
 * | the plan failed                | Progressing  | False     | FailedApply      |
 * | a Shard is Degraded            | Degraded     | False     | ShardDegraded    |
 * | Shards are leaving             | Progressing  | False     | CleanupPending   |
 * | there are no Shards            | Initializing | True      | NoShards         |
 * | all are Healthy                | Healthy      | True      | ShardsReady      |
 * | of a Shard nothing is known    | Unknown      | Unknown   | ShardUnknown     |
 * | otherwise                      | Progressing  | False     | ShardsNotReady   |
 */
function judge(seen: Observation, ready: number, result: ActResult): Verdict {
  const { leaving } = seen;
  const failure = failureOf(result);
  if (failure !== undefined) return no("Progressing", "FailedApply", failure);
  const degraded = shardIn(seen, "Degraded");
  if (degraded !== undefined) {
    return no(
      "Degraded",
      "ShardDegraded",
      `Shard ${degraded.metadata.name} is degraded: ${causeOf(degraded)}`,
    );
  }
  if (leaving.length > 0) {
    const names = leaving.map(({ metadata }) => metadata.name).join(", ");
    return no("Progressing", "CleanupPending", `Waiting for shards to leave: ${names}`);
  }
  return count(seen, ready);
}

function count(seen: Observation, ready: number): Verdict {
  const total = seen.tableGroup.spec.shards.length;
  if (total === 0) {
    return { phase: "Initializing", message: "No Shards", reason: "NoShards", available: "True" };
  }
  if (ready === total) {
    return { phase: "Healthy", message: "Ready", reason: "ShardsReady", available: "True" };
  }
  const unknown = shardIn(seen, "Unknown");
  if (unknown !== undefined) {
    const message = `Shard ${unknown.metadata.name}: ${causeOf(unknown)}`;
    return { phase: "Unknown", message, reason: "ShardUnknown", available: "Unknown" };
  }
  const late = shardIn(seen, "Progressing") ?? shardIn(seen, "Initializing");
  const cause = late === undefined ? "" : `; Shard ${late.metadata.name}: ${causeOf(late)}`;
  return no("Progressing", "ShardsNotReady", `${ready} of ${total} shards are ready${cause}`);
}

/** The first of the wanted Shards that says so of its latest spec. */
function shardIn({ wanted }: Observation, phase: Phase): SeenShard | undefined {
  return wanted.find(({ object }) => object !== undefined && isFresh(object) && phaseOf(object) === phase)
    ?.object;
}

function causeOf({ status }: SeenShard): string {
  return status?.message ?? "it does not say why";
}

function no(phase: Phase, reason: string, message: string): Verdict {
  return { phase, reason, message, available: "False" };
}

function failureOf(result: ActResult): string | undefined {
  if (result.kind === "failed") return `Cannot ${describeStep(result.step)}: ${result.error.message}`;
  return result.kind === "waiting" && result.wait.reason !== CONFLICT ? result.wait.message : undefined;
}

function availability({ available, reason, message }: Verdict): Statement {
  return { type: "Available", status: available, reason, message };
}

function removal(seen: Observation): Statement[] {
  if (!mayLeave(seen)) return [];
  return [{
    type: READY_FOR_DELETION,
    status: "True",
    reason: "AllShardsReady",
    message: "No shard holds anything back",
  }];
}

function phaseOf({ status }: SeenShard): Phase | undefined {
  return status?.phase;
}

/** What people are told: transitions only. */
export function noticesOf(
  tableGroup: TableGroup & Stored,
  now: TableGroupStatus,
  result: ActResult,
): Notice[] {
  const before = tableGroup.status;
  const leaves = (status: TableGroupStatus | undefined) =>
    status?.conditions?.some(({ type, status }) => type === READY_FOR_DELETION && status === "True") ?? false;
  const notices: Notice[] = [];
  notices.push(...phaseNotice(before, now));
  if (leaves(now) && !leaves(before)) {
    notices.push({
      type: "Normal",
      reason: READY_FOR_DELETION,
      message: "Every shard is ready to be deleted",
    });
  }
  if (result.kind === "failed") {
    notices.push({ type: "Warning", reason: "FailedApply", message: now.message ?? "" });
  }
  return notices;
}
