import assert from "node:assert/strict";
import { constraintsOf } from "../../support/constraints.ts";
import { customResourceDefinition } from "../../../api/schema/crd.ts";
import type { StructuralSchema } from "../../../api/schema/structural.ts";
import { POSTGRES_CLUSTER_PHASES } from "../../../api/smoketurner/postgres_cluster/status.ts";
import { POSTGRES_DATABASE_PHASES } from "../../../api/smoketurner/postgres_database/status.ts";
import { POSTGRES_UPGRADE_PHASES } from "../../../api/smoketurner/postgres_upgrade/status.ts";
import { at, isRecord, listAt, stringAt } from "../../ground/json.ts";
import type { NamespaceScope } from "../../ground/with_namespace.ts";
import { changed, type Manifest } from "../../support/rule_cases.ts";
import { clusterStatus, databaseStatus, upgradeStatus } from "./smoketurner_statuses.ts";
import { create, findings, fixture, kinds, pathOf, type Plural, withKinds } from "./smoketurner_support.ts";

const examples: readonly [Plural, string, Manifest, readonly string[]][] = [
  ["postgresclusters", "patroni", clusterStatus, POSTGRES_CLUSTER_PHASES],
  ["postgresdatabases", "database", databaseStatus, POSTGRES_DATABASE_PHASES],
  ["postgresupgrades", "upgrade", upgradeStatus, POSTGRES_UPGRADE_PHASES],
];

/** Writes statuses to a stored object; unknown fields are refused, not dropped. */
async function writer({ client, namespace }: NamespaceScope, plural: Plural, name: string) {
  const manifest = await fixture(name);
  const created = await create({ client, namespace, plural }, manifest);
  assert.equal(created.status, 201, JSON.stringify(findings(created)));
  const path = `${
    pathOf(plural, namespace, stringAt(manifest, "metadata", "name"))
  }/status?fieldValidation=Strict`;
  return (status: unknown, dryRun = true) =>
    client.send("PATCH", dryRun ? `${path}&dryRun=All` : path, { status }, "application/merge-patch+json");
}

/** Paths of all fields in a schema that have no fields below them. */
function leavesOf(schema: StructuralSchema, path: string): string[] {
  if (schema.items !== undefined) return leavesOf(schema.items, path);
  const properties = Object.entries(schema.properties ?? {});
  return properties.length === 0
    ? [path]
    : properties.flatMap(([name, child]) => leavesOf(child, `${path}.${name}`));
}

function leavesOfValue(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => leavesOfValue(item, path));
  if (!isRecord(value)) return [path];
  return Object.entries(value).flatMap(([name, child]) => leavesOfValue(child, `${path}.${name}`));
}

function statusSchema(plural: Plural): StructuralSchema {
  const version = customResourceDefinition(kinds[plural]).spec.versions[0];
  return version?.schema.openAPIV3Schema.properties?.["status"] ?? assert.fail(`${plural} has no status`);
}

for (const [plural, name, status, phases] of examples) {
  Deno.test(`a status of ${plural} with every field is stored and decoded as it was written`, async (t) => {
    assert.deepEqual(
      new Set(leavesOfValue(status, "status")),
      new Set(leavesOf(statusSchema(plural), "status")),
    );
    await withKinds(t, async (scope) => {
      const write = await writer(scope, plural, name);
      const answer = await write(status, false);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.deepEqual(at(answer.body, "status"), status);
      const decoded = kinds[plural].decode(answer.body);
      assert.deepEqual(decoded.ok && decoded.value.status, status);
    });
  });

  Deno.test(`every phase of ${plural} is accepted, and no other word`, async (t) => {
    await withKinds(t, async (scope) => {
      const write = await writer(scope, plural, name);
      for (const phase of phases) {
        const answer = await write({ phase });
        assert.equal(answer.status, 200, `${phase}: ${JSON.stringify(findings(answer))}`);
      }
      const answer = await write({ phase: "Sleeping" });
      assert.equal(answer.status, 422);
      assert.equal(findings(answer)[0]?.field, "status.phase");
    });
  });

  Deno.test(`a status of ${plural} of which nothing is said counts as pending`, async (t) => {
    await withKinds(t, async (scope) => {
      const answer = await (await writer(scope, plural, name))({});
      const counts = plural === "postgresclusters" ? { readyReplicas: 0, replicas: 0 } : {};
      assert.deepEqual(at(answer.body, "status"), { phase: "Pending", ...counts });
    });
  });
}

const resizeStates = ["NoResize", "Proposed", "InProgress", "Deferred", "Infeasible"];
const replicationStates = ["NotConfigured", "Syncing", "Active", "Synced", "Stopped", "Error"];
const databaseConditions = [
  "ClusterReady",
  "DatabaseCreated",
  "RolesCreated",
  "GrantsApplied",
  "SecretsCreated",
  "Ready",
];

Deno.test("closed sets of words in a status take each of theirs, and no other", async (t) => {
  // Its other condition must not get in the way of the words that are tried.
  const oneCondition = changed(databaseStatus, { conditions: [{ type: "Ready", status: "True" }] });
  const cases: readonly [Plural, string, readonly string[], Manifest][] = [
    ["postgresclusters", "resizeStatus[0].status", resizeStates, clusterStatus],
    [
      "postgresclusters",
      "backup.lastManualBackupStatus",
      ["pending", "running", "completed", "failed"],
      clusterStatus,
    ],
    ["postgresclusters", "conditions[0].status", ["True", "False", "Unknown"], clusterStatus],
    ["postgresdatabases", "conditions[0].status", ["True", "False", "Unknown"], databaseStatus],
    ["postgresdatabases", "conditions[0].type", databaseConditions, oneCondition],
    ["postgresupgrades", "replication.status", replicationStates, upgradeStatus],
    ["postgresupgrades", "conditions[0].status", ["True", "False", "Unknown"], upgradeStatus],
  ];
  await withKinds(t, async (scope) => {
    const writers = {
      postgresclusters: await writer(scope, "postgresclusters", "patroni"),
      postgresdatabases: await writer(scope, "postgresdatabases", "database"),
      postgresupgrades: await writer(scope, "postgresupgrades", "upgrade"),
    };
    for (const [plural, path, words, status] of cases) {
      for (const word of words) {
        const { body, status: code } = await writers[plural](changed(status, { [path]: word }));
        assert.equal(code, 200, `${path} ${word}: ${JSON.stringify(body)}`);
      }
      const answer = await writers[plural](changed(status, { [path]: "Perhaps" }));
      assert.equal(findings(answer)[0]?.field, `status.${path}`);
    }
    const covered = cases.map(([plural, path]) =>
      `${plural} status.${path.replaceAll(/\[\d\]/g, "[]")} enum`
    );
    const declared = examples.flatMap(([plural]) =>
      constraintsOf(statusSchema(plural), "status").filter((rule) => rule.endsWith(" enum"))
        .map((rule) => `${plural} ${rule}`)
    ).filter((rule) => !rule.endsWith(" status.phase enum"));
    assert.deepEqual(covered.sort(), declared.sort());
  });
});

Deno.test("pod tracking has camelCase keys only, and no condition stands twice", async (t) => {
  await withKinds(t, async (scope) => {
    const write = await writer(scope, "postgresclusters", "patroni");
    const answer = await write({ resize_status: [], all_pods_synced: true });
    assert.equal(answer.status, 422);
    assert.match(
      stringAt(answer.body, "message") ?? "",
      /unknown field "status\.(all_pods_synced|resize_status)"/,
    );
    const [condition] = listAt(clusterStatus, "conditions");
    const twice = await write({ conditions: [condition, condition] });
    assert.equal(twice.status, 422);
    assert.match(stringAt(twice.body, "message") ?? "", /Duplicate value/);
  });
});
