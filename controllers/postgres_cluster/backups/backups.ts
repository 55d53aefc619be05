/**
 * Backups of a cluster: what there is of them, and those that the operator starts itself.
 *
 * | who asks for one                                | when                                                     |
 * | ----------------------------------------------- | -------------------------------------------------------- |
 * | the trigger annotation                          | each new value, once                                     |
 * | `spec.backup.schedule`, where the image has no  | when it is due, and at once while there is none at all   |
 * | cron for the engine                             |                                                          |
 *
 * A backup that the operator did not see to its end is found again by its id; one whose container is gone is begun anew.
 */
import { annotations } from "../../../api/smoketurner/annotations.ts";
import type { Background, Progress } from "../../../kube/background.ts";
import type { BackoffPolicy } from "../../../kube/backoff.ts";
import { sleep } from "../../../kube/clock.ts";
import type { ReconcileContext } from "../../../kube/controller.ts";
import type { PodExec } from "../../../kube/exec.ts";
import { latestDue, nextDue, parseCron } from "../../../postgres/cron.ts";
import { refuseWhenFenced } from "../fenced.ts";
import { type Member, primaryOf } from "../members.ts";
import type { Observation } from "../observe.ts";
import type { Cluster } from "../shape.ts";
import { type BackupEngine, engineOf } from "./engine.ts";
import { type BackupJob, backupJob, checkScript, parseState, startScript } from "./job.ts";
import { type BackupReport, digestOf, inMember, lookAtBackups, outputOf } from "./look.ts";

/** What is known of backups is renewed so often, in milliseconds. */
const FRESH_MS = 60_000;
/** A backup under way is asked after so often, in milliseconds. */
const CHECK_MS = 5_000;
/** A backup of the schedule that failed is tried again after so long, in milliseconds. */
const AGAIN_MS = 3_600_000;

export const LOOK_BACKOFF: BackoffPolicy = { firstMs: 5_000, capMs: 60_000, jitter: 0.1 };
export const JOB_BACKOFF: BackoffPolicy = { firstMs: 5_000, capMs: 300_000, jitter: 0.1 };

export interface BackupTools {
  /** Undefined where there is no way into members. */
  readonly exec: PodExec | undefined;
  readonly looks: Background<BackupReport>;
  readonly jobs: Background<JobEnd>;
  /** Of the cluster. */
  readonly key: string;
}

export interface JobEnd {
  readonly isGood: boolean;
  readonly message: string;
}

export interface Backups {
  /** What the latest look found; undefined before the first. */
  readonly report: BackupReport | undefined;
  readonly job: { readonly job: BackupJob; readonly progress: Progress<JobEnd> } | undefined;
  /** When to look again at the latest, in seconds; 0 when nothing is due. */
  readonly dueSeconds: number;
}

type Context = Pick<ReconcileContext, "clock" | "signal" | "fence">;

/** Begins what is due. Returns at once. Undefined without backups, and while there is no member to ask. */
export function keepBackups(
  { cluster, members }: Observation,
  tools: BackupTools,
  context: Context,
): Backups | undefined {
  const { exec } = tools;
  const engine = engineOf(cluster);
  const primary = primaryOf(members);
  if (exec === undefined || engine === undefined || !primary?.ready) {
    forgetBackups(tools);
    return undefined;
  }
  const work: Work = { cluster, engine, exec, primary };
  const found = lookFor(work, tools, context);
  const report = found.kind === "done" ? found.result : undefined;
  const job = wantedJob(work, report, context);
  if (job === undefined) tools.jobs.forget(tools.key);
  const progress = job === undefined ? undefined : carryOut(job, { ...work, report }, tools, context);
  return {
    report,
    job: job === undefined || progress === undefined ? undefined : { job, progress },
    dueSeconds: secondsToNext(work, context),
  };
}

/** Drops what is kept for a cluster. Backups that members take go on. */
export function forgetBackups({ looks, jobs, key }: BackupTools): void {
  looks.forget(key);
  jobs.forget(key);
}

interface Work {
  readonly cluster: Cluster;
  readonly engine: BackupEngine;
  readonly exec: PodExec;
  readonly primary: Member;
}

function lookFor(
  { cluster, engine, exec, primary }: Work,
  tools: BackupTools,
  context: Context,
): Progress<BackupReport> {
  return tools.looks.look(tools.key, {
    id: `${primary.pod.metadata.uid} ${JSON.stringify(cluster.spec.backup)}`,
    freshMs: () => FRESH_MS,
    run: (signal) => lookAtBackups(inMember(cluster, primary, exec), engine, signal),
    digest: digestOf,
  }, context);
}

function wantedJob(work: Work, report: BackupReport | undefined, context: Context): BackupJob | undefined {
  return manualJob(work.cluster) ?? scheduledJob(work, report, context);
}

function manualJob({ metadata, status }: Cluster): BackupJob | undefined {
  const trigger = metadata.annotations?.[annotations.triggerBackup];
  if (trigger === undefined) return undefined;
  const { lastManualBackupTrigger: last, lastManualBackupStatus: stage } = status?.backup ?? {};
  const isOver = last === trigger && (stage === "completed" || stage === "failed");
  return isOver ? undefined : backupJob("manual", trigger);
}

function scheduledJob(
  { cluster, engine }: Work,
  report: BackupReport | undefined,
  { clock }: Context,
): BackupJob | undefined {
  if (engine.scheduledBy !== "operator" || report?.backups === undefined) return undefined;
  const newest = report.backups.at(-1);
  if (newest === undefined) return backupJob("scheduled", `first of ${cluster.metadata.uid}`);
  const schedule = parseCron(cluster.spec.backup?.schedule ?? "");
  const due = schedule === undefined ? undefined : latestDue(schedule, clock.now());
  if (due === undefined || newest.time >= due.toISOString()) return undefined;
  return backupJob("scheduled", due.toISOString());
}

/** Seconds until the schedule asks for the next backup, where that is ours to do. */
function secondsToNext({ cluster, engine }: Work, { clock }: Context): number {
  if (engine.scheduledBy !== "operator") return 0;
  const schedule = parseCron(cluster.spec.backup?.schedule ?? "");
  const next = schedule === undefined ? undefined : nextDue(schedule, clock.now());
  return next === undefined ? 0 : Math.max(1, (next.getTime() - clock.now().getTime()) / 1_000);
}

function carryOut(
  job: BackupJob,
  work: Work & { readonly report: BackupReport | undefined },
  tools: BackupTools,
  context: Context,
): Progress<JobEnd> {
  const { cluster, engine, exec, primary, report } = work;
  const run = inMember(cluster, primary, exec);
  const ask = (script: string, signal: AbortSignal) => outputOf(run, ["sh", "-c", script], signal);
  return tools.jobs.look(tools.key, {
    id: `${job.id} ${primary.pod.metadata.uid}`,
    freshMs: ({ isGood }) => isGood || job.kind === "manual" ? Infinity : AGAIN_MS,
    run: async (signal) => {
      refuseWhenFenced(context.fence);
      await ask(startScript(job, engine.take(cluster, report?.backups ?? [])), signal);
      for (;;) {
        await sleep(context.clock, CHECK_MS, signal);
        const state = parseState(await ask(checkScript(job), signal));
        if (state.kind === "running") continue;
        tools.looks.outdate(tools.key);
        if (state.kind === "ended") return state;
        throw new Error(`Member ${primary.name} was restarted during the backup, which is begun anew`);
      }
    },
  }, context);
}
