/** What is demanded of a PostgresUpgrade beyond its schema: what it moves is fixed, and there is something to move. */
import type { PostgresUpgradeSpec } from "../../api/smoketurner/postgres_upgrade/spec.ts";
import { failure, type Finding } from "./finding.ts";
import { isActive, type UpgradeFact } from "./postgres_cluster.ts";

export type PostgresUpgradeRule =
  | "SourceClusterImmutable"
  | "TargetVersionImmutable"
  | "SourceClusterNotFound"
  | "SourceClusterNotRunning"
  | "VersionDowngradeNotAllowed"
  | "SameVersionNotAllowed"
  | "VersionJumpTooLarge"
  | "ConcurrentUpgradeNotAllowed";

type UpgradeFinding = Finding<PostgresUpgradeRule>;

/** What an earlier version of the object said. */
export interface PostgresUpgradeBefore {
  readonly source?: string;
  readonly sourceNamespace?: string;
  readonly targetVersion?: string;
}

/** The cluster that an upgrade starts from. */
export interface SourceFact {
  readonly phase: string;
  readonly version: string;
}

export interface PostgresUpgradeReview {
  readonly name: string;
  readonly spec: PostgresUpgradeSpec;
  /** Absent for a new upgrade. */
  readonly before?: PostgresUpgradeBefore;
  /** `none`: there is no such cluster; absent: it is not known whether there is. */
  readonly source?: SourceFact | "none";
  /** Other upgrades of the namespace; absent when they are not known. */
  readonly others?: readonly UpgradeFact[];
}

/** Major versions that one upgrade may pass at most. */
const longestJump = 2;

/**
 * Judges an upgrade. The source is looked at when the upgrade is made, and not again: neither source nor version can be
 * changed, and once the source has been replaced it runs no more, while the upgrade must still be able to end.
 */
export function reviewPostgresUpgrade(review: PostgresUpgradeReview): UpgradeFinding[] {
  if (review.before !== undefined) return fixedFields(review, review.before);
  return [...sourceFindings(review), ...concurrent(review)];
}

function fixedFields({ spec }: PostgresUpgradeReview, before: PostgresUpgradeBefore): UpgradeFinding[] {
  const { sourceCluster: { name, namespace }, targetVersion } = spec;
  const findings: UpgradeFinding[] = [];
  if (name !== before.source || namespace !== before.sourceNamespace) {
    const was = `${before.sourceNamespace === undefined ? "" : `${before.sourceNamespace}/`}${before.source}`;
    findings.push(failure(
      "SourceClusterImmutable",
      "spec.sourceCluster",
      `Cannot change spec.sourceCluster of an upgrade: current value is ${was}. Make another upgrade.`,
    ));
  }
  if (targetVersion !== before.targetVersion) {
    findings.push(failure(
      "TargetVersionImmutable",
      "spec.targetVersion",
      `Cannot change spec.targetVersion of an upgrade: current value is ${before.targetVersion}. Make another upgrade.`,
    ));
  }
  return findings;
}

function sourceFindings({ spec, source }: PostgresUpgradeReview): UpgradeFinding[] {
  const { name } = spec.sourceCluster;
  if (source === undefined) return [];
  if (source === "none") {
    return [failure(
      "SourceClusterNotFound",
      "spec.sourceCluster.name",
      `Cannot upgrade PostgresCluster ${name} as there is none of this name: correct spec.sourceCluster.`,
    )];
  }
  if (source.phase !== "Running") {
    return [failure(
      "SourceClusterNotRunning",
      "spec.sourceCluster.name",
      `Cannot upgrade PostgresCluster ${name} as it does not run: its phase is ${source.phase}. Wait until it is Running.`,
    )];
  }
  return directionFindings(spec, source);
}

function directionFindings(spec: PostgresUpgradeSpec, source: SourceFact): UpgradeFinding[] {
  const [from, to] = [Number.parseInt(source.version), Number.parseInt(spec.targetVersion)];
  const path = "spec.targetVersion";
  const current = `PostgresCluster ${spec.sourceCluster.name} runs version ${source.version}`;
  if (to < from) {
    const message =
      `Cannot upgrade to version ${spec.targetVersion} as ${current}: name a higher version in ${path}.`;
    return [failure("VersionDowngradeNotAllowed", path, message)];
  }
  if (to === from) {
    const message =
      `Cannot upgrade to version ${spec.targetVersion} as ${current} already: name a higher one in ${path}.`;
    return [failure("SameVersionNotAllowed", path, message)];
  }
  if (to - from <= longestJump) return [];
  const message =
    `Cannot upgrade to version ${spec.targetVersion} at once as ${current}: go ${longestJump} versions at a time.`;
  return [failure("VersionJumpTooLarge", path, message)];
}

function concurrent({ name, spec, others }: PostgresUpgradeReview): UpgradeFinding[] {
  const { name: source } = spec.sourceCluster;
  const other = others?.find((each) => each.name !== name && each.source === source && isActive(each));
  if (other === undefined) return [];
  return [failure(
    "ConcurrentUpgradeNotAllowed",
    "spec.sourceCluster.name",
    `Cannot upgrade PostgresCluster ${source} as PostgresUpgrade ${other.name} (phase ${other.phase}) does so already: ` +
      "wait until it is done, or delete it.",
  )];
}
