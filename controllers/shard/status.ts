/** What is said of a Shard. */
import {
  postgresConfigHashAnnotation,
  postgresReloadHashAnnotation,
} from "../../api/multigres/annotations.ts";
import { cellLabel, roleLabel } from "../../api/multigres/labels.ts";
import type { Shard, ShardStatus } from "../../api/multigres/shard.ts";
import { type ActResult, CONFLICT, describeStep } from "../../kube/act.ts";
import type { Clock } from "../../kube/clock.ts";
import { mergeConditions, type Statement, timestamp } from "../../kube/conditions.ts";
import type { Problem } from "../../kube/controller.ts";
import type { Notice } from "../../kube/events.ts";
import { crashLoopOf } from "../../kube/pod_health.ts";
import type { Stored } from "../../kube/types.ts";
import { present } from "../../resolve/present.ts";
import type { EvidenceProblem } from "../../topology/poolers/evidence.ts";
import { conditionNotices } from "../condition_notices.ts";
import { phaseNotice } from "../phase_notice.ts";
import { READY_FOR_DELETION } from "../removal.ts";
import { type BackupFinding, backupStaleIn } from "./backups.ts";
import type { Tellable } from "./findings_told.ts";
import { type ClassFinding, classStatement } from "./storage_classes.ts";
import type { Instances } from "./instances.ts";
import type { LifeDecision } from "./life/decide.ts";
import type { Finding } from "./life/findings.ts";
import { LOOK_SECONDS } from "./life/bounds.ts";
import type { Drift, LifeShard } from "./life/model.ts";
import { viewOf } from "./life/view.ts";
import type { Observation, SeenPod } from "./observe.ts";
import { conditionOf } from "./pod_state.ts";
import { secretsDueSeconds } from "./secrets.ts";
import type { ShardConfiguration } from "./settings.ts";
import { readySince } from "./registration.ts";
import { GRACE_SECONDS, REGISTRATION_SECONDS, type Verdict, verdictOf } from "./verdict.ts";
import { orchestratorCells, poolViews } from "./view.ts";

/** What became of a pass. */
export interface Pass {
  readonly seen: Observation;
  readonly model: LifeShard;
  readonly decision: LifeDecision;
  readonly instances: Instances;
  readonly configuration: ShardConfiguration;
  /** What keeps pods from being made. */
  readonly problems: readonly Problem[];
  readonly classes: readonly ClassFinding[];
  readonly backups: BackupFinding;
  readonly result: ActResult;
  /**
   * `first`: nothing is known of the data plane yet, because this process only began to look. `again`: something was done
   * that the latest look may not tell of, and the next one is under way.
   */
  readonly looking: "first" | "again" | "no";
  /** What others who took part have to say, each under a type of its own. */
  readonly statements: readonly Statement[];
}

export function statusOf(pass: Pass, clock: Clock): ShardStatus {
  const { seen, decision, backups } = pass;
  const { owner } = seen.view;
  const { generation } = owner.metadata;
  const now = clock.now();
  const verdict = verdictFor(pass, now);
  const statements: Statement[] = [
    ...verdict.statements,
    decision.facts.rollingUpdate,
    acceptance(pass),
    classStatement(pass.classes),
    ...storageStatements(pass),
    ...backups.statements,
    ...pass.statements,
    ...removal(decision),
  ];
  const { ready, wanted } = decision.facts.counts;
  return {
    ...present({ observedGeneration: generation }),
    phase: verdict.phase,
    message: verdict.message,
    poolsReady: wanted > 0 && ready === wanted,
    orchReady: areOrchestratorsReady(seen),
    readyReplicas: ready,
    cells: cellsOf(seen),
    ...rolesOf(pass),
    postgresConfig: configStatus(pass, now),
    ...present({ lastBackupTime: backups.time, lastBackupType: backups.type }),
    conditions: mergeConditions(owner.status?.conditions, statements, { generation, clock }),
  };
}

function verdictFor(pass: Pass, now: Date): Verdict {
  const { seen, model, decision } = pass;
  return verdictOf({
    view: viewOf(model),
    facts: decision.facts,
    obstacle: obstacleOf(pass)?.message,
    looping: [...seen.pods, ...seen.orchestratorPods].map(crashLoopOf).find((why) => why !== undefined),
    orchReady: areOrchestratorsReady(seen),
    readySeconds: readySince(seen, now),
    hadPrimary: pass.instances.bootstrapped || hadPrimary(seen.view.owner),
    isFirstLook: pass.looking === "first",
  });
}

function hadPrimary(owner: Shard): boolean {
  const before = conditionOf(owner, "PrimaryAvailable");
  return before?.status === "True" || before?.reason === "NoPrimary" || before?.reason === "PrimaryStale";
}

/** What was known last stands for pods of which nothing can be known now; people's own word counts most. */
function rolesOf({ seen, instances }: Pass): Pick<ShardStatus, "podRoles"> {
  const { podRoles = {} } = seen.view.owner.status ?? {};
  const roles = seen.pods.flatMap(({ metadata: { name, labels = {} } }): [string, string][] => {
    const isUnknown = instances.topology.kind === "unreachable" || instances.unread.has(name);
    const role = labels[roleLabel] ?? instances.roles.get(name) ?? (isUnknown ? podRoles[name] : undefined);
    return role === undefined ? [] : [[name, role]];
  });
  return roles.length === 0 ? {} : { podRoles: Object.fromEntries(roles) };
}

function areOrchestratorsReady({ orchestrators, view }: Observation): boolean {
  const wanted = orchestratorCells(view);
  return wanted.every((cell) =>
    orchestrators.some(({ metadata, spec, status }) =>
      metadata.labels?.[cellLabel] === cell &&
      (status?.observedGeneration ?? 0) >= (metadata.generation ?? Infinity) &&
      (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1)
    )
  );
}

function cellsOf({ view }: Observation): string[] {
  const pools = poolViews(view).map(({ cell }) => cell);
  return [...new Set([...pools, ...orchestratorCells(view)])].sort();
}

function configStatus(
  { seen, model, configuration }: Pass,
  now: Date,
): NonNullable<ShardStatus["postgresConfig"]> {
  const before = seen.view.owner.status?.postgresConfig;
  const { error } = configuration;
  const drifts = new Map(model.pods.map(({ name, drift }) => [name, drift]));
  const inProgress = seen.pods.some((pod) => isSettingPending(drifts.get(pod.metadata.name), pod, seen));
  const settledNow = !inProgress && before?.inProgress !== false && configuration.settings !== undefined;
  const lastAppliedAt = settledNow ? timestamp(now) : before?.lastAppliedAt;
  return { inProgress, ...present({ error, lastAppliedAt }) };
}

/** Whether a pod is yet to reload its settings, or to be made again for them. */
function isSettingPending(drift: Drift | undefined, { metadata }: SeenPod, { view }: Observation): boolean {
  if (drift === "config-reload") return true;
  const { restartHash, reloadHash } = view.config ?? {};
  const has = metadata.annotations ?? {};
  return drift === "user" &&
    (has[postgresConfigHashAnnotation] !== restartHash || has[postgresReloadHashAnnotation] !== reloadHash);
}

/** Whether everything that was asked for is being done. */
function acceptance(pass: Pass): Statement {
  const type = "SpecAccepted";
  const obstacle = obstacleOf(pass);
  if (obstacle !== undefined) return { type, status: "False", ...obstacle };
  const refused = pass.decision.facts.findings.find(isRefusal);
  if (refused !== undefined) {
    return { type, status: "False", reason: refused.reason, message: refused.message };
  }
  const { error } = pass.configuration;
  if (error !== undefined) return { type, status: "False", reason: "ConfigError", message: error };
  return { type, status: "True", reason: "Accepted", message: "Everything that is asked for is being done" };
}

/** A wish that is not carried out, and will not be: nothing is waited for. */
function isRefusal({ reason, subject }: Finding): boolean {
  return reason === "ScaleDownBlocked" && subject === "";
}

function obstacleOf(
  { problems, result }: Pass,
): { readonly reason: string; readonly message: string } | undefined {
  if (problems.length > 0) {
    return {
      reason: "ConfigError",
      message: problems.map(({ message }) => message).join(" "),
    };
  }
  if (result.kind === "failed") {
    return { reason: "FailedApply", message: `Cannot ${describeStep(result.step)}: ${result.error.message}` };
  }
  if (result.kind === "done" || result.wait.reason === CONFLICT) return undefined;
  return { reason: result.wait.reason, message: result.wait.message };
}

const STORAGE_REASONS: ReadonlySet<string> = new Set([
  "StorageShrinkRefused",
  "StorageCannotGrow",
  "VolumeLost",
  "FileSystemNotGrown",
]);

/** Only there while something is wrong: what is refused, or lost, and what helps. */
function storageStatements({ decision }: Pass): Statement[] {
  const found = decision.facts.findings.filter(({ reason }) => STORAGE_REASONS.has(reason));
  const [first] = found;
  if (first === undefined) return [];
  const message = found.map((finding) => finding.message).join(" ");
  return [{ type: "StorageAccepted", status: "False", reason: first.reason, message }];
}

function removal({ facts }: LifeDecision): Statement[] {
  if (facts.removal?.done !== true) return [];
  return [{
    type: READY_FOR_DELETION,
    status: "True",
    reason: "DrainComplete",
    message: "No instance holds anything back",
  }];
}

/** What is to be told as events, because no condition tells of it. */
export function findingsToTell({ decision, configuration }: Pass): Tellable[] {
  const { findings } = decision.facts;
  return [
    ...findings.filter((finding) => !STORAGE_REASONS.has(finding.reason) && !isRefusal(finding)),
    ...configuration.warnings.map((message): Tellable => ({
      reason: "ConfigWarning",
      subject: message,
      message,
    })),
  ];
}

const STALE: ReadonlySet<EvidenceProblem["kind"]> = new Set(["stale_records", "stale_answer"]);

/** Seconds until time alone changes what is to be said; 0 when it will not. */
export function nextLookSeconds({ seen, model, backups, instances }: Pass, now: Date): number {
  // The next answers may be the same as the old ones, and wake nobody.
  if (instances.problems.some(({ kind }) => STALE.has(kind))) return LOOK_SECONDS;
  const ready = model.topology.kind === "empty" ? readySince(seen, now) : undefined;
  const bounds = ready === undefined
    ? []
    : [REGISTRATION_SECONDS, GRACE_SECONDS].map((bound) => bound - ready);
  const dues = [...bounds, backupStaleIn(backups, now), secretsDueSeconds(seen, now)].filter((seconds) =>
    seconds > 0
  );
  return dues.length === 0 ? 0 : Math.min(...dues);
}

/** The phase tells of them, or they are False in the normal course of things. */
const SILENT: ReadonlySet<string> = new Set(["Available", "Ready", "PrimaryAvailable", "RollingUpdate"]);

/** What people are told: transitions only. */
export function noticesOf(shard: Shard & Stored, now: ShardStatus, { decision }: Pass): Notice[] {
  const before = shard.status;
  const notices: Notice[] = [];
  if (decision.facts.removal?.done === true && conditionOf(shard, READY_FOR_DELETION)?.status !== "True") {
    notices.push({
      type: "Normal",
      reason: READY_FOR_DELETION,
      message: "Every instance is gone in good order",
    });
  }
  return [...notices, ...phaseNotice(before, now), ...conditionNotices(before, now, SILENT)];
}
