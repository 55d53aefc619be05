/** The StatefulSet of an etcd cluster. */
import { images } from "../../api/multigres/images.ts";
import { ports } from "../../api/multigres/ports.ts";
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import type { Applied } from "../../kube/client.ts";
import type { StatefulSet } from "../../kube/kinds.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import {
  childMetadata,
  CLAIM,
  DEFAULT_REPLICAS,
  DEFAULT_STORAGE,
  headlessName,
  labelsOf,
  selectorOf,
} from "./shape.ts";

const DATA_FOLDER = "/var/lib/etcd";

type Container = NonNullable<NonNullable<StatefulSet["spec"]>["template"]["spec"]>["containers"][number];
type EnvVar = NonNullable<Container["env"]>[number];
type ClaimTemplate = NonNullable<NonNullable<StatefulSet["spec"]>["volumeClaimTemplates"]>[number];

/** Members that the cluster has, or is made with: the count of an existing one is never changed (see `plan.ts`). */
export function memberCount(topoServer: TopoServer, existing: Frozen<StatefulSet> | undefined): number {
  return existing?.spec?.replicas ?? topoServer.spec.etcd?.replicas ?? DEFAULT_REPLICAS;
}

/**
 * @param existing what stands now; fields that Kubernetes lets nobody change (selector, claim templates) follow it.
 */
export function desiredStatefulSet(
  topoServer: TopoServer & Stored,
  existing: Frozen<StatefulSet> | undefined,
): Applied<StatefulSet> {
  const { name } = topoServer.metadata;
  const selector = selectorOf(topoServer, existing);
  const { placement, etcd, pvcDeletionPolicy } = topoServer.spec;
  const tolerations = placement?.tolerations ?? [];
  return {
    metadata: childMetadata(topoServer, name),
    spec: {
      serviceName: headlessName(topoServer),
      replicas: memberCount(topoServer, existing),
      // Members need each other to become ready, so they start together.
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "RollingUpdate" },
      selector: { matchLabels: selector },
      // The topology outlives its object: only the cluster's own deletion removes these claims.
      persistentVolumeClaimRetentionPolicy: {
        whenDeleted: "Retain",
        whenScaled: (etcd?.pvcDeletionPolicy ?? pvcDeletionPolicy)?.whenScaled ?? "Retain",
      },
      template: {
        metadata: { labels: { ...labelsOf(topoServer), ...selector } },
        spec: {
          containers: [etcdContainer(topoServer, memberCount(topoServer, existing))],
          ...(tolerations.length === 0 ? {} : { tolerations: [...tolerations] }),
        },
      },
      volumeClaimTemplates: claimTemplates(topoServer, existing),
    },
  };
}

function etcdContainer(topoServer: TopoServer, members: number): Container {
  const { etcd } = topoServer.spec;
  const resources = etcd?.resources;
  return {
    name: "etcd",
    image: etcd?.image ?? images.etcd,
    env: environment(topoServer, members),
    ports: Object.entries(ports.etcd).map(([name, containerPort]) => ({
      name,
      containerPort,
      protocol: "TCP",
    })),
    startupProbe: { ...probe("/readyz", 5), failureThreshold: 30 },
    livenessProbe: probe("/livez", 10),
    readinessProbe: probe("/readyz", 5),
    volumeMounts: [{ name: CLAIM, mountPath: DATA_FOLDER }],
    ...(resources === undefined ? {} : { resources }),
  };
}

function probe(path: string, periodSeconds: number) {
  return { httpGet: { path, port: ports.etcd.metrics }, periodSeconds };
}

function environment(topoServer: TopoServer, members: number): EnvVar[] {
  const { name, namespace } = topoServer.metadata;
  const headless = headlessName(topoServer);
  const self = `http://$(POD_NAME).${headless}.$(POD_NAMESPACE).svc.cluster.local`;
  const peers = Array.from(
    { length: members },
    (_, at) =>
      `${name}-${at}=http://${name}-${at}.${headless}.${namespace}.svc.cluster.local:${ports.etcd.peer}`,
  );
  return [
    field("POD_NAME", "metadata.name"),
    field("POD_NAMESPACE", "metadata.namespace"),
    { name: "ETCD_NAME", value: "$(POD_NAME)" },
    { name: "ETCD_DATA_DIR", value: DATA_FOLDER },
    { name: "ETCD_LISTEN_CLIENT_URLS", value: `http://[::]:${ports.etcd.client}` },
    { name: "ETCD_LISTEN_PEER_URLS", value: `http://[::]:${ports.etcd.peer}` },
    { name: "ETCD_LISTEN_METRICS_URLS", value: `http://[::]:${ports.etcd.metrics}` },
    { name: "ETCD_ADVERTISE_CLIENT_URLS", value: `${self}:${ports.etcd.client}` },
    { name: "ETCD_INITIAL_ADVERTISE_PEER_URLS", value: `${self}:${ports.etcd.peer}` },
    { name: "ETCD_INITIAL_CLUSTER_STATE", value: "new" },
    { name: "ETCD_INITIAL_CLUSTER_TOKEN", value: name },
    { name: "ETCD_INITIAL_CLUSTER", value: peers.join(",") },
  ];
}

function field(name: string, fieldPath: string): EnvVar {
  // With the version that the API server would fill in: what is said in full can be compared without asking it.
  return { name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } };
}

function claimTemplates(topoServer: TopoServer, existing: Frozen<StatefulSet> | undefined): ClaimTemplate[] {
  const standing = existing?.spec?.volumeClaimTemplates;
  if (standing !== undefined) return standing.map((template) => structuredClone(template) as ClaimTemplate);
  const { size, class: className, accessModes } = topoServer.spec.etcd?.storage ?? {};
  return [{
    metadata: { name: CLAIM },
    spec: {
      accessModes: accessModes === undefined || accessModes.length === 0
        ? ["ReadWriteOnce"]
        : [...accessModes],
      resources: { requests: { storage: size ?? DEFAULT_STORAGE } },
      ...(className === undefined ? {} : { storageClassName: className }),
    },
  }];
}
