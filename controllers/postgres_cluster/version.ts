/** The version that a cluster's members run with: that of their files; see `versionFault` for why. */
import type { PostgresVersion } from "../../api/smoketurner/version.ts";
import { POSTGRES_VERSIONS } from "../../api/smoketurner/version.ts";
import { type VersionFault, versionFault } from "../../resolve/validation/postgres_version.ts";
import type { Cluster } from "./shape.ts";

/** Why a cluster cannot have the version that is asked for; undefined when it can. */
export function versionFaultOf({ spec, status, metadata: { name } }: Cluster): VersionFault | undefined {
  return versionFault({ name, wanted: spec.version, current: status?.currentVersion });
}

/** The cluster with the version that its files have. */
export function withRunnableVersion(cluster: Cluster): Cluster {
  const current = versionOf(cluster.status?.currentVersion);
  if (current === undefined || current === cluster.spec.version) return cluster;
  return { ...cluster, spec: { ...cluster.spec, version: current } };
}

function versionOf(text: string | undefined): PostgresVersion | undefined {
  return POSTGRES_VERSIONS.find((version) => version === text);
}
