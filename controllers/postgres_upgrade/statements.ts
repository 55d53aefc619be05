/** The conditions of an upgrade, each with the reason for it. What is not measured in a phase stays as it was said last. */
import type { Condition, Statement } from "../../kube/conditions.ts";
import type { Clock } from "../../kube/clock.ts";
import { backupCheck, type Check, lagCheck } from "./checks.ts";
import { hopelessness, type Look, reportOf } from "./look.ts";
import { phaseOfCluster } from "./observe.ts";
import type { Phase } from "./phases.ts";
import type { Report } from "./report.ts";
import { findingsOf, isClean } from "./work_verify.ts";

export function statementsOf(look: Look, phase: Phase, clock: Pick<Clock, "now">): Statement[] {
  const said = look.seen.upgrade.status?.conditions ?? [];
  const found = [...ofObjects(look, clock), ...ofReport(look), ...ofPhase(look, phase)];
  const types = new Set(found.map(({ type }) => type));
  const kept = said.filter(({ type }) => !types.has(type)).map(withoutTimes);
  return [...kept, ...found].sort((a, b) => a.type < b.type ? -1 : 1);
}

function withoutTimes({ type, status, reason, message }: Condition): Statement {
  return { type, status, reason, message };
}

function statement(type: string, { holds, reason, message }: Check): Statement {
  return { type, status: holds ? "True" : "False", reason, message };
}

function ofObjects({ seen, course }: Look, clock: Pick<Clock, "now">): Statement[] {
  const source = phaseOfCluster(seen.source);
  const target = phaseOfCluster(seen.target);
  const isBefore = !course.opened && course.phase !== "Failed" && course.phase !== "RolledBack";
  const cluster = seen.source.kind === "there" ? seen.source.cluster : undefined;
  return [
    ...(isBefore
      ? [
        statement("SourceReady", running(seen.names.source, source, seen.superseded)),
        statement("BackupVerified", backupCheck(seen.upgrade.spec.strategy.preChecks, cluster, clock)),
      ]
      : []),
    ...(course.phase === "Pending"
      ? []
      : [statement("TargetReady", running(seen.names.target, target, false))]),
  ];
}

function running(name: string, phase: string | undefined, superseded: boolean): Check {
  const holds = phase === "Running" || (superseded && phase === "Superseded");
  const message = phase === undefined
    ? `PostgresCluster ${name} does not exist`
    : `PostgresCluster ${name} is ${phase}`;
  return { holds, reason: phase ?? "Missing", message };
}

function ofReport(look: Look): Statement[] {
  const report = reportOf(look.progress);
  const { preChecks } = look.seen.upgrade.spec.strategy;
  switch (report?.kind) {
    case "followed":
      return [following(report), statement("LsnInSync", lagCheck(report.lag, preChecks))];
    case "verified": {
      const clean = isClean(report);
      const message = clean ? `${report.tables} tables agree` : findingsOf(report);
      return [
        statement("RowCountsVerified", {
          holds: clean,
          reason: clean ? "SidesAgree" : "SidesDiffer",
          message,
        }),
        statement("LsnInSync", lagCheck(report.lag, preChecks)),
      ];
    }
    case "sequenced": {
      const holds = report.failed.length === 0;
      const message = holds
        ? `${report.total} sequences are set`
        : `Not set: ${report.failed.slice(0, 5).join(", ")}`;
      return [
        statement("SequencesSynced", { holds, reason: holds ? "SequencesSet" : "SequencesFailed", message }),
      ];
    }
    case "cut":
      return cutting(report);
    case "looked-after":
      return health(look, report);
    default:
      return [];
  }
}

function following({ copying, errors }: Extract<Report, { kind: "followed" }>): Statement {
  const suffix = errors === 0
    ? ""
    : `; its workers have met ${errors} errors, see the log of the new cluster`;
  return copying > 0
    ? statement("ReplicationHealthy", {
      holds: false,
      reason: "Copying",
      message: `The first copy of ${copying} tables is under way${suffix}`,
    })
    : statement("ReplicationHealthy", {
      holds: true,
      reason: "Copied",
      message: `Every table was copied${suffix}`,
    });
}

function cutting({ outcome, message }: Extract<Report, { kind: "cut" }>): Statement[] {
  const done = outcome === "done";
  return [
    statement("ConnectionsDrained", {
      holds: done,
      reason: done ? "WritersKeptOut" : "CutoverUnderWay",
      message,
    }),
    ...(done
      ? [
        statement("SequencesSynced", {
          holds: true,
          reason: "SequencesSet",
          message: "Sequences were set behind the fence",
        }),
      ]
      : []),
  ];
}

/** It is `Unknown` while the new cluster is well, but not yet for long enough: its transition tells since when. */
function health(
  { course }: Look,
  { healthy, message, wayBack }: Extract<Report, { kind: "looked-after" }>,
): Statement[] {
  const checked: Statement = course.phase === "Completed"
    ? {
      type: "HealthCheckPassed",
      status: "True",
      reason: "Healthy",
      message: "The new cluster was well for long enough",
    }
    : {
      type: "HealthCheckPassed",
      status: healthy ? "Unknown" : "False",
      reason: healthy ? "Watching" : "Unhealthy",
      message,
    };
  const back = course.windowOver
    ? {
      holds: false,
      reason: "WindowOver",
      message: "The time in which the cutover can be taken back is over",
    }
    : {
      holds: wayBack.feasible,
      reason: wayBack.feasible ? "SourceFollows" : "WayBackClosed",
      message: wayBack.reason,
    };
  return [checked, statement("RollbackPossible", back)];
}

function ofPhase(look: Look, phase: Phase): Statement[] {
  const isReady = phase === "ReadyForCutover" || phase === "WaitingForManualCutover" ||
    phase === "CuttingOver";
  const ready: Check = {
    holds: isReady,
    reason: phase,
    message: hopelessness(look) ?? `The upgrade is in phase ${phase}`,
  };
  const complete = look.course.opened || phase === "HealthChecking";
  return [
    statement("ReadyForCutover", ready),
    statement("CutoverComplete", {
      holds: complete && phase !== "RolledBack",
      reason: complete ? (phase === "RolledBack" ? "RolledBack" : "ClientsMoved") : "NotYet",
      message: complete ? "Clients were led to the new cluster" : "Clients are led to the source",
    }),
  ];
}
