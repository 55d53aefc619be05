/**
 * Which major version a cluster may have. PostgreSQL of one version cannot read the files of another, so the version of a
 * cluster that has run stays; a PostgresUpgrade makes a new cluster beside it.
 */
import type { PostgresVersion } from "../../api/smoketurner/version.ts";
import { POSTGRES_VERSIONS } from "../../api/smoketurner/version.ts";
import type { Cluster } from "./shape.ts";

export type VersionFinding =
  | { readonly kind: "fits" }
  | { readonly kind: "downgrade"; readonly message: string }
  | { readonly kind: "upgrade"; readonly message: string };

export function versionFinding({ spec, status, metadata }: Cluster): VersionFinding {
  const current = status?.currentVersion;
  if (current === undefined || current === spec.version) return { kind: "fits" };
  if (Number(spec.version) < Number(current)) {
    const message =
      `Cannot go back from version ${current} to spec.version ${spec.version} as older servers cannot read newer ` +
      `files: set it to ${current}.`;
    return { kind: "downgrade", message };
  }
  const message =
    `Cannot change spec.version from ${current} to ${spec.version} in place: set it back to ${current} and make a ` +
    `PostgresUpgrade with sourceCluster.name ${metadata.name} and targetVersion ${spec.version}.`;
  return { kind: "upgrade", message };
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
