/** The volumes that all containers of a pool's pod draw from, but for those of backups. */
import {
  dataClaimName,
  exporterQueriesConfigMapName,
  hbaConfigMapName,
  poolPodName,
  postgresConfigMapName,
} from "../../api/multigres/names.ts";
import type { Volume, VolumeMount } from "../components/pod_parts.ts";
import { files, folders, volumes } from "./shape.ts";
import { poolPath, type PoolView } from "./view.ts";

/** In the order of the pod; those of backups go behind the last, except the repository, which goes behind the first. */
export function ownVolumes(pool: PoolView, index: number): [data: Volume, ...rest: Volume[]] {
  const { metadata, spec } = pool.shard.owner;
  const password = spec.postgresPasswordSecretRef;
  return [
    {
      name: volumes.data,
      persistentVolumeClaim: { claimName: dataClaimName(poolPodName(poolPath(pool), index)) },
    },
    { name: volumes.sockets, emptyDir: {} },
    { name: volumes.hba, configMap: { name: hbaConfigMapName(metadata.name) } },
    {
      name: volumes.password,
      secret: {
        secretName: password.name,
        // The containers may run as different users.
        defaultMode: 0o444,
        items: [{ key: password.key, path: files.password }],
      },
    },
    {
      name: volumes.settings,
      configMap: {
        name: postgresConfigMapName(metadata.name),
        items: [{ key: files.settings, path: files.settings }],
      },
    },
    { name: volumes.queries, configMap: { name: exporterQueriesConfigMapName(metadata.name) } },
  ];
}

export const dataMount: VolumeMount = { name: volumes.data, mountPath: folders.pooler };
export const socketMount: VolumeMount = { name: volumes.sockets, mountPath: folders.sockets };
export const hbaMount: VolumeMount = { name: volumes.hba, mountPath: folders.hba, readOnly: true };
export const passwordMount: VolumeMount = {
  name: volumes.password,
  mountPath: folders.password,
  readOnly: true,
};
/** The folder, not the file in it: a file that is mounted by itself never follows its ConfigMap. */
export const settingsMount: VolumeMount = {
  name: volumes.settings,
  mountPath: folders.settings,
  readOnly: true,
};
export const queriesMount: VolumeMount = {
  name: volumes.queries,
  mountPath: folders.queries,
  readOnly: true,
};
