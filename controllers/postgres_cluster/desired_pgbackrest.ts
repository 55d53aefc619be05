/** What members mount so that pgBackRest can work in them. */
import { patroniLabels } from "../../api/smoketurner/labels.ts";
import type { Applied } from "../../kube/client.ts";
import type { ConfigMap } from "../../kube/kinds.ts";
import type { Container, PodSpec } from "./environment.ts";
import {
  type MountedSecret,
  needsPgbackrest,
  PGBACKREST_MOUNT,
  pgbackrestFiles,
  pgbackrestSecrets,
  secretFolder,
} from "./pgbackrest.ts";
import { childMetadata, type Cluster, nameOf, namesOf } from "./shape.ts";

/** Only the database's own user and group read keys. */
const SECRET_MODE = 0o440;

const VOLUME = "pgbackrest";

/** Configuration and scripts. */
export function desiredPgbackrestConfigMap(cluster: Cluster): Applied<ConfigMap> {
  const labels = patroniLabels(nameOf(cluster));
  return {
    metadata: childMetadata(cluster, namesOf(cluster).pgbackrestConfigMap, labels),
    data: { ...pgbackrestFiles(cluster) },
  };
}

export function pgbackrestVolumes(cluster: Cluster): NonNullable<PodSpec["volumes"]> {
  if (!needsPgbackrest(cluster)) return [];
  return [
    { name: VOLUME, configMap: { name: namesOf(cluster).pgbackrestConfigMap } },
    ...pgbackrestSecrets(cluster).map((mounted) => ({
      name: volumeOf(mounted),
      secret: { secretName: mounted.secret, defaultMode: SECRET_MODE },
    })),
  ];
}

export function pgbackrestMounts(cluster: Cluster): NonNullable<Container["volumeMounts"]> {
  if (!needsPgbackrest(cluster)) return [];
  return [
    { name: VOLUME, mountPath: PGBACKREST_MOUNT, readOnly: true },
    ...pgbackrestSecrets(cluster).map((mounted) => ({
      name: volumeOf(mounted),
      mountPath: secretFolder(mounted),
      readOnly: true,
    })),
  ];
}

function volumeOf({ folder }: MountedSecret): string {
  return `${VOLUME}-${folder}`;
}
