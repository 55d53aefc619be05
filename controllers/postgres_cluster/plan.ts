/** From what is to what is to be done, for everything that is not one member's restart; for those see `change.ts`. */
import type { PoolerTarget } from "../../api/smoketurner/labels.ts";
import type { Cache } from "../../kube/cache.ts";
import { Secrets as CertificateSecrets } from "../../kube/kinds.ts";
import { apply, patch, type Plan, remove, type Step } from "../../kube/plan.ts";
import type { Resource } from "../../kube/resource.ts";
import { isStored } from "../../kube/stored.ts";
import type { KubeObject } from "../../kube/types.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { desiredPgbackrestConfigMap } from "./desired_pgbackrest.ts";
import { needsPgbackrest } from "./pgbackrest.ts";
import { desiredRole, desiredRoleBinding, desiredServiceAccount } from "./desired_identity.ts";
import { desiredNetworkPolicy } from "./desired_network_policy.ts";
import { desiredPatroniConfigMap } from "./desired_patroni_config.ts";
import {
  desiredPoolerConfigMap,
  desiredPoolerDeployment,
  isPrecise,
  poolerNames,
  wantedPoolers,
} from "./desired_pooler.ts";
import {
  desiredHeadlessService,
  desiredPoolerService,
  desiredPrimaryService,
  desiredReplicaService,
} from "./desired_services.ts";
import { desiredStatefulSet, memberLabels } from "./desired_stateful_set.ts";
import { wantedCertificates } from "./desired_certificates.ts";
import {
  Certificates,
  ConfigMaps,
  Deployments,
  NetworkPolicies,
  PodDisruptionBudgets,
  Pods,
  RoleBindings,
  Roles,
  ServiceAccounts,
  Services,
  StatefulSets,
} from "./kinds.ts";
import type { Observation } from "./observe.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { replacement, whyReplace } from "./storage.ts";
import { type Cluster, namesOf, tlsMode } from "./shape.ts";

export interface Settings {
  /** Namespaces of operators, which ask members how they are. */
  readonly operatorNamespaces: readonly string[];
}

/** What members need before they start, and by what they are reached. */
export function foundation({ cluster }: Observation, desired: number, settings: Settings): Plan {
  return [
    apply(ConfigMaps, desiredPatroniConfigMap(cluster)),
    ...(needsPgbackrest(cluster) ? [apply(ConfigMaps, desiredPgbackrestConfigMap(cluster))] : []),
    apply(ServiceAccounts, desiredServiceAccount(cluster)),
    apply(Roles, desiredRole(cluster)),
    apply(RoleBindings, desiredRoleBinding(cluster)),
    apply(PodDisruptionBudgets, desiredDisruptionBudget(cluster, desired)),
    apply(NetworkPolicies, desiredNetworkPolicy(cluster, settings.operatorNamespaces)),
    apply(Services, desiredHeadlessService(cluster)),
    apply(Services, desiredPrimaryService(cluster)),
    ...(desired > 1 ? [apply(Services, desiredReplicaService(cluster))] : []),
  ];
}

/** The members themselves. @param replicas how many the StatefulSet is told to have; undefined when others tell it. */
export function membership(seen: Observation, replicas: number | undefined): Plan {
  const { cluster, statefulSet: existing, members, volumes } = seen;
  if (existing?.metadata.deletionTimestamp !== undefined) return [];
  const why = whyReplace(cluster, existing, volumes);
  const replaced = replacement(existing, why, members);
  if (replaced.length > 0) return replaced;
  // One that no longer fits would be refused; it stays as it is until it can be replaced.
  if (why !== undefined) return [];
  return [apply(StatefulSets, desiredStatefulSet(cluster, { existing, replicas })), ...labelling(seen)];
}

/** Labels cost nobody a restart: members that run get new ones at once. Kubernetes' own and Patroni's are left alone. */
function labelling({ cluster, members }: Observation): Step[] {
  const wanted = Object.entries(memberLabels(cluster)).filter(([key]) => key !== labelKeys.role);
  return members.filter(({ leaving }) => !leaving).flatMap(({ pod }): Step[] => {
    const changed = wanted.filter(([key, value]) => pod.metadata.labels?.[key] !== value);
    if (changed.length === 0) return [];
    return [patch(Pods, pod, { metadata: { labels: Object.fromEntries(changed) } })];
  });
}

/** The poolers that are wanted. */
export function poolers({ cluster, poolers }: Observation): Plan {
  return wantedPoolers(cluster).flatMap((target): Step[] => {
    const { deployment, service } = poolers[target];
    return [
      apply(ConfigMaps, desiredPoolerConfigMap(cluster, target)),
      apply(Deployments, desiredPoolerDeployment(cluster, target, deployment)),
      apply(Services, desiredPoolerService(cluster, target, mayBePrecise(service, deployment))),
    ];
  });
}

/** A Service that led to older pods goes on doing so until they are gone. */
function mayBePrecise(
  service: Observation["poolers"][PoolerTarget]["service"],
  deployment: Observation["poolers"][PoolerTarget]["deployment"],
): boolean {
  const isSo = service?.spec?.selector?.[labelKeys.poolerType] !== undefined;
  return service === undefined || isSo || isPrecise(deployment);
}

/** What a cluster has no use for any more. @param isRolling members may still use certificates of before. */
export function leftovers({ cluster }: Observation, cache: Cache, isRolling: boolean, desired: number): Plan {
  const names = namesOf(cluster);
  const targets = wantedPoolers(cluster);
  const of = (pick: (names: ReturnType<typeof poolerNames>) => string) =>
    targets.map((target: PoolerTarget) => pick(poolerNames(cluster, target)));
  const mode = tlsMode(cluster);
  const certificates = mode === "off" ? [] : wantedCertificates(cluster).map(({ secretName }) => secretName);
  const services = [
    names.headlessService,
    names.primaryService,
    ...(desired > 1 ? [names.replicaService] : []),
  ];
  // Members that are not restarted yet still mount it.
  const isMounted = isRolling || needsPgbackrest(cluster);
  const configMaps = [names.patroniConfigMap, ...(isMounted ? [names.pgbackrestConfigMap] : [])];
  const issued = mode === "cert-manager" ? certificates : [];
  const kept = mode === "own-authority" ? [names.authority, ...certificates] : [];
  return [
    ...unwanted(cluster, cache, Deployments, of(({ deployment }) => deployment)),
    ...unwanted(cluster, cache, Services, [...services, ...of(({ service }) => service)]),
    ...unwanted(cluster, cache, ConfigMaps, [...configMaps, ...of(({ configMap }) => configMap)]),
    ...(isRolling ? [] : unwanted(cluster, cache, Certificates, issued)),
    ...(isRolling ? [] : unwanted(cluster, cache, CertificateSecrets, kept)),
  ];
}

/** Removes children of a kind that bear other names. */
function unwanted<T extends KubeObject>(
  cluster: Cluster,
  cache: Cache,
  resource: Resource<T>,
  wanted: readonly string[],
): Step[] {
  return cache.children(resource, cluster.metadata.uid).filter(isStored)
    .filter(({ metadata }) => !wanted.includes(metadata.name) && metadata.deletionTimestamp === undefined)
    .map((object) => remove(resource, object));
}
