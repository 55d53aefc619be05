/** Moves a PostgresCluster to a newer major version: a new cluster follows it, then takes its place. */
import { type PostgresUpgrade, PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { upgradeNames } from "../../api/smoketurner/names.ts";
import { Background, type Progress } from "../../kube/background.ts";
import type { Cache } from "../../kube/cache.ts";
import { timestamp } from "../../kube/conditions.ts";
import type { Controller, Outcome, ReconcileContext } from "../../kube/controller.ts";
import { isConflict } from "../../kube/errors.ts";
import { isStored } from "../../kube/stored.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { openSqlClient } from "../../postgres/sql/open.ts";
import type { SqlClient } from "../../postgres/sql/sql_client.ts";
import { joined, outcomeOf, soonest } from "../outcome.ts";
import { trimSecret } from "../postgres_cluster/credentials.ts";
import { clusterIndex } from "../postgres_cluster/indexes.ts";
import * as kinds from "../postgres_cluster/kinds.ts";
import { trimMember } from "../postgres_cluster/members.ts";
import { courseOf, limitOf, limitSince, secondsSince } from "./course.ts";
import { finalize } from "./finalize.ts";
import { Jobs, namespaceOfUpgrade, type Upgrade } from "./kinds.ts";
import { changeLineage } from "./lineage.ts";
import { type Look, reportOf, transitionOf } from "./look.ts";
import { clientSteps, lineageChanges, wantedGoal } from "./move_clients.ts";
import { objectionTo } from "./objections.ts";
import { type Observation, observe } from "./observe.ts";
import {
  copySteps,
  deletionSteps,
  finalizerSteps,
  helperSteps,
  mayDeleteSource,
  targetSteps,
} from "./plan.ts";
import type { Report } from "./report.ts";
import { type PlaceOf, placeOfService } from "./sides.ts";
import { slotKeeper, type TellPatroni } from "./slot_keeper.ts";
import { judgementOf, noticesOf } from "./status.ts";
import { dueWork, lookAtWork, WORK_BACKOFF, type WorkTools } from "./work.ts";

export interface UpgradeServices {
  /** The way to the servers. */
  readonly sql?: SqlClient;
  /** Where a Service leads to; inside the cluster when absent. */
  readonly placeOf?: PlaceOf;
  /** The way to Patroni; over HTTP when absent. */
  readonly tellPatroni?: TellPatroni;
}

/** A new phase begins with another look, in seconds. */
const NEXT_PHASE_SECONDS = 0.1;

type ToolsOf = (seen: Observation, context: ReconcileContext) => WorkTools;

export function postgresUpgradeController(services: UpgradeServices = {}): Controller<PostgresUpgrade> {
  const { sql = openSqlClient(), placeOf = placeOfService, tellPatroni } = services;
  const background = new Background<Report>(WORK_BACKOFF);
  const toolsOf: ToolsOf = (seen, context) => ({
    background,
    sql,
    placeOf,
    slots: slotKeeper(seen, context, tellPatroni),
    key: keyOf(seen.upgrade.metadata),
  });
  return {
    name: "postgresupgrade",
    watched: { resource: PostgresUpgrades.resource },
    owns: [
      { resource: Jobs, labels: labelKeys.upgrade },
      kinds.watched(kinds.NetworkPolicies),
    ],
    sources: [
      { watched: { resource: PostgresClusters.resource }, keys: upgradesOf },
      { watched: kinds.watched(kinds.Services), keys: upgradesOfService },
      { watched: kinds.watched(kinds.Secrets, { trim: trimSecret }), keys: () => [] },
      { watched: kinds.watched(kinds.PersistentVolumeClaims), keys: () => [] },
      { watched: kinds.watched(kinds.Pods, { trim: trimMember, indexes: clusterIndex }), keys: () => [] },
    ],
    wakes: [background],
    decode: (raw) => PostgresUpgrades.decode(raw),
    reconcile: (upgrade, context) => reconcile(upgrade, toolsOf, context),
    finalize: (raw, context) => finalize(raw, (seen) => toolsOf(seen, context), context),
    forget: (key) => background.forget(key),
  };
}

async function reconcile(upgrade: Upgrade, toolsOf: ToolsOf, context: ReconcileContext): Promise<Outcome> {
  const before = observe(upgrade, context);
  const tools = toolsOf(before, context);
  const course = courseOf(upgrade, context.clock);

  const work = dueWork(before, course);
  if (work === undefined) tools.background.forget(tools.key);
  const progress = work === undefined ? undefined : lookAtWork(work, before, tools, context);
  const report = reportOf(progress);

  const marked = await mark(before, report, context);
  if (marked !== undefined) return marked;
  const result = joined([
    await context.act([...finalizerSteps(upgrade), ...helperSteps(before, course, context)]),
    await context.act(await stepsOfPhase(before, tools, context)),
    await context.act(clientSteps(before, wantedGoal(before, course, report), context.cache, now(context))),
  ]);

  const seen = observe(upgrade, context);
  const look: Look = { seen, course, progress, objection: objectionTo(seen, context), result };
  const judgement = judgementOf(look, transitionOf(look, context.clock), context.clock);
  for (const notice of noticesOf(look, judgement)) context.record(notice);
  await context.writeStatus({ ...judgement.status });
  if (judgement.transition !== undefined) return { kind: "again", afterSeconds: NEXT_PHASE_SECONDS };
  return soonest(soonest(outcomeOf(result), dueSeconds(progress)), limitSeconds(upgrade, context));
}

/** Says in the two clusters who replaces whom. @returns an outcome when that has to be tried again */
async function mark(
  seen: Observation,
  report: Report | undefined,
  context: ReconcileContext,
): Promise<Outcome | undefined> {
  const course = courseOf(seen.upgrade, context.clock);
  try {
    await changeLineage(lineageChanges(seen, course, report, now(context)), context);
    return undefined;
  } catch (error) {
    if (isConflict(error)) return { kind: "again", afterSeconds: 1 };
    throw error;
  }
}

async function stepsOfPhase(seen: Observation, { placeOf }: WorkTools, context: ReconcileContext) {
  const course = courseOf(seen.upgrade, context.clock);
  switch (course.phase) {
    case "CreatingTarget":
      return await targetSteps(seen, context);
    case "ConfiguringReplication":
      return course.rollback === "none" ? copySteps(seen, placeOf) : [];
    case "Completed":
      return mayDeleteSource(seen, course)
        ? deletionSteps(await liveSource(seen, context), seen.upgrade)
        : [];
    default:
      return [];
  }
}

/** Read live, as what is deleted cannot be brought back. */
async function liveSource({ upgrade, names }: Observation, { client }: ReconcileContext) {
  const key = { namespace: namespaceOfUpgrade(upgrade), name: names.source };
  const live = await client.find(PostgresClusters.resource, key);
  const decoded = live === undefined ? undefined : PostgresClusters.decode(live);
  return decoded?.ok && isStored(decoded.value) ? decoded.value : undefined;
}

function now({ clock }: Pick<ReconcileContext, "clock">): string {
  return timestamp(clock.now());
}

/** Work wakes us when it ends; this is for the next piece of it. */
function dueSeconds(progress: Progress<Report> | undefined): number {
  return progress === undefined ? 0 : progress.dueMs / 1_000;
}

/** The end of a phase's time is noticed when it comes. */
function limitSeconds(upgrade: Upgrade, { clock }: Pick<ReconcileContext, "clock">): number {
  const { phase } = courseOf(upgrade, clock);
  const limit = limitOf(upgrade, phase);
  return limit === undefined ? 0 : Math.max(1, limit + 1 - secondsSince(limitSince(upgrade, phase), clock));
}

/** Upgrades that a cluster is the source or the target of. */
function upgradesOf({ metadata }: Frozen<KubeObject>, cache: Cache): string[] {
  return keysOfUpgrades(metadata.namespace, [metadata.name], cache);
}

function upgradesOfService(service: Frozen<KubeObject>, cache: Cache): string[] {
  const owners = service.metadata.ownerReferences ?? [];
  return keysOfUpgrades(service.metadata.namespace, owners.map(({ name }) => name), cache);
}

function keysOfUpgrades(namespace: string | undefined, clusters: readonly string[], cache: Cache): string[] {
  return [...cache.store(PostgresUpgrades.resource).values()].filter((upgrade) => {
    if (upgrade.metadata.namespace !== namespace) return false;
    const { targetCluster } = upgradeNames(upgrade.metadata.name);
    return clusters.includes(upgrade.spec.sourceCluster.name) || clusters.includes(targetCluster) ||
      clusters.includes(upgrade.metadata.name);
  }).map(({ metadata }) => keyOf(metadata));
}
