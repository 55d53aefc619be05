/** Keeps the members of a PostgresCluster, and all that belongs to them, as they should be. */
import { finalizers } from "../../api/smoketurner/annotations.ts";
import { type PostgresCluster, PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { certificateSecrets } from "../../certs/secrets.ts";
import type { ActResult } from "../../kube/act.ts";
import { Background } from "../../kube/background.ts";
import type { Controller, Outcome, ReconcileContext } from "../../kube/controller.ts";
import { StorageClasses } from "../../kube/kinds.ts";
import { patch, type Plan, wait } from "../../kube/plan.ts";
import { keyOf } from "../../kube/store.ts";
import { fetchPatroni } from "../../postgres/patroni/fetch_client.ts";
import type { PatroniClient, PatroniCluster } from "../../postgres/patroni/rest.ts";
import { joined, outcomeOf, soonest } from "../outcome.ts";
import { stepsOf } from "./carry_out.ts";
import { certificateSteps } from "./certificates.ts";
import { type Change, type ChangeInput, nextChange } from "./change.ts";
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
import { HAND_OVER_BACKOFF, type HandOver, handOver, type HandOverTools } from "./hand_over.ts";
import { clusterIndex, clusterKeys } from "./indexes.ts";
import * as kinds from "./kinds.ts";
import { type Member, trimMember } from "./members.ts";
import { noticesOf } from "./notices.ts";
import { type Obstacle, secretObstacle, specObstacle } from "./obstacles.ts";
import { type Observation, observe } from "./observe.ts";
import { CREATING_SECONDS, isSuperseded, type Pass, secondsSince } from "./pass.ts";
import { foundation, leftovers, membership, poolers, type Settings } from "./plan.ts";
import { scaling } from "./scale.ts";
import type { Cluster } from "./shape.ts";
import { judgementOf } from "./status.ts";
import { growth } from "./storage.ts";
import { withRunnableVersion } from "./version.ts";

export interface PostgresClusterServices extends Partial<Settings> {
  /** The way to the members; over HTTP when absent. */
  readonly patroni?: PatroniClient;
  /** Where a member's Patroni answers; at its pod when absent. */
  readonly patroniAddress?: (member: Member) => string | undefined;
}

/** Namespace that the plain manifests of this family run their operator in. */
const OPERATOR_NAMESPACE = "postgres-operator-system";

/** What a reconcile works with, besides its context. */
interface Means {
  readonly settings: Settings;
  readonly evidence: EvidenceTools;
  readonly handOver: HandOverTools;
}

export function postgresClusterController(
  services: PostgresClusterServices = {},
): Controller<PostgresCluster> {
  const { patroni = fetchPatroni(), patroniAddress = podAddress } = services;
  const settings: Settings = { operatorNamespaces: services.operatorNamespaces ?? [OPERATOR_NAMESPACE] };
  const evidence = new Background<PatroniCluster>(EVIDENCE_BACKOFF);
  const handOvers = new Background<true>(HAND_OVER_BACKOFF);
  const asked = new Map<string, Asked>();
  const shared = { client: patroni, addressOf: patroniAddress };
  const meansOf = (key: string): Means => ({
    settings,
    evidence: { ...shared, background: evidence, asked, key },
    handOver: { ...shared, background: handOvers, key },
  });
  const forget = (key: string) => {
    forgetEvidence(meansOf(key).evidence);
    handOvers.forget(key);
  };
  return {
    name: "postgrescluster",
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
      certificateSecrets,
    ],
    sources: [
      { watched: kinds.watched(kinds.Pods, { trim: trimMember, indexes: clusterIndex }), keys: clusterKeys },
      { watched: kinds.watched(kinds.Secrets, { trim: trimSecret }), keys: clusterKeys },
      { watched: kinds.watched(kinds.PersistentVolumeClaims), keys: clusterKeys },
      { watched: { resource: StorageClasses, optional: true }, keys: () => [] },
    ],
    wakes: [evidence, handOvers],
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
  if (isSuperseded(wanted)) return await finish(idle(wanted, means, context), context);

  const prepared = await context.act([
    ...finalizer(wanted),
    ...growth(cluster, observe(cluster, context).volumes),
  ]);
  const obstacle = await obstacleOf(wanted, observe(cluster, context), context);
  if (obstacle !== undefined) {
    return await finish({ ...idle(wanted, means, context), obstacle, result: prepared }, context);
  }
  const certificates = await certificateSteps(cluster, context);
  const results: ActResult[] = [prepared, await context.act(certificates.steps)];
  const seen = observe(cluster, context);
  const desired = desiredMembers(cluster);
  results.push(await context.act(await credentialSteps(seen, context.client)));
  results.push(await context.act(foundation(seen, desired, means.settings)));

  const input = inputOf(seen, desired, means, context);
  const turn = changeMembers(seen, input, means, context);
  results.push(await context.act(turn.plan));
  results.push(await context.act(poolers(observe(cluster, context))));
  results.push(await context.act(leftovers(seen, context.cache, turn.change.kind !== "none", desired)));

  const result = joined(results);
  const pass: Pass = {
    ...idle(wanted, means, context),
    change: turn.change,
    handOver: turn.handOver,
    result,
    certificates: certificates.statement,
  };
  return soonest(await finish(pass, context), certificates.checkAfterSeconds);
}

/** What a look finds when nothing is done. */
function idle(wanted: Cluster, means: Means, context: ReconcileContext): Pass {
  const cluster = withRunnableVersion(wanted);
  const seen = observe(cluster, context);
  const desired = desiredMembers(cluster);
  const input = inputOf(seen, desired, means, context);
  return {
    wanted,
    seen,
    desired,
    evidence: input.evidence,
    change: nextChange(input),
    handOver: undefined,
    obstacle: undefined,
    result: { kind: "done", written: [] },
    certificates: undefined,
  };
}

function inputOf(seen: Observation, desired: number, means: Means, context: ReconcileContext): ChangeInput {
  const { cluster, members } = seen;
  return { cluster, members, desired, evidence: findEvidence(members, means.evidence, context) };
}

function desiredMembers({ spec }: Cluster): number {
  return spec.replicas;
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
  const known = specObstacle(wanted) ?? credentialsObstacle(seen);
  if (known !== undefined) return known;
  const isSettled = status?.phase === "Running" && status.observedGeneration === metadata.generation;
  return isSettled ? undefined : await secretObstacle(wanted, context.client);
}

interface Turn {
  readonly plan: Plan;
  readonly change: Change;
  readonly handOver: HandOver | undefined;
}

/** The next step for the members: their number first, then what they run with. */
function changeMembers(seen: Observation, input: ChangeInput, means: Means, context: ReconcileContext): Turn {
  const { replicas, before } = scaling(input, seen.statefulSet);
  const change = before.kind === "hand-over" ? before : nextChange(input);
  if (change.kind !== "hand-over") {
    return {
      plan: [...membership(seen, replicas), ...stepsOf(change, seen.cluster)],
      change,
      handOver: undefined,
    };
  }
  const progress = handOver(change, means.handOver, context);
  if (progress.kind === "waiting") {
    const seconds = Math.max(1, progress.dueSeconds);
    const plan = [...membership(seen, replicas), wait("HandingOver", progress.message, seconds)];
    return { plan, change, handOver: progress };
  }
  const isScaling = before.kind === "hand-over";
  const forced: Change = isScaling
    ? { kind: "none" }
    : { kind: "restart", member: change.leader, why: progress.message };
  const count = isScaling ? input.desired : replicas;
  return { plan: [...membership(seen, count), ...stepsOf(forced, seen.cluster)], change, handOver: progress };
}

/** Says what is to be said, and when to look again. */
async function finish(pass: Pass, context: ReconcileContext): Promise<Outcome> {
  const judgement = judgementOf(pass, context.clock);
  for (const notice of noticesOf(judgement, pass)) context.record(notice);
  await clearFormerStatus(pass.wanted, judgement.status, context);
  await context.writeStatus(judgement.status);
  const { failure, status } = judgement;
  const outcome = soonest(outcomeOf(pass.result), failure?.afterSeconds ?? 0);
  const left = CREATING_SECONDS + 1 - secondsSince(status.phaseStartedAt, context.clock);
  return status.phase === "Creating" ? soonest(outcome, Math.max(1, left)) : outcome;
}
