/** What goes on, as a sentence for people: what is waited for, and for how long. */
import type { Clock } from "../../kube/clock.ts";
import { lagCheck, windowCheck } from "./checks.ts";
import { hopelessness, type Look, reportOf } from "./look.ts";
import { phaseOfCluster } from "./observe.ts";
import type { Transition } from "./phases.ts";
import type { Report } from "./report.ts";
import { findingsOf, isClean } from "./work_verify.ts";

export function explain(look: Look, transition: Transition | undefined, clock: Pick<Clock, "now">): string {
  const hopeless = hopelessness(look);
  if (hopeless !== undefined) return hopeless;
  if (transition?.event === "TimeoutOccurred") return `${transition.sentence}; ${waitingFor(look, clock)}`;
  if (transition !== undefined) return transition.sentence;
  if (look.course.rollback === "begun") return rollingBack(look);
  return waitingFor(look, clock);
}

function rollingBack({ progress, seen }: Look): string {
  const report = reportOf(progress);
  if (report?.kind === "rolled-back") return report.message;
  if (seen.superseded && seen.goal !== "nobody") return "A rollback is under way: clients are led away first";
  return `A rollback is under way${troubles(progress)}`;
}

function troubles(progress: Look["progress"]): string {
  return progress?.kind === "failed" ? `; it is tried again after: ${progress.error.message}` : "";
}

function waitingFor(look: Look, clock: Pick<Clock, "now">): string {
  const { result, progress, course, seen } = look;
  if (result.kind === "waiting") return result.wait.message;
  const report = reportOf(progress);
  const found = report === undefined ? undefined : told(report, look, clock);
  if (found !== undefined) return found;
  const trouble = troubles(progress);
  switch (course.phase) {
    case "Pending":
      return `Waits for PostgresCluster ${seen.names.source}, which is ${
        phaseOfCluster(seen.source) ?? "missing"
      }${trouble}`;
    case "CreatingTarget":
      return `Waits for PostgresCluster ${seen.names.target}, which is ${
        phaseOfCluster(seen.target) ?? "missing"
      }`;
    case "ConfiguringReplication":
      return copying(look) + trouble;
    case "CuttingOver":
      return `Clients are led away from the source, writers are kept out${trouble}`;
    case "Completed":
    case "RolledBack":
    case "Failed":
      return seen.upgrade.status?.message ?? course.phase;
    case "Replicating":
    case "Verifying":
    case "SyncingSequences":
    case "ReadyForCutover":
    case "WaitingForManualCutover":
    case "HealthChecking":
      return `The databases are being asked${trouble}`;
  }
}

function copying({ seen: { copy } }: Look): string {
  const failed = copy?.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed === undefined) return "Waits for the Job that copies definitions";
  return `Job ${copy?.metadata.name} could not copy definitions (${failed.reason}): see the log of its pods, then delete it`;
}

/** What a report means for those who wait; undefined when it says nothing about the phase. */
function told(report: Report, look: Look, clock: Pick<Clock, "now">): string | undefined {
  switch (report.kind) {
    case "examined":
      return report.obstacles.length === 0 ? undefined : `Cannot begin as ${report.obstacles.join("; and ")}`;
    case "configured":
      return [...report.obstacles, ...report.waiting].slice(0, 5).join("; ") || undefined;
    case "followed":
      return report.copying > 0
        ? `The first copy of ${report.copying} tables is under way`
        : lagCheck(report.lag, look.seen.upgrade.spec.strategy.preChecks).message;
    case "verified":
      return isClean(report) ? verified(look, report, clock) : findingsOf(report);
    case "sequenced":
      return report.failed.length === 0
        ? undefined
        : `Sequences could not be set: ${report.failed.join(", ")}`;
    case "cut":
    case "rolled-back":
      return report.message;
    case "looked-after":
      return report.healthy ? lookedAfter(look) : report.message;
    case "cleaned":
      return "The upgrade is complete, and nothing of it is left in the databases";
  }
}

function verified(
  { seen: { upgrade }, course }: Look,
  report: Extract<Report, { kind: "verified" }>,
  clock: Pick<Clock, "now">,
): string {
  const { preChecks, cutover } = upgrade.spec.strategy;
  const lag = lagCheck(report.lag, preChecks);
  if (!lag.holds) return lag.message;
  switch (course.phase) {
    case "ReadyForCutover":
      return windowCheck(cutover.allowedWindow, clock.now()).message;
    case "WaitingForManualCutover":
      return "Both sides agree; the cutover annotation starts the cutover, and there is no hurry";
    default:
      return `Both sides agree; this is looked at ${preChecks.minVerificationPasses} times`;
  }
}

function lookedAfter({ course }: Look): string {
  if (course.phase !== "Completed") return "The new cluster takes writes, and is watched";
  return course.windowOver
    ? "The upgrade is complete; the time in which it can be taken back is over"
    : "The upgrade is complete; it can still be taken back by the rollback annotation";
}
