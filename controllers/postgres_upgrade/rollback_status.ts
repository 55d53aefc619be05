/** What `status.rollback` says: whether the way back is open, and how going back fares. */
import type { RollbackState } from "../../api/smoketurner/postgres_upgrade/progress.ts";
import type { Clock } from "../../kube/clock.ts";
import { timestamp } from "../../kube/conditions.ts";
import { secondsLeft } from "./course.ts";
import { type Look, reportOf } from "./look.ts";
import type { Phase } from "./phases.ts";

const HOUR = 3_600;

/** @param phase the one that is written together with it */
export function rollbackOf(look: Look, phase: Phase, clock: Clock): RollbackState | undefined {
  const { seen: { upgrade }, course } = look;
  const before = upgrade.status?.rollback;
  if (course.rollback === "begun") return underWay(look, phase, timestamp(clock.now()));
  if (course.rollback === "refused" || phase === "RolledBack") return before;
  if (course.opened) return afterCutover(look, clock);
  if (phase === "Pending" || phase === "Failed") return undefined;
  return { feasible: true, dataLossRisk: false, reason: "Nobody has written to the new cluster" };
}

function underWay(look: Look, phase: Phase, now: string): RollbackState {
  const before = look.seen.upgrade.status?.rollback;
  const report = reportOf(look.progress);
  const begun = { feasible: true, dataLossRisk: false, ...before, triggeredAt: before?.triggeredAt ?? now };
  if (phase === "RolledBack") return { ...begun, completedAt: now };
  if (report?.kind !== "rolled-back" || report.outcome !== "refused") return begun;
  return { ...begun, feasible: false, dataLossRisk: true, reason: report.message, completedAt: now };
}

/** A rollback that is asked for begins by this: when it is known that nothing would be lost. */
function afterCutover(look: Look, clock: Clock): RollbackState | undefined {
  const { seen: { upgrade }, course } = look;
  if (course.windowOver) return { feasible: false, dataLossRisk: true, reason: "The time for it is over" };
  const report = reportOf(look.progress);
  if (report?.kind !== "looked-after") return withoutTimes(upgrade.status?.rollback);
  const { feasible, reason } = report.wayBack;
  if (!feasible) return { feasible, dataLossRisk: true, reason };
  const left = `${reason}; ${Math.ceil(secondsLeft(upgrade, clock) / HOUR)} hours are left`;
  const state = { feasible, dataLossRisk: false, reason: left };
  return course.rollback === "wanted" ? { ...state, triggeredAt: timestamp(clock.now()) } : state;
}

function withoutTimes(before: RollbackState | undefined): RollbackState | undefined {
  if (before === undefined) return undefined;
  const { triggeredAt: _triggered, completedAt: _completed, ...rest } = before;
  return rest;
}
