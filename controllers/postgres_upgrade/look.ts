/** One look at an upgrade: what was seen, what the work inside the databases brought, and what that means for the phase. */
import type { VerificationProgress } from "../../api/smoketurner/postgres_upgrade/progress.ts";
import { annotations } from "../../api/smoketurner/annotations.ts";
import type { ActResult } from "../../kube/act.ts";
import type { Progress } from "../../kube/background.ts";
import type { Clock } from "../../kube/clock.ts";
import { backupCheck, lagCheck, nextVerification, windowCheck } from "./checks.ts";
import { type Course, limitOf, limitSince, secondsOf, secondsSince } from "./course.ts";
import type { Upgrade } from "./kinds.ts";
import { type Observation, phaseOfCluster } from "./observe.ts";
import { BEFORE_CUTOVER, type Facts, nextTransition, type Transition } from "./phases.ts";
import { isConfigured, type Lag, type Report } from "./report.ts";
import { isClean } from "./work_verify.ts";

export interface Look {
  readonly seen: Observation;
  readonly course: Course;
  /** Of the work that is due; undefined when none is. */
  readonly progress: Progress<Report> | undefined;
  /** Why the upgrade cannot be carried out as it is asked for. */
  readonly objection: string | undefined;
  readonly result: ActResult;
}

/** The latest result, unless the latest try failed. */
export function reportOf(progress: Progress<Report> | undefined): Report | undefined {
  return progress?.kind === "done" ? progress.result : undefined;
}

/** Comparisons up to now, the latest among them. */
export function verificationOf(
  { seen: { upgrade }, course, progress }: Look,
): VerificationProgress | undefined {
  const before = upgrade.status?.verification;
  const report = reportOf(progress);
  if (course.phase === "Pending" || report?.kind !== "verified") return before;
  return nextVerification(before, report);
}

export function transitionOf(look: Look, clock: Pick<Clock, "now">): Transition | undefined {
  return nextTransition(look.course.phase, factsOf(look, clock));
}

export function factsOf(look: Look, clock: Pick<Clock, "now">): Facts {
  const { seen, course } = look;
  const report = reportOf(look.progress);
  return {
    ...measured(look, report),
    ...gates(seen, clock),
    hopeless: hopelessness(look) !== undefined,
    late: isLate(seen.upgrade, course, clock),
    superseded: seen.superseded,
    sourceFit: phaseOfCluster(seen.source) === "Running" && isFit(report),
    targetRunning: phaseOfCluster(seen.target) === "Running",
    switched: isSwitched(seen, report),
    healthy: isHealthyLongEnough(seen.upgrade, report, clock),
    rollingBack: course.rollback === "begun" || course.rollback === "wanted",
    rolledBack: course.rollback === "begun" && isGivenBack(seen, report),
  };
}

type Measured = Pick<
  Facts,
  "followed" | "caughtUp" | "cleanChecks" | "neededChecks" | "mismatch" | "sequencesSet" | "cutoverSafe"
>;

/** What work inside the databases has found in this phase. */
function measured(look: Look, report: Report | undefined): Measured {
  const { preChecks } = look.seen.upgrade.spec.strategy;
  const inBounds = (lag: Lag) => lagCheck(lag, preChecks).holds;
  return {
    followed: report?.kind === "configured" && isConfigured(report),
    caughtUp: report?.kind === "followed" && report.copying === 0 && inBounds(report.lag),
    cleanChecks: verificationOf(look)?.consecutivePasses ?? 0,
    neededChecks: preChecks.minVerificationPasses,
    mismatch: report?.kind === "verified" && !isClean(report),
    sequencesSet: report?.kind === "sequenced" && report.failed.length === 0,
    cutoverSafe: report?.kind === "verified" && isClean(report) && inBounds(report.lag),
  };
}

/** What lets a cutover start. */
function gates(
  { upgrade, source }: Observation,
  clock: Pick<Clock, "now">,
): Pick<Facts, "automatic" | "cutoverAsked" | "windowOpen" | "backupFresh"> {
  const { cutover, preChecks } = upgrade.spec.strategy;
  const cluster = source.kind === "there" ? source.cluster : undefined;
  return {
    automatic: cutover.mode === "Automatic",
    cutoverAsked: upgrade.metadata.annotations?.[annotations.cutover] !== undefined,
    windowOpen: windowCheck(cutover.allowedWindow, clock.now()).holds,
    backupFresh: backupCheck(preChecks, cluster, clock).holds,
  };
}

/** What no waiting helps against, as a sentence. */
export function hopelessness({ seen, course, objection, progress }: Look): string | undefined {
  if (course.phase === "Pending") return seen.superseded ? undefined : objection;
  const isUnderWay = BEFORE_CUTOVER.includes(course.phase) || course.phase === "CuttingOver";
  if (isUnderWay && seen.source.kind === "missing") {
    return `The source ${seen.names.source} does not exist any more`;
  }
  const report = reportOf(progress);
  if (course.phase === "CuttingOver" && report?.kind === "cut" && report.outcome === "undone") {
    return `The cutover was taken back, and the source takes writes again: ${report.message}`;
  }
  return undefined;
}

function isFit(report: Report | undefined): boolean {
  return report?.kind === "examined" && report.obstacles.length === 0;
}

export function isLate(upgrade: Upgrade, { phase }: Course, clock: Pick<Clock, "now">): boolean {
  const limit = limitOf(upgrade, phase);
  return limit !== undefined && secondsSince(limitSince(upgrade, phase), clock) > limit;
}

function isSwitched({ goal, entrances }: Observation, report: Report | undefined): boolean {
  return report?.kind === "cut" && report.outcome === "done" && (goal === "target" || entrances.length === 0);
}

/** Clients are led to the source, and nothing says any more that it was replaced. */
function isGivenBack({ superseded, goal, entrances }: Observation, report: Report | undefined): boolean {
  const isDone = report?.kind === "rolled-back" && report.outcome === "done";
  return isDone && !superseded && (goal === "source" || entrances.length === 0);
}

function isHealthyLongEnough(
  upgrade: Upgrade,
  report: Report | undefined,
  clock: Pick<Clock, "now">,
): boolean {
  if (report?.kind !== "looked-after" || !report.healthy) return false;
  const since = healthySince(upgrade);
  const needed = secondsOf(upgrade.spec.strategy.postCutover.healthCheckDuration, 600);
  return since !== undefined && secondsSince(since, clock) >= needed;
}

/** Since when every look found the new cluster well; undefined when the latest did not. */
export function healthySince({ status }: Upgrade): string | undefined {
  const known = status?.conditions?.find(({ type }) => type === "HealthCheckPassed");
  return known?.status === "False" ? undefined : known?.lastTransitionTime;
}
