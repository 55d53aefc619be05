/** What of a pod is kept in memory: enough to decide about it, about a tenth of what the server sends. */
import type { Pod } from "./kinds.ts";

type Spec = NonNullable<Pod["spec"]>;
type Container = Spec["containers"][number];

/**
 * Keeps identity, labels, annotations and owners; per container its name, image and resources; node, volumes' claims and
 * what the status says of phase, conditions and containers. Pods are created whole and compared by hash, so the rest of
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

function trimStatus(status: NonNullable<Pod["status"]>): NonNullable<Pod["status"]> {
  const { phase, reason, message, podIP, conditions, initContainerStatuses, containerStatuses, resize } =
    status;
  const kept = {
    phase,
    reason,
    message,
    podIP,
    conditions,
    initContainerStatuses,
    containerStatuses,
    resize,
  };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}
