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
  readonly available: boolean;
}

/**
 * | first that holds               | phase        | Available | reason           |
 * | ------------------------------ | ------------ | --------- | ---------------- |
 * | the plan failed                | Progressing  | False     | FailedApply      |
 * | a Shard is Degraded            | Degraded     | False     | ShardDegraded    |
 * | Shards are leaving             | Progressing  | False     | CleanupPending   |
 * | there are no Shards            | Initializing | True      | NoShards         |
 * | all are Healthy                | Healthy      | True      | ShardsReady      |
 * | otherwise                      | Progressing  | False     | ShardsNotReady   |
 */
function judge({ tableGroup, wanted, leaving }: Observation, ready: number, result: ActResult): Verdict {
  const total = tableGroup.spec.shards.length;
  const counted = `${ready} of ${total} shards are ready`;
  const failure = failureOf(result);
  if (failure !== undefined) return no("Progressing", "FailedApply", failure);
  const degraded = wanted.find(({ object }) =>
    object !== undefined && isFresh(object) && phaseOf(object) === "Degraded"
  );
  if (degraded?.object !== undefined) {
    const { metadata, status } = degraded.object;
    return no(
      "Degraded",
      "ShardDegraded",
      `Shard ${metadata.name} is degraded: ${status?.message ?? "it does not say why"}`,
    );
  }
  if (leaving.length > 0) {
    const names = leaving.map(({ metadata }) => metadata.name).join(", ");
    return no("Progressing", "CleanupPending", `Waiting for shards to leave: ${names}`);
  }
  if (total === 0) {
    return { phase: "Initializing", message: "No Shards", reason: "NoShards", available: true };
  }
  if (ready === total) return { phase: "Healthy", message: "Ready", reason: "ShardsReady", available: true };
  return no("Progressing", "ShardsNotReady", counted);
}

function no(phase: Phase, reason: string, message: string): Verdict {
  return { phase, reason, message, available: false };
}

function failureOf(result: ActResult): string | undefined {
  if (result.kind === "failed") return `Cannot ${describeStep(result.step)}: ${result.error.message}`;
  return result.kind === "waiting" && result.wait.reason !== CONFLICT ? result.wait.message : undefined;
}

function availability({ available, reason, message }: Verdict): Statement {
  return { type: "Available", status: available ? "True" : "False", reason, message };
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
  const applied = result.written.filter(({ kind }) => kind === "apply").map(describeStep);
  const leaves = (status: TableGroupStatus | undefined) =>
    status?.conditions?.some(({ type, status }) => type === READY_FOR_DELETION && status === "True") ?? false;
  const notices: Notice[] = [];
  if (applied.length > 0) notices.push({ type: "Normal", reason: "Applied", message: applied.join(", ") });
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
