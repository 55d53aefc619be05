import assert from "node:assert/strict";
import { PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import {
  type PostgresUpgradeReview,
  type PostgresUpgradeRule,
  reviewPostgresUpgrade,
} from "./postgres_upgrade.ts";

function spec(
  targetVersion = "17",
  sourceCluster: Record<string, string> = { name: "c" },
): PostgresUpgradeReview["spec"] {
  const decoded = PostgresUpgrades.decode({
    metadata: { name: "up" },
    spec: { sourceCluster, targetVersion },
  });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.spec;
}

const running = { phase: "Running", version: "15" };
const before = { source: "c", targetVersion: "17" };
const other = { name: "other", source: "c", phase: "Replicating" };

type Case = readonly [Partial<PostgresUpgradeReview>, Partial<PostgresUpgradeReview>];

const cases: Readonly<Record<PostgresUpgradeRule, readonly Case[]>> = {
  SourceClusterImmutable: [
    [{ before: { ...before, source: "d" } }, { before }],
    [{ before: { ...before, sourceNamespace: "n" } }, {
      spec: spec("17", { name: "c", namespace: "n" }),
      before: { ...before, sourceNamespace: "n" },
    }],
  ],
  TargetVersionImmutable: [[{ before: { ...before, targetVersion: "16" } }, { before }]],
  SourceClusterNotFound: [
    [{ source: "none" }, { source: running }],
    [{ source: "none" }, {}],
    [{ source: "none" }, { source: "none", before }],
  ],
  SourceClusterNotRunning: [
    [{ source: { ...running, phase: "Pending" } }, { source: running }],
    [{ source: { ...running, phase: "Superseded" } }, {
      source: { ...running, phase: "Superseded" },
      before,
    }],
  ],
  VersionDowngradeNotAllowed: [[{ spec: spec("15"), source: { ...running, version: "16" } }, {
    spec: spec("16"),
    source: running,
  }]],
  SameVersionNotAllowed: [[{ spec: spec("15"), source: running }, { source: running }]],
  VersionJumpTooLarge: [[{ source: { ...running, version: "14" } }, { source: running }]],
  ConcurrentUpgradeNotAllowed: [
    [{ others: [other] }, { others: [{ ...other, phase: "RolledBack" }] }],
    [{ others: [other] }, { others: [{ ...other, source: "d" }] }],
    [{ others: [other] }, { others: [{ ...other, name: "up" }] }],
    [{ others: [other] }, { others: [other], before }],
  ],
};

function rules(given: Partial<PostgresUpgradeReview>): string[] {
  return reviewPostgresUpgrade({ name: "up", spec: spec(), ...given }).map((finding) => finding.rule);
}

for (const [rule, list] of Object.entries(cases)) {
  Deno.test(`${rule} speaks up where it must, and is silent otherwise`, () => {
    for (const [refused, accepted] of list) {
      assert.deepEqual(rules(refused), [rule]);
      assert.deepEqual(rules(accepted), []);
    }
  });
}
