import assert from "node:assert/strict";
import { ask, knownFacts, namespace, reviewOf } from "../../tests/support/webhook.ts";
import { Facts } from "../facts.ts";

const apiVersion = "postgres-operator.smoketurner.com/v1alpha1";

type Json = Record<string, unknown>;

function cluster(spec: Json = {}, more: Json = {}) {
  return {
    apiVersion,
    kind: "PostgresCluster",
    metadata: { name: "c", namespace, ...Object(more["metadata"]) },
    spec: { version: "16", storage: { size: "1Gi" }, ...spec },
    ...("status" in more ? { status: more["status"] } : {}),
  };
}

function upgrade(spec: Json = {}, metadata: Json = {}, phase?: string) {
  return {
    apiVersion,
    kind: "PostgresUpgrade",
    metadata: { name: "up", namespace, ...metadata },
    spec: { sourceCluster: { name: "c" }, targetVersion: "17", ...spec },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

const running = ["postgresclusters", cluster({}, { status: { phase: "Running" } })] as const;

Deno.test("a refusal of a PostgresCluster starts with its reason, and ignored fields are told", async () => {
  const said = await ask(
    "/validate",
    reviewOf({
      object: cluster({
        backup: { schedule: "0 2 * * *", retention: { count: 7 } },
        scaling: { idleTimeout: "1h" },
      }),
    }),
  );
  assert.deepEqual([said.allowed, said.code, said.told?.resource], [false, 422, "PostgresCluster"]);
  assert.match(said.message, /^\[BackupEncryptionRequired\] Cannot keep backups unencrypted/);
  assert.match(String(said.warnings), /spec.scaling.idleTimeout has no effect/);
  assert.equal((await ask("/validate", reviewOf({ object: cluster() }))).allowed, true);
});

Deno.test("rules of production hold where the namespace says so", async () => {
  const labelled = (env: string) =>
    knownFacts([["namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { env } },
    }]]);
  const asked = async (facts: Facts) =>
    (await ask("/validate", reviewOf({ object: cluster() }), { facts })).message;
  assert.match(
    await asked(labelled("production")),
    /^\[ProductionHARequired\].*\[ProductionBackupRequired\]/,
  );
  assert.equal(await asked(labelled("test")), "");
  assert.equal(await asked(new Facts()), "");
});

Deno.test("what the stored object says counts, however old it is", async () => {
  const update = async (object: Json, oldObject: Json) =>
    (await ask("/validate", reviewOf({ operation: "UPDATE", object, oldObject }))).message;
  const classed = (storageClass: string) => cluster({ storage: { size: "1Gi", storageClass } });
  assert.match(await update(classed("b"), classed("a")), /^\[StorageClassImmutable\].*current value is a/);
  assert.match(
    await update(cluster({ version: "15" }), cluster({ version: "16.4" })),
    /^\[VersionDowngradeNotAllowed\]/,
  );
  const hasRun = { status: { currentVersion: "16" } };
  assert.match(
    await update(cluster({ version: "17" }), cluster({}, hasRun)),
    /^\[VersionChangeNotAllowed\].*in place: set it back to 16 and make a PostgresUpgrade/,
  );
  assert.equal(await update(cluster({ replicas: 2 }), cluster({}, hasRun)), "");
  assert.equal(await update(cluster(), cluster({ version: "17" }, hasRun)), "", "back to what it has");
  const superseded = { status: { phase: "Superseded", successor: { name: "c2", upgradeName: "up" } } };
  assert.match(
    await update(cluster({ replicas: 2 }), cluster({}, superseded)),
    /^\[ClusterSuperseded\].*PostgresCluster c2 took its place through PostgresUpgrade up/,
  );
});

Deno.test("the finalizer of a superseded cluster, and its deletion, are nobody's business", async () => {
  const stored = cluster({}, { status: { phase: "Superseded" }, metadata: { finalizers: ["a"] } });
  const freed = cluster({}, { status: { phase: "Superseded" }, metadata: { finalizers: [] } });
  const said = await ask("/validate", reviewOf({ operation: "UPDATE", object: freed, oldObject: stored }));
  assert.equal(said.allowed, true);
  const leaving = cluster({ replicas: 3 }, { metadata: { deletionTimestamp: "2026-11-21T12:00:00Z" } });
  assert.equal(
    (await ask("/validate", reviewOf({ operation: "UPDATE", object: leaving, oldObject: stored }))).allowed,
    true,
  );
  assert.equal((await ask("/validate", reviewOf({ operation: "DELETE", oldObject: stored }))).allowed, true);
});

Deno.test("a cluster that is being replaced is not changed, until the upgrade is over", async () => {
  const review = reviewOf({ operation: "UPDATE", object: cluster({ replicas: 2 }), oldObject: cluster() });
  const asked = async (object: ReturnType<typeof upgrade>) =>
    (await ask("/validate", review, { facts: knownFacts([["postgresupgrades", object]]) })).message;
  assert.match(await asked(upgrade()), /^\[UpgradeInProgress\].*up \(phase Pending\)/);
  assert.match(
    await asked(upgrade({ sourceCluster: { name: "c", namespace } }, {}, "Verifying")),
    /phase Verifying/,
  );
  assert.equal(await asked(upgrade({}, {}, "RolledBack")), "");
  assert.equal(await asked(upgrade({ sourceCluster: { name: "c", namespace: "far" } })), "");
  assert.equal(await asked(upgrade({}, { namespace: "far" })), "");
});

Deno.test("an upgrade is judged by the cluster that it names", async () => {
  const says = async (object: Json, facts = knownFacts([running])) =>
    (await ask("/validate-upgrade", reviewOf({ object }), { facts })).message;
  assert.equal(await says(upgrade()), "");
  assert.match(await says(upgrade(), knownFacts()), /^\[SourceClusterNotFound\]/);
  assert.match(await says(upgrade({ targetVersion: "16" })), /^\[SameVersionNotAllowed\]/);
  assert.match(await says(upgrade({ targetVersion: "15" })), /^\[VersionDowngradeNotAllowed\]/);
  assert.match(
    await says(upgrade({ sourceCluster: { name: "c", namespace: "far" } })),
    /^\[SourceClusterNotFound\]/,
  );
  const other = ["postgresupgrades", upgrade({}, { name: "other" })] as const;
  assert.match(
    await says(upgrade(), knownFacts([running, other])),
    /^\[ConcurrentUpgradeNotAllowed\].*other/,
  );
});

Deno.test("nothing is known of clusters in namespaces that the operator does not look after", async () => {
  const facts = new Facts([namespace]);
  facts.apply([{ type: "known", kind: "postgresclusters" }]);
  const far = upgrade({ sourceCluster: { name: "c", namespace: "far" } });
  assert.equal((await ask("/validate-upgrade", reviewOf({ object: far }), { facts })).allowed, true);
  assert.equal((await ask("/validate-upgrade", reviewOf({ object: upgrade() }), { facts })).allowed, false);
});

Deno.test("an upgrade goes on with the same source and version", async () => {
  const update = async (object: Json) =>
    (await ask("/validate-upgrade", reviewOf({ operation: "UPDATE", object, oldObject: upgrade() }))).message;
  assert.equal(await update(upgrade({ strategy: { cutover: { mode: "Automatic" } } })), "");
  assert.match(await update(upgrade({ sourceCluster: { name: "d" } })), /^\[SourceClusterImmutable\]/);
  assert.match(await update(upgrade({ targetVersion: "16" })), /^\[TargetVersionImmutable\]/);
});
