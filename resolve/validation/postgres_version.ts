/**
 * Which major version a PostgresCluster may have. PostgreSQL of one version cannot read the files of another, so the version
 * of a cluster that has run stays; a PostgresUpgrade makes a new cluster beside it.
 */

/** Why a cluster cannot have a version. */
export interface VersionFault {
  readonly kind: "downgrade" | "upgrade";
  /** A sentence with the remedy. */
  readonly message: string;
}

export interface VersionQuestion {
  /** Name of the cluster. */
  readonly name: string;
  /** `spec.version`. */
  readonly wanted: string;
  /** The version that the cluster's files have, from `status.currentVersion`; absent for one that has never run. */
  readonly current?: string | undefined;
}

/** The one rule for admission and for the controller; undefined when the version is the one of the files. */
export function versionFault({ name, wanted, current }: VersionQuestion): VersionFault | undefined {
  const [to, from] = [majorVersion(wanted), majorVersion(current)];
  // What is no version is not another one.
  if (to === undefined || from === undefined || to === from) return undefined;
  if (to < from) {
    const message =
      `Cannot go back from version ${current} to spec.version ${wanted} as older servers cannot read newer files: ` +
      `set it to ${from}.`;
    return { kind: "downgrade", message };
  }
  const message =
    `Cannot change spec.version from ${current} to ${wanted} in place: set it back to ${from} and make a ` +
    `PostgresUpgrade with sourceCluster.name ${name} and targetVersion ${wanted}.`;
  return { kind: "upgrade", message };
}

/** The number before the point; older objects say `16.4`. Undefined when there is none. */
export function majorVersion(version: string | undefined): number | undefined {
  const major = Number.parseInt(version ?? "");
  return Number.isNaN(major) ? undefined : major;
}
