/** Where an upgrade is on its way, as its own status and annotations tell. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import type { PostgresUpgradeStatus } from "../../api/smoketurner/postgres_upgrade/status.ts";
import type { Clock } from "../../kube/clock.ts";
import { durationSeconds } from "../../resolve/validation/go_duration.ts";
import type { Upgrade } from "./kinds.ts";
import type { Phase } from "./phases.ts";

/**
 * | state    | meaning                                                                                         |
 * | -------- | ----------------------------------------------------------------------------------------------- |
 * | none     | nobody asks for it                                                                              |
 * | wanted   | asked for after the cutover; begins once it is known that nothing would be lost                 |
 * | begun    | goes on to its end, whatever becomes of the annotation                                          |
 * | refused  | ended without going back; asked for anew by taking the annotation off and setting it again      |
 */
export type RollbackCourse = "none" | "wanted" | "begun" | "refused";

export interface Course {
  readonly phase: Phase;
  /** The new cluster was opened, and clients were led to it. */
  readonly opened: boolean;
  readonly rollback: RollbackCourse;
  /** The time in which the cutover can be taken back is over. */
  readonly windowOver: boolean;
  /** Nothing of the upgrade is left in the databases. */
  readonly dismantled: boolean;
}

export function courseOf(upgrade: Upgrade, clock: Pick<Clock, "now">): Course {
  const { status } = upgrade;
  const phase = status?.phase ?? "Pending";
  const opened = isTrue(status, "CutoverComplete");
  return {
    phase,
    opened,
    rollback: rollbackCourse(upgrade, phase, opened),
    windowOver: opened && secondsLeft(upgrade, clock) <= 0,
    dismantled: status?.replication?.status === "Stopped",
  };
}

function rollbackCourse({ metadata, status }: Upgrade, phase: Phase, opened: boolean): RollbackCourse {
  if (phase === "Pending" || phase === "RolledBack") return "none";
  const asked = metadata.annotations?.[annotations.rollback] !== undefined;
  const { triggeredAt, completedAt } = status?.rollback ?? {};
  if (triggeredAt !== undefined) {
    if (completedAt === undefined) return "begun";
    return asked ? "refused" : "none";
  }
  if (!asked) return "none";
  return opened ? "wanted" : "begun";
}

export function isTrue(status: PostgresUpgradeStatus | undefined, type: string): boolean {
  return status?.conditions?.some((each) => each.type === type && each.status === "True") ?? false;
}

/** Seconds until the cutover cannot be taken back any more. */
export function secondsLeft({ spec, status }: Upgrade, clock: Pick<Clock, "now">): number {
  const period = secondsOf(spec.strategy.postCutover.minRetentionPeriod, DAY);
  return period - secondsSince(status?.cutoverStartedAt, clock);
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Seconds of a duration of the spec. @param otherwise for a text that is none */
export function secondsOf(text: string, otherwise: number): number {
  return durationSeconds(text) ?? otherwise;
}

/** Seconds since a time in RFC 3339; 0 for none. */
export function secondsSince(time: string | undefined, clock: Pick<Clock, "now">): number {
  const since = Date.parse(time ?? "");
  return Number.isNaN(since) ? 0 : (clock.now().getTime() - since) / 1_000;
}

/** Seconds that a phase may take; undefined for those that wait for people, windows, or the end of a cutover. */
export function limitOf(
  { spec: { strategy: { timeouts, postCutover } }, status }: Upgrade,
  phase: Phase,
): number | undefined {
  switch (phase) {
    case "CreatingTarget":
      return secondsOf(timeouts.targetClusterReady, HOUR);
    case "ConfiguringReplication":
    case "SyncingSequences":
      return HOUR;
    case "Replicating":
      return isTrue(status, "ReplicationHealthy")
        ? secondsOf(timeouts.replicationCatchup, HOUR)
        : secondsOf(timeouts.initialSync, DAY);
    case "Verifying":
      return secondsOf(timeouts.verification, HOUR);
    case "HealthChecking":
      return secondsOf(postCutover.healthCheckDuration, 600) + HOUR;
    case "Pending":
    case "ReadyForCutover":
    case "WaitingForManualCutover":
    case "CuttingOver":
    case "Completed":
    case "Failed":
    case "RolledBack":
      return undefined;
  }
}

/** Since when the limit of a phase counts: catching up begins when the first copy is complete. */
export function limitSince({ status }: Upgrade, phase: Phase): string | undefined {
  const copied = status?.conditions?.find(({ type }) => type === "ReplicationHealthy");
  return phase === "Replicating" && copied?.status === "True"
    ? copied.lastTransitionTime
    : status?.phaseStartedAt;
}
