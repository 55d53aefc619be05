/** The kind PostgresUpgrade: move a PostgresCluster to a newer major version by way of a second cluster. */
import { defineKind, type KindObject } from "../schema/kind.ts";
import { canonicalPostgresUpgradeSpec } from "./canonical.ts";
import { canonicalKind } from "./canonical_kind.ts";
import { GROUP, VERSION } from "./group.ts";
import { upgradeNameRules } from "./name_rules.ts";
import { type PostgresUpgradeSpec, writtenPostgresUpgradeSpec } from "./postgres_upgrade/spec.ts";
import { type PostgresUpgradeStatus, postgresUpgradeStatus } from "./postgres_upgrade/status.ts";

/** An upgrade as controllers see it. */
export type PostgresUpgrade = KindObject<PostgresUpgradeSpec, PostgresUpgradeStatus>;

const written = defineKind({
  group: GROUP,
  version: VERSION,
  kind: "PostgresUpgrade",
  plural: "postgresupgrades",
  singular: "postgresupgrade",
  shortNames: ["pgu", "pgup", "pgupgrade"],
  categories: ["databases", "postgresql", "all"],
  description:
    "An upgrade of a PostgresCluster to a newer major version, by logical replication to a new cluster.",
  spec: writtenPostgresUpgradeSpec,
  specDescription: "The upgrade as it should go.",
  status: postgresUpgradeStatus,
  statusDescription: "The upgrade as it was last seen.",
  rules: upgradeNameRules,
  printerColumns: [
    {
      name: "Source",
      type: "string",
      jsonPath: ".spec.sourceCluster.name",
      description: "Cluster to upgrade.",
    },
    {
      name: "TargetVer",
      type: "string",
      jsonPath: ".spec.targetVersion",
      description: "Version to arrive at.",
    },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "How far the upgrade is." },
    {
      name: "Lag",
      type: "string",
      jsonPath: ".status.replication.lagSeconds",
      description: "How far the new cluster is behind, in seconds.",
    },
    {
      name: "Age",
      type: "date",
      jsonPath: ".metadata.creationTimestamp",
      description: "Time since creation.",
    },
  ],
});

export const PostgresUpgrades = canonicalKind(written, canonicalPostgresUpgradeSpec);
