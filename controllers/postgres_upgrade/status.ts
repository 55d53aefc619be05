/** The status of an upgrade, worked out from one look and written as a whole: what is not said any more is gone. */
import type { PostgresUpgradeStatus } from "../../api/smoketurner/postgres_upgrade/status.ts";
import type {
  ReplicationProgress,
  SequenceProgress,
} from "../../api/smoketurner/postgres_upgrade/progress.ts";
import { upgradeNames } from "../../api/smoketurner/names.ts";
import { describeStep } from "../../kube/act.ts";
import type { Clock } from "../../kube/clock.ts";
import { mergeConditions, timestamp } from "../../kube/conditions.ts";
import type { Notice } from "../../kube/events.ts";
import { hopelessness, type Look, reportOf, verificationOf } from "./look.ts";
import { namespaceOfUpgrade } from "./kinds.ts";
import { type Observation, phaseOfCluster } from "./observe.ts";
import { FINAL, type Phase, type Transition } from "./phases.ts";
import { replicationNames } from "./replication_names.ts";
import { replicationOf } from "./report.ts";
import { clusterNames, serviceHost } from "../../api/smoketurner/names.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import { MAINTENANCE_DATABASE } from "./party.ts";
import { rollbackOf } from "./rollback_status.ts";
import { statementsOf } from "./statements.ts";
import { explain } from "./explain.ts";

export interface Judgement {
  readonly status: PostgresUpgradeStatus;
  readonly transition: Transition | undefined;
}

/** @param transition what the look led to */
export function judgementOf(look: Look, transition: Transition | undefined, clock: Clock): Judgement {
  const { upgrade } = look.seen;
  const before = upgrade.status;
  const phase = transition?.to ?? look.course.phase;
  const { generation } = upgrade.metadata;
  const now = timestamp(clock.now());
  const status: PostgresUpgradeStatus = {
    phase,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...timesOf(before, phase, transition, clock.now().toISOString()),
    message: explain(look, transition, clock),
    ...sidesOf(look.seen),
    ...sourceVersionOf(look.seen),
    replication: replicationStatus(look, phase, now),
    ...optional("verification", verificationIn(look, transition)),
    ...optional("sequences", sequencesOf(look)),
    ...optional("rollback", rollbackOf(look, phase, clock)),
    conditions: mergeConditions(before?.conditions, statementsOf(look, phase, clock), { generation, clock }),
    ...errorsOf(look, now),
  };
  return { status, transition };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const found: { [P in K]?: V } = {};
  if (value !== undefined) found[key] = value;
  return found;
}

type Times = Pick<PostgresUpgradeStatus, "startedAt" | "completedAt" | "phaseStartedAt" | "cutoverStartedAt">;

/** A second stay in a phase is another one, so its time is told to the millisecond. */
function timesOf(
  before: PostgresUpgradeStatus | undefined,
  phase: Phase,
  transition: Transition | undefined,
  now: string,
): Times {
  const begins = transition?.from === "Pending" && phase !== "Failed";
  return {
    ...optional("startedAt", before?.startedAt ?? (begins ? now : undefined)),
    phaseStartedAt: (transition === undefined ? before?.phaseStartedAt : undefined) ?? now,
    ...optional("cutoverStartedAt", before?.cutoverStartedAt ?? (phase === "CuttingOver" ? now : undefined)),
    ...(FINAL.includes(phase) ? { completedAt: completedAt(before, transition, now) } : {}),
  };
}

function completedAt(
  before: PostgresUpgradeStatus | undefined,
  transition: Transition | undefined,
  now: string,
): string {
  return (transition === undefined ? before?.completedAt : undefined) ?? now;
}

function sidesOf(seen: Observation): Partial<PostgresUpgradeStatus> {
  const { targetCluster } = upgradeNames(seen.upgrade.metadata.name);
  const side = (name: string, found: Observation["source"]) => ({
    name,
    ...(found.kind === "there" ? { version: found.cluster.spec.version } : {}),
    ready: phaseOfCluster(found) === "Running",
    ...(found.kind === "there"
      ? {
        connectionInfo: {
          host: serviceHost(clusterNames(name).primaryService, namespaceOfUpgrade(seen.upgrade)),
          port: ports.postgresql.port,
        },
      }
      : {}),
  });
  return {
    sourceCluster: side(seen.names.source, seen.source),
    targetCluster: side(targetCluster, seen.target),
    targetClusterName: targetCluster,
    targetClusterReady: phaseOfCluster(seen.target) === "Running",
  };
}

function sourceVersionOf({ upgrade, source }: Observation): Pick<PostgresUpgradeStatus, "sourceVersion"> {
  const version = upgrade.status?.sourceVersion ??
    (source.kind === "there" ? source.cluster.spec.version : undefined);
  return version === undefined ? {} : { sourceVersion: version };
}

/** The names are those in database `postgres`; the other databases have their own. */
function replicationStatus(
  { seen: { upgrade }, course, progress }: Look,
  phase: Phase,
  now: string,
): ReplicationProgress {
  const { status: _status, ...before } = upgrade.status?.replication ?? { status: "NotConfigured" };
  const { publication, subscription } = replicationNames(
    { name: upgrade.metadata.name, uid: upgrade.metadata.uid },
    MAINTENANCE_DATABASE,
  );
  const report = reportOf(progress);
  const lag = report?.kind === "followed" || report?.kind === "verified"
    ? replicationOf(report.lag, now)
    : {};
  const known = { ...before, ...lag, publicationName: publication, subscriptionName: subscription };
  if (isTakenApart(course, phase, report?.kind)) return { ...known, status: "Stopped" };
  return { ...known, status: stateOf(phase, known.lsnInSync, upgrade.status?.replication?.status) };
}

function isTakenApart({ dismantled }: Look["course"], phase: Phase, kind: string | undefined): boolean {
  if (dismantled || phase === "RolledBack") return true;
  return kind === "cleaned" || (phase === "Failed" && kind === "rolled-back");
}

const NOT_YET: readonly Phase[] = ["Pending", "CreatingTarget"];

function stateOf(
  phase: Phase,
  inSync: boolean | undefined,
  before: ReplicationProgress["status"] | undefined,
): ReplicationProgress["status"] {
  if (NOT_YET.includes(phase)) return "NotConfigured";
  // Nothing was begun when it failed: then there is nothing to take apart either.
  if (phase === "Failed" && (before === undefined || before === "NotConfigured")) return "Stopped";
  return inSync === undefined ? "Syncing" : inSync ? "Synced" : "Active";
}

/** Passes count in one stay in the phase: entering it again begins from nothing. */
function verificationIn(
  look: Look,
  transition: Transition | undefined,
): PostgresUpgradeStatus["verification"] {
  const known = verificationOf(look);
  return transition?.to === "Verifying" && known !== undefined ? { ...known, consecutivePasses: 0 } : known;
}

function sequencesOf({ seen: { upgrade }, progress }: Look): SequenceProgress | undefined {
  const report = reportOf(progress);
  if (report?.kind !== "sequenced") return upgrade.status?.sequences;
  const { total, failed, at } = report;
  return {
    synced: failed.length === 0,
    syncedCount: total - failed.length,
    failedCount: failed.length,
    totalSequences: total,
    ...(failed.length === 0 ? {} : { failedSequences: [...failed] }),
    syncedAt: at,
  };
}

/** What failed last: a request, or work inside the databases. */
function errorsOf(
  look: Look,
  now: string,
): Pick<PostgresUpgradeStatus, "lastError" | "lastErrorTime" | "retryCount"> {
  const before = look.seen.upgrade.status;
  const error = errorOf(look);
  if (error === undefined) return { retryCount: 0 };
  if (error === before?.lastError) {
    return {
      lastError: error,
      lastErrorTime: before.lastErrorTime ?? now,
      retryCount: before.retryCount ?? 1,
    };
  }
  return { lastError: error, lastErrorTime: now, retryCount: (before?.retryCount ?? 0) + 1 };
}

function errorOf(look: Look): string | undefined {
  const { progress, result } = look;
  const hopeless = hopelessness(look);
  if (hopeless !== undefined) return hopeless;
  if (result.kind === "failed") return `Cannot ${describeStep(result.step)}: ${result.error.message}`;
  if (progress?.kind === "failed") return progress.error.message;
  return look.course.phase === "Failed" ? look.seen.upgrade.status?.lastError : undefined;
}

/** People are told of each phase, and of a rollback that does not take place. */
export function noticesOf({ seen: { upgrade }, course }: Look, { status, transition }: Judgement): Notice[] {
  const notices: Notice[] = [];
  if (transition !== undefined) {
    const type = transition.to === "Failed" ? "Warning" : "Normal";
    const message = `${transition.from} is now ${transition.to}: ${status.message}`;
    notices.push({ type, reason: transition.event, message });
  }
  const before = upgrade.status?.rollback;
  if (before?.triggeredAt === undefined && status.rollback?.triggeredAt !== undefined) {
    notices.push({
      type: "Normal",
      reason: "RollbackStarted",
      message: "Clients are led away from the new cluster",
    });
  }
  const isRefused = course.rollback === "begun" && status.phase !== "RolledBack" &&
    status.rollback?.completedAt !== undefined;
  if (isRefused) {
    notices.push({ type: "Warning", reason: "RollbackRefused", message: status.rollback?.reason ?? "" });
  }
  return notices;
}
