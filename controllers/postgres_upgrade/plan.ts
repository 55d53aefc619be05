/** From what is to the objects that are to be made, phase by phase; clients are moved in `move_clients.ts`. */
import { finalizers } from "../../api/smoketurner/annotations.ts";
import { clusterNames } from "../../api/smoketurner/names.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { fromData } from "../../certs/pem.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { apply, create, patch, type Plan, remove, type Step, tell, wait } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import { NetworkPolicies, Secrets, Services } from "../postgres_cluster/kinds.ts";
import { type Cluster, tlsMode } from "../postgres_cluster/shape.ts";
import type { Course } from "./course.ts";
import { desiredBridge, desiredCopyJob, desiredSourceService } from "./desired_helpers.ts";
import {
  desiredTarget,
  desiredTargetAuthority,
  desiredTargetCredentials,
  type SourcePasswords,
} from "./desired_target.ts";
import { Jobs, namespaceOfUpgrade, type Upgrade } from "./kinds.ts";
import type { Observation } from "./observe.ts";
import type { PlaceOf } from "./sides.ts";
import { sidesOf } from "./work.ts";

/** Our finalizer beside those of others. */
export function finalizerSteps(upgrade: Upgrade): Plan {
  const held = upgrade.metadata.finalizers ?? [];
  if (held.includes(finalizers.postgresUpgrade)) return [];
  return [
    patch(PostgresUpgrades.resource, upgrade, {
      metadata: { finalizers: [...held, finalizers.postgresUpgrade] },
    }),
  ];
}

/** What the two servers need to reach each other, as long as they have to. */
export function helperSteps(
  seen: Observation,
  course: Course,
  { cache }: Pick<ReconcileContext, "cache">,
): Plan {
  const { upgrade } = seen;
  if (seen.source.kind !== "there") return [];
  const service = desiredSourceService(upgrade);
  const bridge = desiredBridge(upgrade);
  const isOver = course.phase === "RolledBack" || (course.dismantled && course.rollback !== "begun");
  if (!isOver) return [apply(Services, service), apply(NetworkPolicies, bridge)];
  const left = [
    { resource: Services, object: cache.get(Services, service.metadata) },
    { resource: NetworkPolicies, object: cache.get(NetworkPolicies, bridge.metadata) },
  ];
  return left.flatMap(({ resource, object }): Step[] => {
    const isOurs = object?.metadata.ownerReferences?.some(({ uid }) => uid === upgrade.metadata.uid);
    return isOurs && object !== undefined && isStored(object) ? [remove(resource, object)] : [];
  });
}

/**
 * The new cluster, made once: afterwards it is its user's. Its passwords and its authority come first, or it would make its
 * own.
 */
export async function targetSteps(
  seen: Observation,
  { client }: Pick<ReconcileContext, "client">,
): Promise<Plan> {
  const { upgrade, source, target } = seen;
  if (source.kind !== "there" || target.kind !== "missing" || seen.stranger) return [];
  const namespace = namespaceOfUpgrade(upgrade);
  const passwords = await passwordsOf(namespace, seen.names.source, client);
  const present = await passwordsOf(namespace, seen.names.target, client);
  if (passwords === undefined) {
    const secret = clusterNames(seen.names.source).credentialsSecret;
    return [
      wait("CredentialsMissing", `Secret ${secret} with the passwords of the source does not exist`, 30),
    ];
  }
  if (present !== undefined && !isSame(present, passwords)) {
    const secret = clusterNames(seen.names.target).credentialsSecret;
    const message = `Secret ${secret} exists and has other passwords than the source: delete it`;
    return [wait("CredentialsDiffer", message, 30)];
  }
  return [
    ...(present === undefined ? [create(Secrets, desiredTargetCredentials(upgrade, passwords))] : []),
    ...await authoritySteps(seen, source.cluster, client),
    create(PostgresClusters.resource, desiredTarget(upgrade, source.cluster)),
    tell("Normal", "TargetCreated", `PostgresCluster ${seen.names.target} is made`),
  ];
}

async function authoritySteps(
  { upgrade, names }: Observation,
  source: Cluster,
  client: ReconcileContext["client"],
): Promise<Plan> {
  if (tlsMode(source) !== "own-authority") return [];
  const place = { namespace: namespaceOfUpgrade(upgrade), name: clusterNames(names.source).authority };
  const authority = await client.find(Secrets, place);
  return authority === undefined ? [] : [create(Secrets, desiredTargetAuthority(upgrade, authority))];
}

async function passwordsOf(
  namespace: string,
  cluster: string,
  client: ReconcileContext["client"],
): Promise<SourcePasswords | undefined> {
  const secret = await client.find(Secrets, { namespace, name: clusterNames(cluster).credentialsSecret });
  const superuser = fromData(secret?.data?.[credentialKeys.superuserPassword]);
  const replication = fromData(secret?.data?.[credentialKeys.replicationPassword]);
  return superuser === undefined || replication === undefined ? undefined : { superuser, replication };
}

function isSame(one: SourcePasswords, other: SourcePasswords): boolean {
  return one.superuser === other.superuser && one.replication === other.replication;
}

/** The copy of definitions, once. One that failed is begun anew when its Job is deleted. */
export function copySteps(seen: Observation, placeOf: PlaceOf): Plan {
  const { source, target } = sidesOf(seen, placeOf);
  if (seen.copy !== undefined || source === undefined || target === undefined) return [];
  return [create(Jobs, desiredCopyJob(seen.upgrade, source, target))];
}

/** The source is deleted only when that is asked for, its time is over, and clients are with a new cluster that runs. */
export function mayDeleteSource(
  { upgrade, goal, entrances, superseded, target }: Observation,
  course: Course,
): boolean {
  return course.phase === "Completed" && course.windowOver && course.dismantled &&
    !upgrade.spec.strategy.postCutover.keepSourceCluster && superseded &&
    (goal === "target" || entrances.length === 0) &&
    target.kind === "there" && target.cluster.status?.phase === "Running";
}

/** @param live the source as it was read right now */
export function deletionSteps(live: Cluster | undefined, upgrade: Upgrade): Plan {
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return [];
  if (live.status?.successor?.upgradeName !== upgrade.metadata.name) return [];
  const message = `PostgresCluster ${live.metadata.name} was kept for ` +
    `${upgrade.spec.strategy.postCutover.minRetentionPeriod}, and is deleted as keepSourceCluster says`;
  return [remove(PostgresClusters.resource, live), tell("Normal", "SourceDeleted", message)];
}
