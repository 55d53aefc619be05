/**
 * What is said of a database.
 *
 * | first that holds                                | phase             | Ready                                  |
 * | ----------------------------------------------- | ----------------- | -------------------------------------- |
 * | no cluster, or one that never ran               | Pending           | False/ClusterNotFound, ClusterNotReady |
 * | Ready before, same spec, pass under way         | as before         | as before                              |
 * | pass under way, database was there before       | Updating          | as before                              |
 * | pass under way                                  | Creating          | False/Provisioning                     |
 * | the way there failed, for less than 30 s, Ready | as before         | as before                              |
 * | the way there failed, the cluster not Running   | Pending           | Unknown/ClusterNotReady                |
 * | the way there failed                            | Failed            | False/ProvisioningFailed               |
 * | something cannot be done                        | Failed            | False/ProvisioningFailed               |
 * | all done                                        | Ready             | True/Ready                             |
 */
import type {
  PostgresDatabaseCondition,
  PostgresDatabasePhase,
  PostgresDatabaseStatus,
} from "../../api/smoketurner/postgres_database/status.ts";
import { clusterNames, serviceHost } from "../../api/smoketurner/names.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import type { Progress } from "../../kube/background.ts";
import type { Clock } from "../../kube/clock.ts";
import { type Condition, mergeConditions, type Statement } from "../../kube/conditions.ts";
import type { Notice } from "../../kube/events.ts";
import { SqlError, type SqlFailure } from "../../postgres/sql/errors.ts";
import { conditionNotices } from "../condition_notices.ts";
import type { Problem, Subject } from "./deeds.ts";
import { clusterKeyOf, type Gate, isPassable, type PassableGate } from "./gate.ts";
import type { Database } from "./kinds.ts";
import type { Report } from "./pass.ts";

export interface Standing {
  readonly database: Database;
  readonly gate: Gate;
  /** Of the pass; undefined while the gate is not open. */
  readonly progress: Progress<Report> | undefined;
}

type ConditionType = PostgresDatabaseCondition["type"];
type Said = Statement & { readonly type: ConditionType };

/** A primary that changes its place is away for less; a database that was Ready is not called Failed meanwhile. */
const TOLERATED_MS = 30_000;

const ORDER: readonly ConditionType[] = [
  "ClusterReady",
  "DatabaseCreated",
  "RolesCreated",
  "GrantsApplied",
  "SecretsCreated",
  "Ready",
];

/** What a failure on the way to the server says of the cluster; others are about ourselves. */
const CLUSTER_REASONS: Partial<Record<SqlFailure, string>> = {
  unreachable: "ServerUnreachable",
  broken: "ServerUnreachable",
  timeout: "ServerUnreachable",
  untrusted: "ServerNotTrusted",
  auth: "LoginRefused",
  "read-only": "ServerReadOnly",
  overloaded: "ServerOverloaded",
};

const CLUSTER_READY: Said = {
  type: "ClusterReady",
  status: "True",
  reason: "ClusterRunning",
  message: "The cluster is Running",
};

/** What is said of the cluster when its primary has answered. */
function clusterReady(gate: PassableGate): Said {
  if (gate.kind === "open") return CLUSTER_READY;
  const message = `${gate.message}, but its primary takes changes`;
  return { type: "ClusterReady", status: "True", reason: "PrimaryAnswers", message };
}

/** The status to write; undefined when nothing new is known. */
export function statusOf(standing: Standing, clock: Clock): PostgresDatabaseStatus | undefined {
  const { database, gate, progress } = standing;
  if (!isPassable(gate) || progress === undefined) return waitingFor(gate, database, clock);
  switch (progress.kind) {
    case "pending":
      return pending(database, gate, clock);
    case "failed":
      return failed(standing, { gate, progress }, clock);
    case "done":
      return done(database, progress.result, { clock, cluster: clusterReady(gate) });
  }
}

/** Of one that is being deleted. */
export function leavingStatus(database: Database, message: string, clock: Clock): PostgresDatabaseStatus {
  return build(database, "Deleting", [said("Ready", false, "Deleting", message)], clock);
}

function waitingFor(gate: Gate, database: Database, clock: Clock): PostgresDatabaseStatus {
  const message = isPassable(gate) ? "" : gate.message;
  const reason = gate.kind === "missing" ? "ClusterNotFound" : "ClusterNotReady";
  const statements = [said("ClusterReady", false, reason, message), said("Ready", false, reason, message)];
  return build(database, "Pending", statements, clock);
}

/** Nothing has answered yet, so nothing is said of a cluster that is not Running. */
function pending(database: Database, gate: PassableGate, clock: Clock): PostgresDatabaseStatus | undefined {
  if (wasReady(database)) return undefined;
  const cluster = gate.kind === "open" ? [CLUSTER_READY] : [];
  const isThere = database.status?.conditions?.some(({ type, status }) =>
    type === "DatabaseCreated" && status === "True"
  );
  if (isThere) return build(database, "Updating", cluster, clock);
  const ready = said("Ready", false, "Provisioning", "The database is being set up");
  return build(database, "Creating", [...cluster, ready], clock);
}

interface Failed {
  readonly gate: PassableGate;
  readonly progress: Extract<Progress<Report>, { readonly kind: "failed" }>;
}

function failed(
  { database }: Standing,
  { gate, progress: { error, failingMs } }: Failed,
  clock: Clock,
): PostgresDatabaseStatus | undefined {
  if (wasReady(database) && failingMs < TOLERATED_MS) return undefined;
  const reason = error instanceof SqlError ? CLUSTER_REASONS[error.failure] : undefined;
  if (gate.kind === "unsteady" && reason !== undefined) {
    const message = `${gate.message}, and its primary does not take changes: ${error.message}`;
    const unknown = (type: ConditionType): Said => ({
      type,
      status: "Unknown",
      reason: "ClusterNotReady",
      message,
    });
    return build(database, "Pending", [unknown("ClusterReady"), unknown("Ready")], clock);
  }
  const cluster = reason === undefined
    ? clusterReady(gate)
    : said("ClusterReady", false, reason, error.message);
  return build(
    database,
    "Failed",
    [cluster, said("Ready", false, "ProvisioningFailed", error.message)],
    clock,
  );
}

function wasReady({ metadata, status }: Database): boolean {
  return status?.phase === "Ready" && status.observedGeneration === metadata.generation;
}

function done(
  database: Database,
  { problems, remarks }: Report,
  { clock, cluster }: { readonly clock: Clock; readonly cluster: Said },
): PostgresDatabaseStatus {
  const about = (...subjects: Subject[]) => problems.find((problem) => subjects.includes(problem.about));
  const isMade = about("database") === undefined;
  const statements = [
    cluster,
    judged("DatabaseCreated", "DatabaseProvisioned", about("database", "extensions")),
    judged("RolesCreated", "RolesProvisioned", about("roles")),
    ...(isMade ? [judged("GrantsApplied", "GrantsProvisioned", about("grants"))] : []),
    judged("SecretsCreated", "SecretsCreated", about("secrets")),
    problems.length === 0
      ? said("Ready", true, "Ready", ["Everything that is asked for stands", ...remarks].join(". "))
      : said("Ready", false, "ProvisioningFailed", problems.map(({ message }) => message).join(" ")),
  ];
  const built = build(database, problems.length === 0 ? "Ready" : "Failed", statements, clock);
  return isMade ? { ...built, ...connection(database) } : built;
}

function judged(type: ConditionType, reason: string, problem: Problem | undefined): Said {
  return problem === undefined
    ? said(type, true, reason, "As asked for")
    : said(type, false, problem.reason, problem.message);
}

function connection(database: Database): Partial<PostgresDatabaseStatus> {
  const { name, namespace } = clusterKeyOf(database);
  return {
    connectionInfo: {
      host: serviceHost(clusterNames(name).primaryService, namespace),
      port: ports.postgresql.port,
      database: database.spec.database.name,
    },
    credentialSecrets: (database.spec.roles ?? []).map(({ secretName }) => secretName),
  };
}

function said(type: ConditionType, holds: boolean, reason: string, message: string): Said {
  return { type, status: holds ? "True" : "False", reason, message };
}

/** A spec counts as answered once it is known what came of it. What is not judged now stays as it was said before. */
function build(
  { metadata, status }: Database,
  phase: PostgresDatabasePhase,
  statements: readonly Said[],
  clock: Clock,
): PostgresDatabaseStatus {
  const answered = phase === "Creating" || phase === "Updating"
    ? status?.observedGeneration
    : metadata.generation;
  const { connectionInfo, credentialSecrets } = status ?? {};
  return {
    phase,
    ...(answered === undefined ? {} : { observedGeneration: answered }),
    ...(connectionInfo === undefined ? {} : { connectionInfo }),
    ...(credentialSecrets === undefined ? {} : { credentialSecrets }),
    conditions: conditionsOf(status?.conditions, statements, clock),
  };
}

function conditionsOf(
  before: readonly PostgresDatabaseCondition[] = [],
  statements: readonly Said[],
  clock: Clock,
): PostgresDatabaseCondition[] {
  const known = before.filter(isWhole);
  const types = ORDER.filter((type) => [...statements, ...known].some((each) => each.type === type));
  const all = types.flatMap((type) => {
    const statement = statements.find((each) => each.type === type) ??
      known.find((each) => each.type === type);
    return statement === undefined ? [] : [{ type, statement }];
  });
  const merged = mergeConditions(known, all.map(({ statement }) => bare(statement)), {
    generation: undefined,
    clock,
  });
  return all.map(({ type }, at) => ({ ...merged[at], type, status: merged[at]?.status ?? "Unknown" }));
}

function bare({ type, status, reason, message }: Statement): Statement {
  return { type, status, reason, message };
}

/** Conditions that the operator before us wrote may lack what is optional in the schema. */
function isWhole(condition: PostgresDatabaseCondition): condition is PostgresDatabaseCondition & Condition {
  const { lastTransitionTime, reason, message } = condition;
  return lastTransitionTime !== undefined && reason !== undefined && message !== undefined;
}

/** The phase follows from these, and is told by itself. */
const SILENT: ReadonlySet<string> = new Set<ConditionType>(["Ready"]);

/** What people are told: transitions only, by comparing the status before with the one now. */
export function noticesOf({ status }: Database, now: PostgresDatabaseStatus): Notice[] {
  const before = { conditions: (status?.conditions ?? []).filter(isWhole) };
  const after = { conditions: (now.conditions ?? []).filter(isWhole) };
  const ready = after.conditions.find(({ type }) => type === "Ready")?.message;
  const phase: Notice[] = status?.phase === now.phase ? [] : [{
    type: now.phase === "Failed" ? "Warning" : "Normal",
    reason: "PhaseChange",
    message: `${status?.phase ?? "New"} is now ${now.phase}${ready === undefined ? "" : `: ${ready}`}`,
  }];
  return [...phase, ...conditionNotices(before, after, SILENT)];
}
