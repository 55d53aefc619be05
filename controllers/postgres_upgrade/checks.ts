/** What has to hold before a cutover, besides what is measured in the databases. */
import type { PostgresUpgradeSpec } from "../../api/smoketurner/postgres_upgrade/spec.ts";
import type { VerificationProgress } from "../../api/smoketurner/postgres_upgrade/progress.ts";
import type { Clock } from "../../kube/clock.ts";
import type { Cluster } from "../postgres_cluster/shape.ts";
import { secondsOf, secondsSince } from "./course.ts";
import type { Lag } from "./report.ts";
import { isClean, type Verified } from "./work_verify.ts";

export interface Check {
  readonly holds: boolean;
  readonly reason: string;
  readonly message: string;
}

type Window = NonNullable<PostgresUpgradeSpec["strategy"]["cutover"]["allowedWindow"]>;

/** Whether a cutover may start by itself at this time of day. A window that ends before it starts ends on the next day. */
export function windowCheck(window: Window | undefined, now: Date): Check {
  if (window === undefined) {
    return { holds: true, reason: "AnyTime", message: "A cutover may start at any time" };
  }
  const time = timeOfDay(now, window.timezone);
  if (time === undefined) {
    const message =
      `Cannot read spec.strategy.cutover.allowedWindow.timezone as ${window.timezone} is no time zone`;
    return { holds: false, reason: "UnknownTimeZone", message };
  }
  const { startTime, endTime } = window;
  const holds = startTime <= endTime
    ? time >= startTime && time <= endTime
    : time >= startTime || time <= endTime;
  const message =
    `A cutover may start from ${startTime} to ${endTime} (${window.timezone}), where it is ${time}`;
  return { holds, reason: holds ? "WindowOpen" : "WindowClosed", message };
}

/** `HH:MM` in a time zone; undefined when there is no such zone. */
function timeOfDay(now: Date, timeZone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }).format(now);
  } catch {
    return undefined;
  }
}

/** Whether the source's newest backup is as new as is asked for. A source that keeps none cannot be asked for one. */
export function backupCheck(
  { requireBackupWithin }: PostgresUpgradeSpec["strategy"]["preChecks"],
  source: Cluster | undefined,
  clock: Pick<Clock, "now">,
): Check {
  const limit = secondsOf(requireBackupWithin, 3_600);
  if (source?.spec.backup?.destination === undefined) {
    return { holds: true, reason: "NoBackups", message: "The source keeps no backups" };
  }
  if (limit <= 0) return { holds: true, reason: "NotRequired", message: "No backup is asked for" };
  const last = source.status?.backup?.lastBackupTime;
  if (last === undefined) {
    const message = "No backup of the source is known: take one by annotation trigger-backup";
    return { holds: false, reason: "NoBackupKnown", message };
  }
  const holds = secondsSince(last, clock) <= limit;
  const message = `The newest backup of the source is of ${last}; it may be ${requireBackupWithin} old`;
  return { holds, reason: holds ? "BackupFresh" : "BackupTooOld", message };
}

/** Whether a lag lets a cutover start. */
export function lagCheck(
  lag: Lag,
  { maxReplicationLagSeconds }: PostgresUpgradeSpec["strategy"]["preChecks"],
): Check {
  const holds = lag.confirmed && lag.seconds <= maxReplicationLagSeconds;
  const message = lag.confirmed
    ? `The new cluster confirmed what the source had after ${lag.seconds} s; ${maxReplicationLagSeconds} s are allowed`
    : `The new cluster is ${lag.bytes} bytes behind and has not caught up within ${lag.seconds} s`;
  return { holds, reason: holds ? "InSync" : "Lagging", message };
}

/** What is known of comparisons after another one; the same one twice counts once. */
export function nextVerification(
  before: VerificationProgress | undefined,
  found: Verified | undefined,
): VerificationProgress | undefined {
  if (found === undefined || before?.lastCheckTime === found.at) return before;
  const clean = isClean(found);
  return {
    lastCheckTime: found.at,
    tablesVerified: found.tables,
    tablesMatched: found.tables - found.mismatches.length,
    tablesMismatched: found.mismatches.length,
    consecutivePasses: clean ? (before?.consecutivePasses ?? 0) + 1 : 0,
    ...(found.mismatches.length === 0
      ? {}
      : { mismatchedTables: found.mismatches.map((each) => ({ ...each })) }),
  };
}
