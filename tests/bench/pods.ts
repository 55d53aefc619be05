/** Pods of about 5 KB, as varied as those of real StatefulSets, and a namespace full of them. */
import { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../kube/clock.ts";
import type { Connection } from "../../kube/connection.ts";
import { createFetchTransport } from "../../kube/fetch_transport.ts";
import { type Pod, Pods } from "../../kube/kinds.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";

export const namespace = "bench-cache";

/** The label by which the pods are selected. */
export const podLabel = "app.kubernetes.io/managed-by=matriarch-bench";

type Spec = NonNullable<Pod["spec"]>;
type Status = NonNullable<Pod["status"]>;

const workers = 24;
const replicas = 3;
const image = "registry.example.com/postgres/postgres:17.5-bookworm";
const since = "2026-01-15T08:00:00Z";

/** Who the pods belong to: the operator remembers which of their fields it applied. */
export const fieldManager = "matriarch-bench";

/** Creates `count` pods, each with a status, as the operator and the kubelet would. */
export async function createPods(connection: Connection, count: number): Promise<void> {
  const transport = createFetchTransport(connection);
  const writer = (fieldManager: string) =>
    new KubeClient({ transport, clock: systemClock, metrics: silentMetrics, fieldManager });
  const operator = writer(fieldManager);
  const kubelet = writer("kubelet");
  let next = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < count) {
      const n = next++;
      const { metadata } = await operator.apply(Pods, podOf(n));
      await kubelet.patchStrategic(Pods, metadata, { status: statusOf(n) }, "status");
    }
  }));
  transport.close();
}

function podOf(n: number): Pod {
  const [set, ordinal] = [Math.floor(n / replicas), n % replicas];
  const name = `cluster-${set}-main-${ordinal}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: {
        "app.kubernetes.io/name": "postgres",
        "app.kubernetes.io/instance": `cluster-${set}`,
        "app.kubernetes.io/component": "shard-pool",
        "app.kubernetes.io/managed-by": "matriarch-bench",
        "apps.kubernetes.io/pod-index": String(ordinal),
        "controller-revision-hash": `cluster-${set}-main-5d8f7b9c4`,
      },
      annotations: { "checksum/config": digest(set), "prometheus.io/scrape": "true" },
      ownerReferences: [{
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        name: `cluster-${set}-main`,
        uid: uuid(set),
        controller: true,
        blockOwnerDeletion: true,
      }],
    },
    spec: specOf(name, set),
  };
}

function specOf(name: string, set: number): Spec {
  return {
    hostname: name,
    serviceAccountName: "default",
    containers: [postgres(set)],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: `data-${name}` } },
      { name: "config", configMap: { name: `cluster-${set}-config` } },
    ],
  };
}

function postgres(set: number): Spec["containers"][number] {
  return {
    name: "postgres",
    image,
    env: envOf(set),
    ports: [{ name: "postgres", containerPort: 5432 }],
    resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { memory: "2Gi" } },
    volumeMounts: [
      { name: "data", mountPath: "/var/lib/postgresql/data" },
      { name: "config", mountPath: "/etc/postgresql" },
    ],
  };
}

function envOf(set: number): NonNullable<Spec["containers"][number]["env"]> {
  return [
    { name: "CLUSTER", value: `cluster-${set}` },
    { name: "PGDATA", value: "/var/lib/postgresql/data/pgdata" },
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "PASSWORD", valueFrom: { secretKeyRef: { name: `cluster-${set}-app`, key: "password" } } },
  ];
}

function statusOf(n: number): Status {
  const ip = `10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
  const condition = (type: string) => ({ type, status: "True", lastTransitionTime: since });
  const started = {
    name: "postgres",
    image,
    imageID: `${image.split(":")[0]}@sha256:${digest(7)}`,
    containerID: `containerd://${digest(n)}`,
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: since } },
  };
  return {
    phase: "Running",
    qosClass: "Burstable",
    hostIP: "10.0.0.7",
    podIP: ip,
    podIPs: [{ ip }],
    startTime: since,
    conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(
      condition,
    ),
    containerStatuses: [started],
  };
}

/** 64 hexadecimal digits that differ from one number to the next. */
function digest(n: number): string {
  return Array.from({ length: 8 }, (_, at) => hex((n + 1) * 2654435761 + at * 40503, 8)).join("");
}

function uuid(n: number): string {
  return `${hex(n, 8)}-1111-4222-8333-${hex(n * 65537, 12)}`;
}

function hex(n: number, digits: number): string {
  return (n % 2 ** 32).toString(16).padStart(digits, "0");
}
