/** Keeps the members of a PostgresCluster, and all that belongs to them, as they should be. */
import { finalizers } from "../../api/smoketurner/annotations.ts";
import { type PostgresCluster, PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { certificateSecrets } from "../../certs/secrets.ts";
import type { ActResult } from "../../kube/act.ts";
import { Background } from "../../kube/background.ts";
import type { Controller, Outcome, ReconcileContext } from "../../kube/controller.ts";
import type { PodExec } from "../../kube/exec.ts";
import { Namespaces, StorageClasses } from "../../kube/kinds.ts";
import { patch, type Plan } from "../../kube/plan.ts";
import { keyOf } from "../../kube/store.ts";
import { fetchPatroni } from "../../postgres/patroni/fetch_client.ts";
import type { PatroniCluster } from "../../postgres/patroni/report.ts";
import type { PatroniClient } from "../../postgres/patroni/rest.ts";
import { openSqlClient } from "../../postgres/sql/open.ts";
import type { SqlClient } from "../../postgres/sql/sql_client.ts";
import { joined, outcomeOf, soonest } from "../outcome.ts";
import { restWhileCreating } from "../status_rest.ts";
import {
  autoscale,
  type AutoscaleTools,
  forgetLoad,
  kedaPlan,
  LOAD_BACKOFF,
  type Sample,
} from "./autoscaling/autoscale.ts";
import type { History } from "./autoscaling/decide.ts";
import { ScaledObjects, TriggerAuthentications } from "./autoscaling/keda.ts";
import {
  type BackupTools,
  forgetBackups,
  JOB_BACKOFF,
  type JobEnd,
  keepBackups,
  LOOK_BACKOFF,
} from "./backups/backups.ts";
import type { BackupReport } from "./backups/look.ts";
import { certificateSteps } from "./certificates.ts";
import { nextChange } from "./change.ts";
import { credentialsObstacle, credentialSteps, trimSecret } from "./credentials.ts";
import {
  type Asked,
  EVIDENCE_BACKOFF,
  type EvidenceTools,
  findEvidence,
  forgetEvidence,
  podAddress,
} from "./evidence.ts";
import { finalize } from "./finalize.ts";
import { clearFormerStatus } from "./former_status.ts";
import { HAND_OVER_BACKOFF, type HandOverTools } from "./hand_over.ts";
import { clusterIndex, clusterKeys } from "./indexes.ts";
import { keysWithin } from "./policies.ts";
import * as kinds from "./kinds.ts";
import { type Member, trimMember } from "./members.ts";
import { noticesOf } from "./notices.ts";
import { type Obstacle, secretObstacle, specObstacle } from "./obstacles.ts";
import { type Observation, observe } from "./observe.ts";
import { CREATING_SECONDS, isSuperseded, type Pass, secondsSince } from "./pass.ts";
import { foundation, leftovers, poolers, type Settings } from "./plan.ts";
import type { Cluster } from "./shape.ts";
import { type Judgement, judgementOf } from "./status.ts";
import { growth } from "./storage.ts";
import { STORE_BACKOFF, type StoreTools } from "./store_settings.ts";
import { carryOutTurn, turnOf } from "./turn.ts";
import { withRunnableVersion } from "./version.ts";
import { wokenByPods } from "./wake.ts";

export interface PostgresClusterServices extends Partial<Settings> {
  /** The way to the members; over HTTP when absent. */
  readonly patroni?: PatroniClient;
  /** Where a member's Patroni answers; at its pod when absent. */
  readonly patroniAddress?: (member: Member) => string | undefined;
  /** The way to the servers; by the driver when absent. */
  readonly sql?: SqlClient;
  /** The way into members; without it nothing is known of backups, and none is taken when asked for. */
  readonly exec?: PodExec;
}

/** Namespace that the plain manifests of this family run their operator in. */
const OPERATOR_NAMESPACE = "postgres-operator-system";

/** What a reconcile works with, besides its context. */
interface Means {
  readonly settings: Settings;
  readonly evidence: EvidenceTools;
  readonly handOver: HandOverTools;
  readonly store: StoreTools;
  readonly autoscale: AutoscaleTools;
  readonly backups: BackupTools;
}

export function postgresClusterController(
  services: PostgresClusterServices = {},
): Controller<PostgresCluster> {
  const { patroni = fetchPatroni(), patroniAddress = podAddress, sql = openSqlClient() } = services;
  const settings: Settings = { operatorNamespaces: services.operatorNamespaces ?? [OPERATOR_NAMESPACE] };
  const evidence = new Background<PatroniCluster>(EVIDENCE_BACKOFF);
  const handOvers = new Background<true>(HAND_OVER_BACKOFF);
  const asked = new Map<string, Asked>();
  const stores = new Background<true>(STORE_BACKOFF);
  const loads = new Background<Sample>(LOAD_BACKOFF);
  const looks = new Background<BackupReport>(LOOK_BACKOFF);
  const jobs = new Background<JobEnd>(JOB_BACKOFF);
  const histories = new Map<string, History>();
  const shared = { client: patroni, addressOf: patroniAddress };
  const meansOf = (key: string): Means => ({
    settings,
    evidence: { ...shared, background: evidence, asked, key },
    handOver: { ...shared, background: handOvers, key },
    store: { ...shared, background: stores, key },
    autoscale: { background: loads, histories, sql, key },
    backups: { exec: services.exec, looks, jobs, key },
  });
  const forget = (key: string) => {
    const { evidence, autoscale, backups } = meansOf(key);
    forgetEvidence(evidence);
    forgetLoad(autoscale);
    forgetBackups(backups);
    handOvers.forget(key);
    stores.forget(key);
  };
  return {
    name: "postgrescluster",
    statusRestMs: restWhileCreating,
    watched: { resource: PostgresClusters.resource },
    owns: [
      kinds.watched(kinds.StatefulSets),
      kinds.watched(kinds.Deployments),
      kinds.watched(kinds.Services),
      kinds.watched(kinds.ConfigMaps),
      kinds.watched(kinds.PodDisruptionBudgets),
      kinds.watched(kinds.NetworkPolicies),
      kinds.watched(kinds.ServiceAccounts),
      kinds.watched(kinds.Roles),
      kinds.watched(kinds.RoleBindings),
      kinds.watched(kinds.Certificates, { optional: true }),
      kinds.watched(ScaledObjects, { optional: true }),
      kinds.watched(TriggerAuthentications, { optional: true }),
      certificateSecrets,
    ],
    sources: [
      {
        watched: kinds.watched(kinds.Pods, { trim: trimMember, indexes: clusterIndex }),
        keys: wokenByPods(),
      },
      { watched: kinds.watched(kinds.Secrets, { trim: trimSecret }), keys: clusterKeys },
      { watched: kinds.watched(kinds.PersistentVolumeClaims), keys: clusterKeys },
      { watched: { resource: StorageClasses, optional: true }, keys: () => [] },
      { watched: { resource: Namespaces, optional: true }, keys: keysWithin },
    ],
    wakes: [evidence, handOvers, stores, loads, looks, jobs],
    decode: (raw) => PostgresClusters.decode(raw),
    finalize: (raw, context) => {
      forget(keyOf(raw.metadata));
      return finalize(raw, context);
    },
    reconcile: (cluster, context) => reconcile(cluster, meansOf(keyOf(cluster.metadata)), context),
    forget,
  };
}

async function reconcile(wanted: Cluster, means: Means, context: ReconcileContext): Promise<Outcome> {
  const cluster = withRunnableVersion(wanted);
  if (isSuperseded(wanted)) return await finish(look(wanted, means, context), context);

  const prepared = await context.act([
    ...finalizer(wanted),
    ...growth(cluster, observe(cluster, context).volumes),
  ]);
  const before = look(wanted, means, context);
  const obstacle = await obstacleOf(wanted, before.seen, context);
  if (obstacle !== undefined) return await finish({ ...before, obstacle, result: prepared }, context);

  const certificates = await certificateSteps(cluster, context);
  const results: ActResult[] = [prepared, await context.act(certificates.steps)];
  const { seen, desired, autoscaling } = before;
  results.push(await context.act(await credentialSteps(seen, context.client)));
  results.push(await context.act(foundation(seen, desired, means.settings)));

  const { cache } = context;
  const turn = turnOf(seen, { ...before, cluster, members: seen.members }, means, context);
  results.push(...await carryOutTurn(turn, cluster, context));
  results.push(await context.act(poolers(seen)));
  results.push(await context.act(kedaPlan(seen, autoscaling, cache)));
  results.push(await context.act(leftovers(seen, cache, turn.change.kind !== "none", desired)));

  const after = observe(cluster, context);
  const input = { cluster, members: after.members, desired, evidence: before.evidence };
  const change = turn.change.kind === "hand-over" ? turn.change : nextChange(input);
  const done = { handOver: turn.handOver, result: joined(results), certificates: certificates.statement };
  const outcome = await finish({ ...before, ...done, seen: after, change }, context);
  return soonest(outcome, certificates.checkAfterSeconds);
}

/** What a look finds before anything is done. */
function look(wanted: Cluster, means: Means, context: ReconcileContext): Pass {
  const cluster = withRunnableVersion(wanted);
  const seen = observe(cluster, context);
  const { members } = seen;
  const evidence = findEvidence(members, means.evidence, context);
  const autoscaling = autoscale(seen, evidence, means.autoscale, context);
  const desired = autoscaling.members;
  return {
    wanted,
    seen,
    desired,
    evidence,
    autoscaling,
    backups: keepBackups(seen, means.backups, context),
    change: nextChange({ cluster, members, desired, evidence }),
    handOver: undefined,
    obstacle: undefined,
    result: { kind: "done", written: [] },
    certificates: undefined,
  };
}

/** Our finalizer beside those of others. */
function finalizer(cluster: Cluster): Plan {
  const held = cluster.metadata.finalizers ?? [];
  if (held.includes(finalizers.postgresCluster)) return [];
  return [
    patch(PostgresClusters.resource, cluster, {
      metadata: { finalizers: [...held, finalizers.postgresCluster] },
    }),
  ];
}

/** Secrets of users are read only while they are about to be used: a cluster that is settled makes no request. */
async function obstacleOf(
  wanted: Cluster,
  seen: Observation,
  context: ReconcileContext,
): Promise<Obstacle | undefined> {
  const { status, metadata } = wanted;
  const known = specObstacle(wanted, seen.policies) ?? credentialsObstacle(seen);
  if (known !== undefined) return known;
  const isSettled = status?.phase === "Running" && status.observedGeneration === metadata.generation;
  return isSettled ? undefined : await secretObstacle(wanted, context.client);
}

/**
 * Whether what the status says stays for the moment that the members' first answer takes: else each start of the operator
 * would write two statuses for each cluster. The answer, or that there is none, leads to another look.
 */
function isToldSoon({ wanted, evidence, result }: Pass, { failure }: Judgement): boolean {
  const isKnown = wanted.status?.observedGeneration === wanted.metadata.generation;
  return isKnown && evidence.kind === "pending" && failure === undefined && result.kind !== "failed";
}

/** A phase through which a cluster only passes lasts so long, as each look makes one transition at most. */
const PASSING_SECONDS = 1;

/** Says what is to be said, and when to look again. */
async function finish(pass: Pass, context: ReconcileContext): Promise<Outcome> {
  const judgement = judgementOf(pass, context.clock);
  if (isToldSoon(pass, judgement)) return outcomeOf(pass.result);
  for (const notice of noticesOf(judgement, pass)) context.record(notice);
  await clearFormerStatus(pass.wanted, judgement.status, context);
  await context.writeStatus(judgement.status);
  const { failure, status, isPassing } = judgement;
  const due = pass.autoscaling.kind === "own" ? Math.max(1, pass.autoscaling.dueSeconds) : 0;
  const passing = isPassing ? PASSING_SECONDS : 0;
  const waits = [failure?.afterSeconds ?? 0, due, pass.backups?.dueSeconds ?? 0, passing];
  const outcome = waits.reduce(soonest, outcomeOf(pass.result));
  const left = CREATING_SECONDS + 1 - secondsSince(status.phaseStartedAt, context.clock);
  return status.phase === "Creating" ? soonest(outcome, Math.max(1, left)) : outcome;
}
