/** The StatefulSet of a cluster's members. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { labelKeys, type LabelSet, patroniIdentity, patroniLabels } from "../../api/smoketurner/labels.ts";
import { DATA_VOLUME } from "../../api/smoketurner/names.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import type { ResourceRequirements } from "../../api/smoketurner/resources.ts";
import type { Applied } from "../../kube/client.ts";
import type { StatefulSet } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { askedHash } from "./asked.ts";
import { encryptionKeys } from "../../api/smoketurner/secret_keys.ts";
import { PGP_MOUNT, pgpSecret } from "./backup_environment.ts";
import type { Container, PodSpec } from "./environment.ts";
import { exporterContainers } from "./desired_exporter.ts";
import { pgbackrestMounts, pgbackrestVolumes } from "./desired_pgbackrest.ts";
import { PERMISSIONS_IMAGE, SPILO_IMAGES } from "./images.ts";
import { podEnvironment, TLS_MOUNT } from "./pod_environment.ts";
import {
  childMetadata,
  type Cluster,
  DATA_MOUNT,
  nameOf,
  namesOf,
  POSTGRES_CONTAINER,
  tlsMode,
  tlsSecrets,
} from "./shape.ts";

type Spec = NonNullable<StatefulSet["spec"]>;
type ClaimTemplate = NonNullable<Spec["volumeClaimTemplates"]>[number];
type Existing = Frozen<StatefulSet> | undefined;

/** User and group `postgres` of the image. */
const POSTGRES_USER = 101;
const POSTGRES_GROUP = 103;

/** Permissions of mounted keys: PostgreSQL refuses those that others may read, but takes its own group. */
const TLS_MODE = 0o640;
const PGP_MODE = 0o400;

/** Time for a clean shutdown, in seconds: a checkpoint has to be written. */
const GRACE_SECONDS = 60;

/**
 * Services need a moment to leave a standby out, so it goes on for a while. The primary must not wait: its clients wait for
 * the next one, and by force another pod of its name may already be starting on the same volume. What a member does when it
 * is told to stop is Patroni's: it hands its office over and shuts PostgreSQL down.
 */
const LEAVING_SECONDS = 5;
const isStandby = `curl -sf -m 1 -o /dev/null http://localhost:${ports.patroni.port}/replica`;
const LEAVE = `if ${isStandby}; then sleep ${LEAVING_SECONDS}; fi`;

/**
 * Patroni has 310 s to come up. PostgreSQL may take as long as it needs: copying a large database takes hours, and a restart
 * would begin it again.
 */
const START = { initialDelaySeconds: 2, periodSeconds: 2, failureThreshold: 154 };

/** Every restart, failover and growth waits until a member is ready, so it is asked often; 30 s without a yes make it unready. */
const READY = { initialDelaySeconds: 2, periodSeconds: 3, failureThreshold: 10 };

export interface StatefulSetPlan {
  readonly existing: Existing;
  /** Members that there should be; undefined leaves the number to whoever owns it. */
  readonly replicas: number | undefined;
}

/** What nobody may change of a StatefulSet follows the one that stands; see `storage.ts` for when that one is replaced. */
export function desiredStatefulSet(cluster: Cluster, plan: StatefulSetPlan): Applied<StatefulSet> {
  const { existing, replicas } = plan;
  const labels = memberLabels(cluster);
  const standing = existing?.spec;
  const selector = standing?.selector.matchLabels ?? patroniIdentity(nameOf(cluster));
  return {
    metadata: childMetadata(cluster, namesOf(cluster).statefulSet, labels),
    spec: {
      serviceName: standing?.serviceName ?? namesOf(cluster).headlessService,
      ...(replicas === undefined ? {} : { replicas }),
      // Any member may be the one that knows most, so none waits for another to become ready.
      podManagementPolicy: standing?.podManagementPolicy ?? "Parallel",
      // Which member is restarted when depends on who leads: see `rollout.ts`.
      updateStrategy: { type: "OnDelete" },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      selector: { matchLabels: { ...selector } },
      template: {
        metadata: {
          labels: { ...labels, ...selector },
          annotations: { [annotations.askedHash]: askedHash(cluster) },
        },
        spec: podSpec(cluster),
      },
      volumeClaimTemplates: claimTemplates(cluster, existing),
    },
  };
}

/** Labels of StatefulSet and members: those of the user among them. */
export function memberLabels(cluster: Cluster): LabelSet {
  return patroniLabels(nameOf(cluster), cluster.spec.labels);
}

function podSpec(cluster: Cluster): PodSpec {
  return {
    serviceAccountName: namesOf(cluster).patroniIdentity,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: {
      fsGroup: POSTGRES_GROUP,
      runAsUser: POSTGRES_USER,
      runAsGroup: POSTGRES_GROUP,
      seccompProfile: { type: "RuntimeDefault" },
    },
    affinity: { podAntiAffinity: spread(nameOf(cluster)) },
    initContainers: [permissions()],
    containers: [postgres(cluster), ...exporterContainers(cluster)],
    volumes: volumes(cluster),
  };
}

function spread(cluster: string) {
  const matchExpressions = [{ key: labelKeys.cluster, operator: "In", values: [cluster] }];
  const term = (weight: number, topologyKey: string) => ({
    weight,
    podAffinityTerm: { labelSelector: { matchExpressions }, topologyKey },
  });
  return {
    preferredDuringSchedulingIgnoredDuringExecution: [
      term(100, "kubernetes.io/hostname"),
      term(50, "topology.kubernetes.io/zone"),
    ],
  };
}

/** Volumes come with root as their owner; PostgreSQL wants its folder for itself. */
function permissions(): Container {
  const owner = `${POSTGRES_USER}:${POSTGRES_GROUP}`;
  return {
    name: "init-permissions",
    image: PERMISSIONS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c"],
    args: [`chown -R ${owner} ${DATA_MOUNT} && chmod 700 ${DATA_MOUNT}`],
    securityContext: { runAsUser: 0, runAsGroup: 0, allowPrivilegeEscalation: false },
    volumeMounts: [{ name: DATA_VOLUME, mountPath: DATA_MOUNT }],
  };
}

function postgres(cluster: Cluster): Container {
  const resources = containerResources(cluster.spec.resources);
  return {
    name: POSTGRES_CONTAINER,
    image: SPILO_IMAGES[cluster.spec.version],
    imagePullPolicy: "IfNotPresent",
    env: podEnvironment(cluster),
    ports: [ports.postgresql, ports.patroni].map(({ name, port }) => ({
      name,
      containerPort: port,
      protocol: "TCP",
    })),
    ...(resources === undefined ? {} : { resources }),
    resizePolicy: resizePolicy(cluster.spec.resources),
    securityContext: {
      runAsUser: POSTGRES_USER,
      runAsGroup: POSTGRES_GROUP,
      allowPrivilegeEscalation: false,
    },
    startupProbe: probe("/liveness", START),
    readinessProbe: probe("/readiness", READY),
    livenessProbe: probe("/liveness", { initialDelaySeconds: 30, periodSeconds: 10, failureThreshold: 6 }),
    lifecycle: { preStop: { exec: { command: ["/bin/sh", "-c", LEAVE] } } },
    volumeMounts: mounts(cluster),
  };
}

interface Rhythm {
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

function probe(path: string, rhythm: Rhythm) {
  const httpGet = { path, port: ports.patroni.port, scheme: "HTTP" };
  return { httpGet, timeoutSeconds: 5, successThreshold: 1, ...rhythm };
}

/** CPU and memory without the operator's own switch. */
export function containerResources(
  resources: ResourceRequirements | undefined,
): { limits?: Record<string, string>; requests?: Record<string, string> } | undefined {
  const part = (given: { cpu?: string; memory?: string } | undefined) => {
    const entries = Object.entries(given ?? {}).filter((entry) => entry[1] !== undefined);
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  const limits = part(resources?.limits);
  const requests = part(resources?.requests);
  if (limits === undefined && requests === undefined) return undefined;
  return { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
}

/** What a new amount of CPU or memory does to a running container. */
export function resizePolicy(resources: ResourceRequirements | undefined) {
  const restartPolicy = resources?.restartOnResize ? "RestartContainer" : "NotRequired";
  return ["cpu", "memory"].map((resourceName) => ({ resourceName, restartPolicy }));
}

function mounts(cluster: Cluster): NonNullable<Container["volumeMounts"]> {
  return [
    { name: DATA_VOLUME, mountPath: DATA_MOUNT },
    { name: "tmp", mountPath: "/var/lib/tmp" },
    ...(tlsMode(cluster) === "off" ? [] : [{ name: "tls-certs", mountPath: TLS_MOUNT, readOnly: true }]),
    ...(pgpSecret(cluster) === undefined
      ? []
      : [{ name: "backup-encryption-key", mountPath: PGP_MOUNT, readOnly: true }]),
    ...pgbackrestMounts(cluster),
  ];
}

function volumes(cluster: Cluster): NonNullable<PodSpec["volumes"]> {
  const pgp = pgpSecret(cluster);
  const key = encryptionKeys.pgp;
  return [
    { name: "tmp", emptyDir: {} },
    ...(tlsMode(cluster) === "off"
      ? []
      : [{ name: "tls-certs", secret: { secretName: tlsSecrets(cluster).members, defaultMode: TLS_MODE } }]),
    ...(pgp === undefined ? [] : [{
      name: "backup-encryption-key",
      secret: {
        secretName: pgp,
        defaultMode: PGP_MODE,
        optional: false,
        items: [{ key, path: key, mode: PGP_MODE }],
      },
    }]),
    ...pgbackrestVolumes(cluster),
  ];
}

function claimTemplates(cluster: Cluster, existing: Existing): ClaimTemplate[] {
  const standing = existing?.spec?.volumeClaimTemplates;
  if (standing !== undefined) return standing.map((template) => structuredClone(template) as ClaimTemplate);
  const { size, storageClass } = cluster.spec.storage;
  return [{
    metadata: { name: DATA_VOLUME },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: size } },
      ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
    },
  }];
}
