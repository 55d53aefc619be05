/** The poolers of a cluster: PgBouncer in front of the primary, and another one in front of the standbys. */
import { labelKeys, type LabelSet, poolerLabels, type PoolerTarget } from "../../api/smoketurner/labels.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import type { PgbouncerSpec } from "../../api/smoketurner/postgres_cluster/pgbouncer.ts";
import { certificateKeys, credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import type { Applied } from "../../kube/client.ts";
import type { ConfigMap, Deployment } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { containerResources, resizePolicy } from "./desired_stateful_set.ts";
import { type Container, type EnvVar, fromSecret, plain, type PodSpec } from "./environment.ts";
import { childMetadata, type Cluster, nameOf, namesOf, tlsMode, tlsSecrets } from "./shape.ts";

/** User and group of the image. */
const POOLER_USER = 1001;
const GRACE_SECONDS = 10;
const TLS_MODE = 0o640;
const TLS_MOUNT = "/tls";
const WORK_FOLDER = "/opt/bitnami/pgbouncer";
/** Start-up parameters of drivers that PgBouncer does not know and may pass over. */
const PASSED_OVER = "extra_float_digits,search_path";

/** The poolers that a cluster wants. */
export function wantedPoolers({ spec: { pgbouncer } }: Cluster): readonly PoolerTarget[] {
  if (!pgbouncer?.enabled) return [];
  return pgbouncer.enableReplicaPooler ? ["primary", "replicas"] : ["primary"];
}

/** Names of what belongs to a pooler. */
export function poolerNames(cluster: Cluster, target: PoolerTarget) {
  const names = namesOf(cluster);
  const secrets = tlsSecrets(cluster);
  return target === "primary"
    ? {
      deployment: names.poolerDeployment,
      service: names.poolerService,
      configMap: names.poolerConfigMap,
      host: names.primaryService,
      secret: secrets.pooler,
    }
    : {
      deployment: names.replicaPoolerDeployment,
      service: names.replicaPoolerService,
      configMap: names.replicaPoolerConfigMap,
      host: names.replicaService,
      secret: secrets.replicaPooler,
    };
}

/** Labels of a pooler's pods. Both poolers' bear the last one, so that no selector of one matches those of the other. */
export function poolerPodLabels(cluster: Cluster, target: PoolerTarget): LabelSet {
  const type = target === "primary" ? "primary" : "replica";
  return { ...poolerLabels(nameOf(cluster), target), [labelKeys.poolerType]: type };
}

/** Whether all pods that a Deployment runs bear the label that tells them from the other pooler's. */
export function isPrecise(deployment: Frozen<Deployment> | undefined): boolean {
  const { spec, status, metadata } = deployment ?? {};
  if (spec?.template.metadata?.labels?.[labelKeys.poolerType] === undefined) return false;
  const { replicas = 0, updatedReplicas = 0, observedGeneration = 0 } = status ?? {};
  return observedGeneration >= (metadata?.generation ?? Infinity) && updatedReplicas >= replicas;
}

/** @param existing what stands now; nobody may change its selector. */
export function desiredPoolerDeployment(
  cluster: Cluster,
  target: PoolerTarget,
  existing: Frozen<Deployment> | undefined,
): Applied<Deployment> {
  const settings = settingsOf(cluster);
  const labels = poolerPodLabels(cluster, target);
  const selector = existing?.spec?.selector.matchLabels ?? labels;
  return {
    metadata: childMetadata(
      cluster,
      poolerNames(cluster, target).deployment,
      poolerLabels(nameOf(cluster), target),
    ),
    spec: {
      replicas: settings.replicas,
      strategy: { type: "RollingUpdate" },
      selector: { matchLabels: { ...selector } },
      template: {
        metadata: { labels: { ...labels, ...selector } },
        spec: podSpec(cluster, target, settings),
      },
    },
  };
}

function settingsOf({ spec }: Cluster): PgbouncerSpec {
  if (spec.pgbouncer === undefined) throw new TypeError("Cannot build a pooler as spec.pgbouncer is absent");
  return spec.pgbouncer;
}

/** Connections that one pod may open to the servers: at least one, as 0 would mean without limit. */
export function connectionsOfPod({ maxDbConnections, replicas }: PgbouncerSpec): number {
  return Math.max(1, Math.floor(maxDbConnections / replicas));
}

function podSpec(cluster: Cluster, target: PoolerTarget, settings: PgbouncerSpec): PodSpec {
  const hasTls = tlsMode(cluster) !== "off";
  const { secret } = poolerNames(cluster, target);
  return {
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: {
      fsGroup: POOLER_USER,
      runAsUser: POOLER_USER,
      runAsGroup: POOLER_USER,
      seccompProfile: { type: "RuntimeDefault" },
    },
    affinity: { podAntiAffinity: spread(nameOf(cluster)) },
    containers: [container(cluster, target, settings)],
    volumes: [
      { name: "pgbouncer-config", emptyDir: {} },
      { name: "pgbouncer-tmp", emptyDir: {} },
      ...(hasTls ? [{ name: "tls-certs", secret: { secretName: secret, defaultMode: TLS_MODE } }] : []),
    ],
  };
}

function spread(cluster: string) {
  return {
    preferredDuringSchedulingIgnoredDuringExecution: [{
      weight: 100,
      podAffinityTerm: {
        labelSelector: {
          matchExpressions: [
            { key: labelKeys.cluster, operator: "In", values: [cluster] },
            { key: labelKeys.pooler, operator: "In", values: ["true"] },
          ],
        },
        topologyKey: "kubernetes.io/hostname",
      },
    }],
  };
}

function container(cluster: Cluster, target: PoolerTarget, settings: PgbouncerSpec): Container {
  const resources = containerResources(settings.resources);
  const hasTls = tlsMode(cluster) !== "off";
  return {
    name: "pgbouncer",
    image: settings.image,
    imagePullPolicy: "IfNotPresent",
    env: environment(cluster, target, settings),
    ports: [{ name: ports.pgbouncer.name, containerPort: ports.pgbouncer.port, protocol: "TCP" }],
    ...(resources === undefined ? {} : { resources }),
    resizePolicy: resizePolicy(settings.resources),
    securityContext: {
      runAsUser: POOLER_USER,
      runAsGroup: POOLER_USER,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
    },
    readinessProbe: probe(5, 3),
    livenessProbe: probe(30, 6),
    volumeMounts: [
      { name: "pgbouncer-config", mountPath: `${WORK_FOLDER}/conf` },
      { name: "pgbouncer-tmp", mountPath: `${WORK_FOLDER}/tmp` },
      ...(hasTls ? [{ name: "tls-certs", mountPath: TLS_MOUNT, readOnly: true }] : []),
    ],
  };
}

function probe(initialDelaySeconds: number, failureThreshold: number) {
  const tcpSocket = { port: ports.pgbouncer.port };
  return {
    tcpSocket,
    initialDelaySeconds,
    failureThreshold,
    periodSeconds: 10,
    timeoutSeconds: 5,
    successThreshold: 1,
  };
}

function environment(cluster: Cluster, target: PoolerTarget, settings: PgbouncerSpec): EnvVar[] {
  const hasTls = tlsMode(cluster) !== "off";
  return [
    plain("PGBOUNCER_DATABASE", "*"),
    plain("POSTGRESQL_HOST", poolerNames(cluster, target).host),
    plain("POSTGRESQL_PORT", `${ports.postgresql.port}`),
    plain("POSTGRESQL_USERNAME", "postgres"),
    fromSecret("POSTGRESQL_PASSWORD", namesOf(cluster).credentialsSecret, credentialKeys.superuserPassword),
    plain("PGBOUNCER_AUTH_TYPE", "scram-sha-256"),
    plain("PGBOUNCER_POOL_MODE", settings.poolMode),
    plain("PGBOUNCER_MAX_CLIENT_CONN", `${settings.maxClientConn}`),
    plain("PGBOUNCER_DEFAULT_POOL_SIZE", `${settings.defaultPoolSize}`),
    plain("PGBOUNCER_MAX_DB_CONNECTIONS", `${connectionsOfPod(settings)}`),
    plain("PGBOUNCER_IGNORE_STARTUP_PARAMETERS", PASSED_OVER),
    plain("PGBOUNCER_SERVER_TLS_SSLMODE", hasTls ? "require" : "prefer"),
    plain("PGBOUNCER_CLIENT_TLS_SSLMODE", hasTls ? "require" : "disable"),
    ...(hasTls
      ? [
        plain("PGBOUNCER_CLIENT_TLS_CERT_FILE", `${TLS_MOUNT}/${certificateKeys.certificate}`),
        plain("PGBOUNCER_CLIENT_TLS_KEY_FILE", `${TLS_MOUNT}/${certificateKeys.privateKey}`),
      ]
      : []),
  ];
}

/** The settings of a pooler as a document for people to read: the pods get theirs by environment variables. */
export function desiredPoolerConfigMap(cluster: Cluster, target: PoolerTarget): Applied<ConfigMap> {
  const settings = settingsOf(cluster);
  const { configMap, host } = poolerNames(cluster, target);
  const lines = [
    "[databases]",
    `* = host=${host} port=${ports.postgresql.port}`,
    "",
    "[pgbouncer]",
    ...Object.entries(pgbouncerSettings(settings)).map(([name, value]) => `${name} = ${value}`),
  ];
  return {
    metadata: childMetadata(cluster, configMap, poolerLabels(nameOf(cluster), target)),
    data: { "pgbouncer.ini": `${lines.join("\n")}\n` },
  };
}

function pgbouncerSettings(settings: PgbouncerSpec): Readonly<Record<string, string | number>> {
  return {
    listen_addr: "0.0.0.0",
    listen_port: ports.pgbouncer.port,
    auth_type: "scram-sha-256",
    auth_user: "postgres",
    auth_query: "SELECT usename, passwd FROM pg_shadow WHERE usename=$1",
    pool_mode: settings.poolMode,
    max_client_conn: settings.maxClientConn,
    default_pool_size: settings.defaultPoolSize,
    min_pool_size: 0,
    reserve_pool_size: 5,
    reserve_pool_timeout: 3,
    max_db_connections: connectionsOfPod(settings),
    server_lifetime: 3600,
    server_idle_timeout: 600,
    server_connect_timeout: 15,
    server_login_retry: 15,
    query_timeout: 0,
    query_wait_timeout: 120,
    client_idle_timeout: 0,
    client_login_timeout: 60,
    autodb_idle_timeout: 3600,
    stats_period: 60,
    log_connections: 0,
    log_disconnections: 0,
    log_pooler_errors: 1,
    ignore_startup_parameters: PASSED_OVER,
  };
}
