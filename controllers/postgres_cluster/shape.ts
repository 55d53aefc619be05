/** What the builders of a PostgresCluster's objects have in common. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { labelKeys, type LabelSet, standardLabels } from "../../api/smoketurner/labels.ts";
import { clusterNames } from "../../api/smoketurner/names.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import type { ObjectKey } from "../../kube/types.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { Stored } from "../../kube/types.ts";

/** A cluster as the API server has it. */
export type Cluster = PostgresCluster & Stored;

/** Folder that the volume of a member is mounted at. */
export const DATA_MOUNT = "/var/lib/postgresql/data";

/** Where a member's database is: on its volume, as the image's own default is not. */
export const DATA_FOLDER = `${DATA_MOUNT}/pgdata`;

/** Container of a member that PostgreSQL runs in. */
export const POSTGRES_CONTAINER = "postgres";

/** `metadata` of a child of this name. */
export function childMetadata(
  cluster: Cluster,
  name: string,
  labels: LabelSet = standardLabels(nameOf(cluster)),
) {
  return {
    name,
    namespace: namespaceOf(cluster),
    labels: { ...labels },
    ownerReferences: [controllerReference(cluster)],
  };
}

export function nameOf({ metadata }: PostgresCluster): string {
  return metadata.name;
}

/** PostgresClusters are namespaced, so one from the API server has a namespace. */
export function namespaceOf({ metadata }: PostgresCluster): string {
  return metadata.namespace ?? "default";
}

export function namesOf(cluster: PostgresCluster) {
  return clusterNames(nameOf(cluster));
}

export function keyIn(cluster: PostgresCluster, name: string): ObjectKey {
  return { namespace: namespaceOf(cluster), name };
}

/** Selects pods of databases: those of poolers carry the cluster's name, too, but not the second label. */
export function memberSelector(cluster: PostgresCluster): Record<string, string> {
  return { [labelKeys.cluster]: nameOf(cluster), [labelKeys.application]: "spilo" };
}

/** How a cluster gets its certificates. */
export type TlsMode = "off" | "own-authority" | "cert-manager";

export function tlsMode({ spec }: PostgresCluster): TlsMode {
  if (!spec.tls.enabled) return "off";
  return spec.tls.issuerRef === undefined || spec.tls.issuerRef.name.trim() === ""
    ? "own-authority"
    : "cert-manager";
}

/** Secrets with the certificates of members and poolers; which of them exist depends on the spec. */
export function tlsSecrets(cluster: PostgresCluster) {
  const names = namesOf(cluster);
  return tlsMode(cluster) === "cert-manager"
    ? { members: names.tls, pooler: names.poolerTls, replicaPooler: names.replicaPoolerTls }
    : { members: names.ownTls, pooler: names.ownPoolerTls, replicaPooler: names.ownReplicaPoolerTls };
}

/** Whether members may be restarted for resources that cannot be changed while they run. */
export function mayRestartForResources({ metadata }: PostgresCluster): boolean {
  return metadata.annotations?.[annotations.resizeFallback] === "restart";
}
