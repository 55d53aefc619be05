/**
 * The end of a PostgresUpgrade. What it made inside the databases goes with it: a slot that nobody reads would keep the log
 * of its server for ever.
 *
 * | how far it is                          | what happens                                                               |
 * | -------------------------------------- | -------------------------------------------------------------------------- |
 * | the new cluster has not been opened    | the source takes writes, clients are led to it, replication is taken apart |
 * | it has                                 | clients stay with it; the source follows it no more, and stays as it is    |
 * | a server does not answer for 300 s     | what is left there is told, and the object goes                            |
 *
 * The two clusters stay in either case.
 */
import { finalizers } from "../../api/smoketurner/annotations.ts";
import { PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import type { ActResult } from "../../kube/act.ts";
import { timestamp } from "../../kube/conditions.ts";
import { type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { patch, type Step, tell } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { outcomeOf } from "../outcome.ts";
import { changeLineage } from "./lineage.ts";
import { type Course, courseOf } from "./course.ts";
import { clientSteps, lineageChanges } from "./move_clients.ts";
import { type Observation, observe } from "./observe.ts";
import { reportOf } from "./look.ts";
import type { Report } from "./report.ts";
import { lookAtWork, type WorkName, type WorkTools } from "./work.ts";
import type { Upgrade } from "./kinds.ts";

type Leaving = Frozen<KubeObject> & Stored;

const FINALIZER = finalizers.postgresUpgrade;
/** Servers that do not answer hold an upgrade for so long at most, in seconds. */
const PATIENCE_SECONDS = 300;

export async function finalize(
  raw: Leaving,
  toolsOf: (seen: Observation) => WorkTools,
  context: ReconcileContext,
): Promise<Outcome> {
  if (!(raw.metadata.finalizers ?? []).includes(FINALIZER)) return settled;
  const decoded = PostgresUpgrades.decode(raw);
  // What does not fit its schema was never worked on.
  if (!decoded.ok || !isStored(decoded.value)) return outcomeOf(await context.act(release(raw)));
  return await end(decoded.value, toolsOf, context);
}

async function end(
  upgrade: Upgrade,
  toolsOf: (seen: Observation) => WorkTools,
  context: ReconcileContext,
): Promise<Outcome> {
  const course = courseOf(upgrade, context.clock);
  if (isUntouched(course.phase) || course.dismantled) return outcomeOf(await context.act(release(upgrade)));

  const seen = observe(upgrade, context);
  const tools = toolsOf(seen);
  const progress = lookAtWork(lastWork(seen, course), seen, tools, context);
  const report = reportOf(progress);
  if (!isOver(report)) {
    if (secondsSinceDeletion(upgrade, context) <= PATIENCE_SECONDS) {
      return { kind: "again", afterSeconds: Math.max(1, progress.dueMs / 1_000) };
    }
    tools.background.forget(tools.key);
    const left = tell("Warning", "CleanUpIncomplete", leftMessage(progress));
    return outcomeOf(await context.act([left, ...release(upgrade)]));
  }
  const settledAt = await leadClients({ seen, course, report }, context);
  if (settledAt.kind !== "done") return outcomeOf(settledAt);
  tools.background.forget(tools.key);
  return outcomeOf(await context.act(release(upgrade)));
}

/** During a cutover only the servers know whether the new cluster has been opened. */
function lastWork({ superseded }: Observation, { opened }: Course): WorkName {
  if (opened) return "clean";
  return superseded ? "roll-back" : "abandon";
}

interface End {
  readonly seen: Observation;
  readonly course: Course;
  readonly report: Report | undefined;
}

/** Leads clients to where they belong from now on: nobody else will. */
async function leadClients({ seen, course, report }: End, context: ReconcileContext): Promise<ActResult> {
  if (!seen.superseded) return { kind: "done", written: [] };
  const at = timestamp(context.clock.now());
  // A refusal is an answer, too: going back would lose data, so the new cluster keeps its place.
  const stays = course.opened || (report?.kind === "rolled-back" && report.outcome === "refused");
  const moved = await context.act(clientSteps(seen, stays ? "target" : "source", context.cache, at));
  if (moved.kind !== "done") return moved;
  const ending: Course = { ...course, phase: stays ? "Completed" : "RolledBack", rollback: "none" };
  await changeLineage(lineageChanges(observe(seen.upgrade, context), ending, report, at), context);
  return moved;
}

function isOver(report: Report | undefined): boolean {
  return report?.kind === "cleaned" || (report?.kind === "rolled-back" && report.outcome !== "waiting");
}

function isUntouched(phase: string): boolean {
  return phase === "Pending" || phase === "CreatingTarget" || phase === "RolledBack";
}

function leftMessage(progress: ReturnType<typeof lookAtWork>): string {
  const why = progress.kind === "failed" ? progress.error.message : "the work took too long";
  return "Replication slots, publications or subscriptions of the upgrade may be left behind, and a slot keeps the log of " +
    `its server: drop them by hand. Reason: ${why}`;
}

/** Takes our finalizer off, and no other. */
function release(raw: Leaving): Step[] {
  const kept = raw.metadata.finalizers?.filter((name) => name !== FINALIZER);
  return [patch(PostgresUpgrades.resource, raw, { metadata: { finalizers: kept } })];
}

function secondsSinceDeletion({ metadata }: Leaving, { clock }: ReconcileContext): number {
  const since = Date.parse(metadata.deletionTimestamp ?? "");
  return Number.isNaN(since) ? 0 : (clock.now().getTime() - since) / 1_000;
}
