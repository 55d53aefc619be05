/** What holds where neither the cluster nor a template says anything. Each number stands here once. */
import type { ResourceRequirements } from "../api/kubernetes/resources.ts";
import type { BackupConfig } from "../api/multigres/backup.ts";
import { wholeRangeShard } from "../api/multigres/identifiers.ts";

/** Members of an etcd: the least number that survives the loss of one. */
export const etcdMembers = 3;

/** Topology records are few and small. */
export const etcdVolume = "1Gi";

export const globalRootPath = "/multigres/global";

export function localRootPath(cell: string): string {
  return `/multigres/${cell}`;
}

/** Client that talks to a topology server. */
export const topologyImplementation = "etcd";

/** Pods of each component that runs as a Deployment, for gateways and orchestrators in each cell. */
export const statelessReplicas = 1;

/** Data volume of an instance: enough to try things out. */
export const poolVolume = "1Gi";

export const poolType = "readWrite";

/** The pool of a shard that has none otherwise. */
export const implicitPool = "default";

/**
 * Instances of a pool in each cell. In a single cell it takes two for a commit to be held by two instances, as
 * {@link durability} asks; several cells reach that with one each.
 */
export function replicasPerCell(cells: number): number {
  return cells === 1 ? 2 : 1;
}

export const durability = "AT_LEAST_2";
export const superuser = "postgres";
export const pullPolicy = "IfNotPresent";

/** Folder, and size of the volume, of a repository on a volume. */
export const repositoryFolder = "/backups";
export const repositoryVolume = "10Gi";

/** Where backups go when no level says: to a volume. */
export const volumeBackup: BackupConfig = { type: "filesystem", filesystem: {} };

/** Fills in folder and size of a repository on a volume. */
export function completeBackup(backup: BackupConfig): BackupConfig {
  if (backup.type !== "filesystem") return backup;
  const { path, storage } = backup.filesystem ?? {};
  return {
    ...backup,
    filesystem: {
      path: path === undefined || path === "" ? repositoryFolder : path,
      storage: { ...storage, size: storage?.size ?? repositoryVolume },
    },
  };
}

/** What a cluster is made of when it does not say. */
export const implicitDatabase = { name: "postgres", default: true } as const;
export const implicitTableGroup = { name: "default", default: true } as const;
export const implicitShard = { name: wholeRangeShard } as const;

/** No limit of CPU: it would slow a component down although the node is idle. */
function resources(cpu: string, memory: string, memoryLimit: string): () => ResourceRequirements {
  return () => ({ requests: { cpu, memory }, limits: { memory: memoryLimit } });
}

/** Resources of each container. Functions, so that no two objects share them. */
export const defaultResources = {
  etcd: resources("100m", "256Mi", "512Mi"),
  multiadmin: resources("100m", "128Mi", "256Mi"),
  multiadminWeb: resources("50m", "64Mi", "128Mi"),
  multigateway: resources("100m", "128Mi", "256Mi"),
  multiorch: resources("50m", "64Mi", "128Mi"),
  multipooler: resources("100m", "128Mi", "256Mi"),
  postgres: resources("100m", "256Mi", "512Mi"),
} as const;

export type DefaultedComponent = keyof typeof defaultResources;
