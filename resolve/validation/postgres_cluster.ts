/**
 * What is demanded of a PostgresCluster beyond its schema. Rules that could stand in the schema stand here where users know
 * them by the reason that they give, such as `[StorageClassImmutable]`.
 */
import type { PostgresClusterSpec } from "../../api/smoketurner/postgres_cluster/spec.ts";
import { failure, type Finding } from "./finding.ts";
import { versionFault } from "./postgres_version.ts";

export type PostgresClusterRule =
  | "BackupEncryptionRequired"
  | "StorageClassImmutable"
  | "VersionDowngradeNotAllowed"
  | "VersionChangeNotAllowed"
  | "ProductionHARequired"
  | "ProductionBackupRequired"
  | "ProductionResourceLimitsRequired"
  | "ProductionExternalAccessNotAllowed"
  | "UpgradeInProgress"
  | "ClusterSuperseded";

type ClusterFinding = Finding<PostgresClusterRule>;

/** What an earlier version of the object said; it may have been stored before it had our schema. */
export interface PostgresClusterBefore {
  readonly storageClass?: string;
  readonly version?: string;
  /** The version that its files have: `status.currentVersion`. */
  readonly currentVersion?: string;
  readonly phase?: string;
  /** The cluster that took this one's place, and the upgrade that did it. */
  readonly successor?: { readonly name: string; readonly namespace?: string; readonly upgradeName?: string };
}

export interface PostgresClusterReview {
  readonly name: string;
  readonly spec: PostgresClusterSpec;
  /** Absent for a new cluster. */
  readonly before?: PostgresClusterBefore;
  /** Labels of the namespace; absent when they are not known. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** Upgrades of the namespace; absent when they are not known. */
  readonly upgrades?: readonly UpgradeFact[];
}

/** A PostgresUpgrade of the namespace. */
export interface UpgradeFact {
  readonly name: string;
  readonly source: string;
  /** Namespace of the source where it is another one. */
  readonly sourceNamespace?: string;
  readonly phase: string;
}

/** Upgrades in these phases hold nothing up. */
const finalPhases: ReadonlySet<string> = new Set(["Completed", "Failed", "RolledBack"]);

export function isActive(upgrade: UpgradeFact): boolean {
  return !finalPhases.has(upgrade.phase);
}

/** Label of a namespace and its value that turn the stricter rules on. */
export const productionLabel = { key: "env", value: "production" } as const;

/** Rules that hold in such a namespace alone. */
export const productionRules = [
  "ProductionHARequired",
  "ProductionBackupRequired",
  "ProductionResourceLimitsRequired",
  "ProductionExternalAccessNotAllowed",
] as const satisfies readonly PostgresClusterRule[];

/** Least number of members that survive the loss of one and still have a standby. */
const productionMembers = 3;

/** In the order in which they are told; the first is what older clients show. */
const checks: readonly ((review: PostgresClusterReview) => ClusterFinding[])[] = [
  backupIsEncrypted,
  storageClassIsKept,
  versionIsThatOfTheFiles,
  productionFindings,
  noUpgradeUnderWay,
  notSuperseded,
];

export function reviewPostgresCluster(review: PostgresClusterReview): ClusterFinding[] {
  return checks.flatMap((check) => check(review));
}

function backupIsEncrypted({ spec }: PostgresClusterReview): ClusterFinding[] {
  if (spec.backup === undefined || (spec.backup.encryption?.keySecret ?? "") !== "") return [];
  return [failure(
    "BackupEncryptionRequired",
    "spec.backup.encryption",
    "Cannot keep backups unencrypted: set spec.backup.encryption.keySecret to the Secret with the key.",
  )];
}

function storageClassIsKept({ spec, before }: PostgresClusterReview): ClusterFinding[] {
  if (before === undefined || before.storageClass === spec.storage.storageClass) return [];
  const show = (name: string | undefined) => name ?? "not set";
  return [failure(
    "StorageClassImmutable",
    "spec.storage.storageClass",
    "Cannot change spec.storage.storageClass as volumes keep the class that they were made with: current value is " +
      `${show(before.storageClass)}, the new one ${
        show(spec.storage.storageClass)
      }. Move the data to a new cluster.`,
  )];
}

/**
 * | files of the cluster          | lower version | higher version |
 * | ----------------------------- | ------------- | -------------- |
 * | none known: it has never run  | refused       | taken          |
 * | of the version that is asked  | taken         | taken          |
 * | of another version            | refused       | refused        |
 *
 * Without files that are known of it may still be about to make some, of the version that was asked for before.
 */
function versionIsThatOfTheFiles({ name, spec, before }: PostgresClusterReview): ClusterFinding[] {
  if (before === undefined || before.version === spec.version) return [];
  const { currentVersion, version } = before;
  const fault = versionFault({ name, wanted: spec.version, current: currentVersion ?? version });
  if (fault === undefined) return [];
  switch (fault.kind) {
    case "downgrade":
      return [failure("VersionDowngradeNotAllowed", "spec.version", fault.message)];
    case "upgrade":
      return currentVersion === undefined
        ? []
        : [failure("VersionChangeNotAllowed", "spec.version", fault.message)];
  }
}

/** The rules of production; whatever they say holds for a cluster as it stands. */
export function productionFindings(
  { spec, namespaceLabels }: Pick<PostgresClusterReview, "spec" | "namespaceLabels">,
): ClusterFinding[] {
  const { key, value } = productionLabel;
  if (namespaceLabels?.[key] !== value) return [];
  const why = `in a namespace with label ${key}=${value}`;
  return [
    ...(spec.replicas >= productionMembers ? [] : [failure(
      "ProductionHARequired",
      "spec.replicas",
      `Cannot run ${spec.replicas} members ${why}: set spec.replicas to at least ${productionMembers}.`,
    )]),
    ...(spec.backup !== undefined ? [] : [failure(
      "ProductionBackupRequired",
      "spec.backup",
      `Cannot run without backups ${why}: set spec.backup.`,
    )]),
    ...resourceLimits(spec, why),
    ...(spec.networkPolicy?.allowExternalAccess !== true ? [] : [failure(
      "ProductionExternalAccessNotAllowed",
      "spec.networkPolicy.allowExternalAccess",
      `Cannot open the cluster to outside addresses ${why}: set spec.networkPolicy.allowExternalAccess to false, and ` +
        "name the clients in spec.networkPolicy.allowFrom.",
    )]),
  ] satisfies ClusterFinding[];
}

function resourceLimits({ resources }: PostgresClusterReview["spec"], why: string): ClusterFinding[] {
  const missing = (["cpu", "memory"] as const).filter((name) => resources?.limits?.[name] === undefined);
  if (missing.length === 0) return [];
  const fields = missing.map((name) => `spec.resources.limits.${name}`).join(" and ");
  return [failure(
    "ProductionResourceLimitsRequired",
    "spec.resources.limits",
    `Cannot run without limits ${why}: set ${fields}.`,
  )];
}

function noUpgradeUnderWay({ name, before, upgrades }: PostgresClusterReview): ClusterFinding[] {
  if (before === undefined) return [];
  const upgrade = upgrades?.find((each) =>
    each.source === name && each.sourceNamespace === undefined && isActive(each)
  );
  if (upgrade === undefined) return [];
  return [failure(
    "UpgradeInProgress",
    "spec",
    `Cannot change the cluster while PostgresUpgrade ${upgrade.name} (phase ${upgrade.phase}) replaces it: wait until ` +
      "it is done, or delete it.",
  )];
}

function notSuperseded({ before }: PostgresClusterReview): ClusterFinding[] {
  if (before?.phase !== "Superseded") return [];
  const { name, namespace, upgradeName } = before.successor ?? {};
  const who = name === undefined ? "another cluster" : `PostgresCluster ${name}`;
  const where = namespace === undefined ? "" : ` of namespace ${namespace}`;
  const how = upgradeName === undefined ? "" : ` through PostgresUpgrade ${upgradeName}`;
  return [failure(
    "ClusterSuperseded",
    "spec",
    `Cannot change the cluster as ${who}${where} took its place${how}: change that one instead.`,
  )];
}
