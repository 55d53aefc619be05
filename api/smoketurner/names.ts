/**
 * Names of the objects that belong to a PostgresCluster, PostgresDatabase or PostgresUpgrade.
 *
 * Existing clusters were named by these rules. A name is never shortened or hashed: one that would not fit is turned
 * away when the object is created (see {@link nameLimits}).
 */
import { ports } from "./ports.ts";

/** Longest DNS label: Service names, pod host names, label values. */
export const DNS_LABEL_MAX = 63;

/** Longest identifier of PostgreSQL in bytes; replication slots included. */
export const IDENTIFIER_MAX = 63;

/**
 * Longest names whose derived names still fit, in characters.
 *
 * - cluster: 52, because each pod of a StatefulSet carries the label `controller-revision-hash` with the value
 *   `<name>-<hash>`, and the hash has up to 10 characters (63 − 11).
 * - pooledCluster: 51, because the Service `<name>-pooler-repl` must be a DNS label (63 − 12).
 * - upgrade: 45, because the target cluster is called `<name>-target` (52 − 7).
 */
export const nameLimits = { cluster: 52, pooledCluster: 51, upgrade: 45 } as const;

/** Every object name that derives from the name of a PostgresCluster. */
export interface ClusterNames {
  readonly statefulSet: string;
  readonly headlessService: string;
  readonly primaryService: string;
  readonly replicaService: string;
  readonly poolerService: string;
  readonly replicaPoolerService: string;
  readonly credentialsSecret: string;
  /** Secret and Certificate of the database pods. */
  readonly tls: string;
  readonly poolerTls: string;
  /** Secret of the operator's own authority for the cluster. */
  readonly authority: string;
  /** Secrets that this authority signs; they differ from those of cert-manager, so that neither touches the other's. */
  readonly ownTls: string;
  readonly ownPoolerTls: string;
  readonly ownReplicaPoolerTls: string;
  readonly replicaPoolerTls: string;
  readonly patroniConfigMap: string;
  /** Settings and scripts of pgBackRest, where it takes the backups. */
  readonly pgbackrestConfigMap: string;
  readonly poolerConfigMap: string;
  readonly replicaPoolerConfigMap: string;
  /** ServiceAccount, Role and RoleBinding of the database pods. */
  readonly patroniIdentity: string;
  readonly podDisruptionBudget: string;
  readonly networkPolicy: string;
  readonly poolerDeployment: string;
  readonly replicaPoolerDeployment: string;
  readonly scaledObject: string;
  readonly triggerAuthentication: string;
  /**
   * Endpoints that Patroni makes for itself and keeps its state in. The first one bears the bare cluster name: that
   * is why no Service may be called so.
   */
  readonly patroniEndpoints: readonly string[];
}

/** All names of the objects of the cluster called `cluster`. */
export function clusterNames(cluster: string): ClusterNames {
  return {
    statefulSet: cluster,
    headlessService: `${cluster}-headless`,
    primaryService: `${cluster}-primary`,
    replicaService: `${cluster}-repl`,
    poolerService: `${cluster}-pooler`,
    replicaPoolerService: `${cluster}-pooler-repl`,
    credentialsSecret: `${cluster}-credentials`,
    tls: `${cluster}-tls`,
    poolerTls: `${cluster}-pooler-tls`,
    authority: `${cluster}-authority`,
    ownTls: `${cluster}-own-tls`,
    ownPoolerTls: `${cluster}-pooler-own-tls`,
    ownReplicaPoolerTls: `${cluster}-pooler-repl-own-tls`,
    replicaPoolerTls: `${cluster}-pooler-repl-tls`,
    patroniConfigMap: `${cluster}-patroni-config`,
    pgbackrestConfigMap: `${cluster}-pgbackrest`,
    poolerConfigMap: `${cluster}-pgbouncer-config`,
    replicaPoolerConfigMap: `${cluster}-pgbouncer-replica-config`,
    patroniIdentity: `${cluster}-patroni`,
    podDisruptionBudget: `${cluster}-pdb`,
    networkPolicy: `${cluster}-network-policy`,
    poolerDeployment: `${cluster}-pooler`,
    replicaPoolerDeployment: `${cluster}-pooler-repl`,
    scaledObject: `${cluster}-readers`,
    triggerAuthentication: `${cluster}-pg-auth`,
    patroniEndpoints: [cluster, `${cluster}-config`, `${cluster}-leader`, `${cluster}-sync`],
  };
}

/** Name of the claim template; the claims are `data-<cluster>-<ordinal>`. */
export const DATA_VOLUME = "data";

/** Name of a member's PersistentVolumeClaim. `ordinal` counts from 0. */
export function dataClaimName(cluster: string, ordinal: number): string {
  return `${DATA_VOLUME}-${memberName(cluster, ordinal)}`;
}

/** Name of a member: of its pod and, equal to it, of the member in Patroni. `ordinal` counts from 0. */
export function memberName(cluster: string, ordinal: number): string {
  return `${cluster}-${ordinal}`;
}

/** Host name of a Service inside the Kubernetes cluster, without the cluster's domain. */
export function serviceHost(service: string, namespace: string): string {
  return `${service}.${namespace}.svc`;
}

/** `host:port` of a Service, as `status.connectionInfo` shows it. */
export function serviceAddress(service: string, namespace: string, port: number): string {
  return `${serviceHost(service, namespace)}:${port}`;
}

/** Where clients reach the cluster; which of the four exist depends on the spec. */
export interface ClusterAddresses {
  readonly primary: string;
  readonly replicas: string;
  readonly pooler: string;
  readonly poolerReplicas: string;
}

/** `host:port` of the four client Services of a cluster. */
export function clusterAddresses(cluster: string, namespace: string): ClusterAddresses {
  const names = clusterNames(cluster);
  return {
    primary: serviceAddress(names.primaryService, namespace, ports.postgresql.port),
    replicas: serviceAddress(names.replicaService, namespace, ports.postgresql.port),
    pooler: serviceAddress(names.poolerService, namespace, ports.pgbouncer.port),
    poolerReplicas: serviceAddress(names.replicaPoolerService, namespace, ports.pgbouncer.port),
  };
}

/** Where the backups of a cluster lie in the bucket unless `destination.path` says otherwise. */
export function defaultBackupPath(cluster: string, namespace: string): string {
  return `${namespace}/${cluster}`;
}

/** What a PostgresUpgrade called `upgrade` makes. */
export interface UpgradeNames {
  readonly targetCluster: string;
  /** Publication in the source database. */
  readonly publication: string;
  /** Subscription in the target database; its replication slot on the source has the same name. */
  readonly subscription: string;
}

/**
 * All names that derive from the name of a PostgresUpgrade. A replication slot takes lower-case letters, digits and
 * underscores only, so the hyphens and dots of a Kubernetes name become underscores in SQL.
 */
export function upgradeNames(upgrade: string): UpgradeNames {
  const identifier = upgrade.replaceAll(/[-.]/g, "_");
  return {
    targetCluster: `${upgrade}-target`,
    publication: `${identifier}_pub`,
    subscription: `${identifier}_sub`,
  };
}
