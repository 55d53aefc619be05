/** What of pods and nodes is kept in memory: enough to decide, about a tenth of what the server sends. */
import type { Node, Pod } from "./kinds.ts";

type Spec = NonNullable<Pod["spec"]>;
type Container = Spec["containers"][number];
type Status = NonNullable<Pod["status"]>;
type ContainerStatus = NonNullable<Status["containerStatuses"]>[number];

/**
 * Keeps identity, labels, annotations and owners; per container its name, image and resources; node, volumes' claims and
 * what the status says of phase, conditions and containers (but not the digests and ids that name the latter on their
 * node). Pods are created whole and compared by hash, so the rest of
 * their spec is never read again.
 */
export function trimPod(pod: Pod): Pod {
  const { spec, status } = pod;
  const trimmed: Pod = { apiVersion: pod.apiVersion, kind: pod.kind, metadata: pod.metadata };
  if (spec !== undefined) trimmed.spec = trimSpec(spec);
  if (status !== undefined) trimmed.status = trimStatus(status);
  return trimmed;
}

function trimSpec(spec: Spec): Spec {
  return {
    containers: spec.containers.map(trimContainer),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(trimContainer) }),
    ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
    ...(spec.volumes === undefined ? {} : {
      volumes: spec.volumes.flatMap(({ name, persistentVolumeClaim }) =>
        persistentVolumeClaim === undefined ? [] : [{ name, persistentVolumeClaim }]
      ),
    }),
  };
}

function trimContainer({ name, image, resources }: Container): Container {
  return {
    name,
    ...(image === undefined ? {} : { image }),
    ...(resources === undefined ? {} : { resources }),
  };
}

function trimStatus(status: Status): Status {
  const { phase, reason, message, podIP, conditions, initContainerStatuses, containerStatuses, resize } =
    status;
  const kept = {
    phase,
    reason,
    message,
    podIP,
    conditions,
    initContainerStatuses: initContainerStatuses?.map(trimContainerStatus),
    containerStatuses: containerStatuses?.map(trimContainerStatus),
    resize,
  };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

function trimContainerStatus(status: ContainerStatus): ContainerStatus {
  const { containerID: _id, volumeMounts: _mounts, allocatedResourcesStatus: _devices, ...kept } = status;
  // The type asks for an imageID; an empty one costs nothing.
  return { ...kept, imageID: "" };
}

/** Keeps of a node its labels, and whether it reports. */
export function trimNode({ apiVersion, kind, metadata, status }: Node): Node {
  const { name, uid, resourceVersion, labels, deletionTimestamp } = metadata;
  const kept = { name, uid, resourceVersion, labels, deletionTimestamp };
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === "Ready")
    .map(({ lastHeartbeatTime: _, ...condition }) => condition);
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)),
    },
    status: { conditions },
  };
}
