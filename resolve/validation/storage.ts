/** Volumes: where they come from, who can mount them, and that they never shrink. */
import type { BackupConfig } from "../../api/multigres/backup.ts";
import type { StorageSpec } from "../../api/multigres/storage.ts";
import { parseQuantity } from "../../kube/quantity.ts";
import { caution, failure, type Finding } from "./finding.ts";
import { type ClusterView, poolPath, type ShardView } from "./view.ts";

/** A volume that a cluster asks for. */
interface Volume {
  /** Tells the volume from others, whatever the order of the spec. */
  readonly key: string;
  /** Of its storage settings. */
  readonly path: string;
  readonly storage: StorageSpec | undefined;
}

/** Volumes of the parts that can be worked out. */
function volumesOf(view: ClusterView): Volume[] {
  return [
    ...globalVolume(view),
    ...view.cells.flatMap(({ path, config, resolved }) => {
      const etcd = resolved.ok ? resolved.value.topoServer?.etcd : undefined;
      if (etcd === undefined) return [];
      const where = `${path}.spec.localTopoServer.etcd.storage`;
      return [{ key: `cell ${config.name}`, path: where, storage: etcd.storage }];
    }),
    ...view.shards.flatMap((shard) => shardVolumes(shard)),
  ];
}

function globalVolume({ globalTopoServer }: ClusterView): Volume[] {
  if (!globalTopoServer.ok || globalTopoServer.value.kind === "external") return [];
  const storage = globalTopoServer.value.spec.etcd?.storage;
  return [{ key: "topology", path: "spec.globalTopoServer.etcd.storage", storage }];
}

function shardVolumes(shard: ShardView): Volume[] {
  if (!shard.resolved.ok) return [];
  const { pools, backup } = shard.resolved.value.shard;
  const data = Object.entries(pools).map(([name, { storage }]) => ({
    key: `pool ${shard.name}/${name}`,
    path: `${poolPath(shard, name)}.storage`,
    storage,
  }));
  if (backup?.type !== "filesystem") return data;
  const path = `${backupPath(shard)}.filesystem.storage`;
  return [...data, { key: `backup ${shard.name}`, path, storage: backup.filesystem?.storage }];
}

function backupPath({ path, config }: ShardView): string {
  return config.backup?.type === "filesystem" ? `${path}.backup` : "spec.backup";
}

/** A claim without a class waits for ever when no class is the default. */
export function storageClassFindings(view: ClusterView): Finding[] {
  const { storageClasses } = view.around;
  if (storageClasses === undefined) return [];
  const volumes = volumesOf(view);
  const names = new Set(storageClasses.map(({ name }) => name));
  return [
    ...(storageClasses.some(({ isDefault }) => isDefault) ? [] : classless(volumes)),
    ...volumes.flatMap(({ path, storage }) => {
      if (storage?.class === undefined || names.has(storage.class)) return [];
      const message = `${path}.class names StorageClass ${storage.class}, which does not exist yet: ` +
        "its volumes wait until it does.";
      return [caution("StorageClassExists", `${path}.class`, message)];
    }),
  ];
}

function classless(volumes: readonly Volume[]): Finding[] {
  const paths = [
    ...new Set(volumes.filter(({ storage }) => storage?.class === undefined).map(({ path }) => path)),
  ];
  const [first] = paths;
  if (first === undefined) return [];
  const message =
    `Cannot provide volumes for ${paths.join(", ")} as no StorageClass is named there and none is the ` +
    "default of this Kubernetes cluster: set class, or mark a StorageClass with " +
    'storageclass.kubernetes.io/is-default-class: "true".';
  return [failure("StorageClassGiven", `${first}.class`, message)];
}

/** Instances of several nodes write to one repository, so its volume has to be mounted by all of them. */
export function backupVolumeFindings(view: ClusterView): Finding[] {
  return view.shards.flatMap((shard) => {
    if (!shard.resolved.ok) return [];
    const { backup, pools } = shard.resolved.value.shard;
    const instances = Object.values(pools).reduce(
      (sum, { cells = [], replicasPerCell = 1 }) => sum + cells.length * replicasPerCell,
      0,
    );
    if (instances <= 1 || isShared(backup)) return [];
    const path = `${backupPath(shard)}.filesystem.storage.accessModes`;
    const message =
      `${path} lacks ReadWriteMany while shard ${shard.name} has ${instances} instances: those on other ` +
      "nodes cannot mount the backup volume. Use a class that can share volumes, or a backup of type s3.";
    return [caution("BackupVolumeShared", path, message)];
  });
}

function isShared(backup: BackupConfig | undefined): boolean {
  if (backup?.type !== "filesystem") return true;
  return backup.filesystem?.storage?.accessModes?.includes("ReadWriteMany") ?? false;
}

/** Volumes can be expanded; there is no way back. Sizes that cannot be read are left to others. */
export function storageGrowsOnly(before: ClusterView, now: ClusterView): Finding[] {
  const earlier = new Map(volumesOf(before).map(({ key, storage }) => [key, storage?.size]));
  return volumesOf(now).flatMap(({ key, path, storage }) => {
    const [was, is] = [earlier.get(key), storage?.size];
    const [bytesBefore, bytes] = [parseQuantity(was), parseQuantity(is)];
    if (bytesBefore === undefined || bytes === undefined || bytes >= bytesBefore) return [];
    const message = `Cannot shrink ${path}.size to ${is} as volumes only grow: current value is ${was}. ` +
      `Leave it at ${was} or above.`;
    return [failure("StorageGrowsOnly", `${path}.size`, message)];
  });
}
