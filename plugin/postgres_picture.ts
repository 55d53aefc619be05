/** A PostgresCluster as it is shown. Pure. */
import type { PostgresCluster } from "../api/smoketurner/postgres_cluster.ts";
import type { Pod, Secret } from "../kube/kinds.ts";
import { certificatesOf } from "./certificates.ts";
import type { PostgresParts } from "./gather.ts";
import { instanceOf, memberRole } from "./instances.ts";
import type {
  Address,
  BackupPicture,
  ClusterPicture,
  Instance,
  InstanceGroup,
  PartPicture,
  Standing,
  Waiting,
} from "./picture.ts";
import { conditionsOf, healthOf, objectName, standingOf, type Told, waitingOf } from "./standing.ts";

export function postgresPicture(
  cluster: PostgresCluster,
  parts: PostgresParts,
  { secrets, now }: { readonly secrets: readonly Secret[]; readonly now: Date },
): ClusterPicture {
  const { metadata, spec, status } = cluster;
  const told = toldOf(cluster);
  const standing = standingOf(told);
  const dependents = [...parts.databases.map(dependent), ...parts.upgrades.map(dependent)];
  const conditions = conditionsOf(told);
  const standings = [
    { object: objectName(cluster), standing },
    ...dependents.map((each) => ({ object: each.object, standing: each })),
  ];
  return {
    kind: "PostgresCluster",
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    createdAt: metadata.creationTimestamp ?? null,
    deleting: metadata.deletionTimestamp !== undefined,
    ...standing,
    postgresVersion: spec.version,
    addresses: addressesOf(cluster),
    cells: [],
    topologyServers: [],
    tableGroups: [],
    groups: [groupOf(cluster, parts.pods, standing)],
    poolers: status?.pgbouncerEnabled === true ? { ready: status.pgbouncerReadyReplicas ?? 0 } : null,
    dependents,
    backups: [backupOf(cluster, standing)],
    certificates: certificatesOf(secrets, now),
    conditions,
    waiting: [...waitingOf(standings, conditions), ...leaving(cluster)],
  };
}

/** This family has no message beside its phase: the last failure stands for one, and else what is being done. */
function toldOf(cluster: PostgresCluster): Told {
  const { status, ...object } = cluster;
  if (status === undefined) return object;
  const progressing = status.conditions?.find(({ type, status }) =>
    type === "Progressing" && status === "True"
  );
  const degraded = status.conditions?.find(({ type, status }) => type === "Degraded" && status === "True");
  const failed = status.phase === "Failed" ? status.lastError : undefined;
  const message = failed ?? degraded?.message ?? progressing?.message ??
    status.conditions?.find(({ type }) => type === "Ready")?.message;
  const { phase, observedGeneration, conditions } = status;
  return { ...object, status: { phase, observedGeneration, conditions, message } };
}

function addressesOf({ status }: PostgresCluster): Address[] {
  const { primary, replicas, pooler, poolerReplicas } = status?.connectionInfo ?? {};
  const all = {
    primary,
    replicas,
    "pooler of the primary": pooler,
    "pooler of the replicas": poolerReplicas,
  };
  return Object.entries(all).flatMap(([purpose, address]) =>
    address === undefined ? [] : [{ purpose, address }]
  );
}

function groupOf(cluster: PostgresCluster, pods: readonly Pod[], standing: Standing): InstanceGroup {
  return {
    object: objectName(cluster),
    name: cluster.metadata.name,
    ...standing,
    database: null,
    tableGroup: null,
    shard: null,
    wanted: cluster.status?.replicas ?? cluster.spec.replicas,
    instances: pods.map((pod) => memberOf(pod, cluster)).sort((a, b) => ordinalOf(a) - ordinalOf(b)),
  };
}

function ordinalOf({ pod }: Instance): number {
  return Number(/-(\d+)$/.exec(pod)?.[1] ?? 0);
}

function memberOf(pod: Pod, { status }: PostgresCluster): Instance {
  const lag = status?.replicationLag?.find(({ podName }) => podName === pod.metadata.name);
  const resize = status?.resizeStatus?.find(({ podName }) => podName === pod.metadata.name);
  const isStanding = lag?.state !== undefined && lag.state !== "streaming" && lag.state !== "running";
  const resizing = resize === undefined || resize.status === "NoResize" ? null : `resize: ${resize.status}`;
  return instanceOf(pod, {
    role: memberRole(pod),
    // Patroni itself keeps this label up to date.
    roleIsOld: false,
    lagBytes: lag?.lagBytes ?? null,
    note: isStanding ? `Patroni: ${lag.state}` : resizing,
  });
}

function backupOf({ kind, metadata, spec, status }: PostgresCluster, standing: Standing): BackupPicture {
  const of = `${kind}/${metadata.name}`;
  if (spec.backup === undefined) return { ...noBackup, of };
  const condition = status?.conditions?.find(({ type }) => type === "BackupsHealthy");
  const backup = status?.backup ?? { enabled: true };
  return {
    of,
    health: healthOf(condition, standing),
    lastTime: backup.lastBackupTime ?? null,
    type: backup.lastBackupName ?? null,
    message: condition?.message ?? null,
    recoverableFrom: backup.recoveryWindowStart ?? null,
    recoverableTo: backup.recoveryWindowEnd ?? null,
  };
}

const noBackup: Omit<BackupPicture, "of"> = {
  health: "none",
  lastTime: null,
  type: null,
  message: "no backups are asked for",
  recoverableFrom: null,
  recoverableTo: null,
};

/** What names the cluster: its status may have a message, or else the first condition that does not hold tells one. */
function dependent(
  object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: PostgresCluster["metadata"];
    readonly status?: {
      readonly phase: string;
      readonly message?: string | undefined;
      readonly observedGeneration?: number | undefined;
      readonly conditions?: readonly { readonly status: string; readonly message?: string | undefined }[];
    };
  },
): PartPicture {
  const { status, ...rest } = object;
  const told: Told = status === undefined ? rest : {
    ...rest,
    status: {
      phase: status.phase,
      observedGeneration: status.observedGeneration,
      message: status.message ??
        status.conditions?.find((each) => each.status !== "True" && each.message !== undefined)?.message,
    },
  };
  return { object: objectName(told), name: told.metadata.name, ...standingOf(told) };
}

function leaving({ kind, metadata }: PostgresCluster): Waiting[] {
  if (metadata.deletionTimestamp === undefined) return [];
  const held = metadata.finalizers?.join(", ") ?? "nothing";
  const message = `it is being deleted; held by ${held}`;
  return [{ of: `${kind}/${metadata.name}`, reason: "Deleting", message, since: metadata.deletionTimestamp }];
}
