import assert from "node:assert/strict";
import type { KubeObject } from "../../kube/types.ts";
import type { Kind } from "../schema/kind.ts";
import { PostgresClusters } from "./postgres_cluster.ts";
import { PostgresDatabases } from "./postgres_database.ts";
import { PostgresUpgrades } from "./postgres_upgrade.ts";

const metadata = { name: "orders", namespace: "shop" };
const cluster = { version: "16", storage: { size: "5Gi" } };
const upgrade = { sourceCluster: { name: "orders" }, targetVersion: "17" };

function problemsOf(kind: Kind<KubeObject>, spec: unknown): string[] {
  const result = kind.decode({ metadata, spec });
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

function decoded<T extends KubeObject>(kind: Kind<T>, spec: unknown, status?: unknown): T {
  const result = kind.decode({ metadata, spec, ...(status === undefined ? {} : { status }) });
  return result.ok ? result.value : assert.fail(JSON.stringify(result.problems));
}

Deno.test("the kinds are known by their names, old and new, and by their columns", () => {
  const facts = [PostgresClusters, PostgresDatabases, PostgresUpgrades].map(({ definition, resource }) => ({
    path: `${resource.group}/${resource.version}/${resource.plural}`,
    names: [definition.kind, definition.singular, ...definition.shortNames ?? []],
    categories: definition.categories,
    columns: definition.printerColumns?.map(({ name, type, priority = 0 }) => `${name} ${type} ${priority}`),
    scale: definition.scale,
  }));
  const categories = ["databases", "postgresql", "all"];
  const scale = undefined;
  assert.deepEqual(facts, [
    {
      path: "postgres-operator.smoketurner.com/v1alpha1/postgresclusters",
      names: ["PostgresCluster", "postgrescluster", "pgc"],
      categories,
      columns: [
        "Version string 0",
        "Replicas integer 0",
        "Phase string 0",
        "Successor string 1",
        "Ready integer 0",
        "Age date 0",
      ],
      scale,
    },
    {
      path: "postgres-operator.smoketurner.com/v1alpha1/postgresdatabases",
      names: ["PostgresDatabase", "postgresdatabase", "pgdb"],
      categories,
      columns: ["Cluster string 0", "Database string 0", "Owner string 0", "Phase string 0", "Age date 0"],
      scale,
    },
    {
      path: "postgres-operator.smoketurner.com/v1alpha1/postgresupgrades",
      names: ["PostgresUpgrade", "postgresupgrade", "pgu", "pgup", "pgupgrade"],
      categories,
      columns: ["Source string 0", "TargetVer string 0", "Phase string 0", "Lag string 0", "Age date 0"],
      scale,
    },
  ]);
});

Deno.test("a version is one of the majors that run, not a minor release", () => {
  for (const version of ["15", "16", "17"]) {
    assert.deepEqual(problemsOf(PostgresClusters, { ...cluster, version }), []);
  }
  assert.deepEqual(problemsOf(PostgresClusters, { ...cluster, version: "15.4" }), [
    'spec.version: must be one of 15, 16, 17, but it is the string "15.4"',
  ]);
});

Deno.test("the way to resize is kept for members, poolers and the target of an upgrade", () => {
  const resources = { requests: { cpu: "1" }, restartOnResize: true };
  const { spec } = decoded(PostgresClusters, { ...cluster, resources, pgbouncer: { resources } });
  assert.deepEqual(spec.resources, resources);
  assert.deepEqual(spec.pgbouncer?.resources, resources);
  const { spec: { targetClusterOverrides } } = decoded(PostgresUpgrades, {
    ...upgrade,
    targetClusterOverrides: { resources },
  });
  assert.deepEqual(targetClusterOverrides, { resources });
});

Deno.test("an amount of CPU may be written as a number, and is text to a controller", () => {
  const { spec } = decoded(PostgresClusters, {
    ...cluster,
    resources: { limits: { cpu: 2, memory: "1Gi" } },
  });
  assert.deepEqual(spec.resources?.limits, { cpu: "2", memory: "1Gi" });
});

Deno.test("lag may be limited in bytes and converted with the user's own throughput", () => {
  const scaling = { lagThresholdBytes: 5_000_000_000, estimatedThroughputMbPerSec: 250 };
  assert.deepEqual(decoded(PostgresClusters, { ...cluster, scaling }).spec.scaling, {
    ...scaling,
    maxReplicas: 10,
    replicationLagThreshold: "30s",
  });
});

Deno.test("pod tracking, restore provenance and manual backups are part of a status, in camelCase", () => {
  const status = {
    phase: "Running",
    readyReplicas: 1,
    replicas: 1,
    pods: [{ name: "orders-0", specApplied: true, ready: true }],
    resizeStatus: [{ podName: "orders-0", status: "InProgress" }],
    allPodsSynced: true,
    restoredFrom: { sourceType: "S3" },
    backup: { enabled: true, lastManualBackupTrigger: "1", lastManualBackupStatus: "running" },
  };
  const older = { resize_status: [], all_pods_synced: false };
  assert.deepEqual(decoded(PostgresClusters, cluster, { ...status, ...older }).status, status);
});

Deno.test("encryption needs a Secret, and a backup may be decoded without encryption to be complained about", () => {
  assert.deepEqual(problemsOf(PostgresClusters, { ...cluster, backup: { encryption: {} } }), [
    "spec.backup.encryption.keySecret: must be a string, but it is absent",
  ]);
  assert.equal(decoded(PostgresClusters, { ...cluster, backup: {} }).spec.backup?.encryption, undefined);
});

Deno.test("TLS is on unless it is turned off", () => {
  assert.deepEqual(decoded(PostgresClusters, cluster).spec.tls, { enabled: true });
  assert.deepEqual(decoded(PostgresClusters, { ...cluster, tls: { enabled: false } }).spec.tls, {
    enabled: false,
  });
});

Deno.test("databases and roles have names that need no quoting, and limits from -1 up", () => {
  const database = { name: "_x", owner: "", connectionLimit: -2 };
  const roles = [{ name: "App", secretName: "", connectionLimit: -2 }];
  assert.deepEqual(problemsOf(PostgresDatabases, { clusterRef: { name: "" }, database, roles }), [
    'spec.clusterRef.name: must have at least 1 characters, but it is the string ""',
    'spec.database.name: must match /^[a-z][a-z0-9_]*$/, but it is the string "_x"',
    'spec.database.owner: must have at least 1 characters, but it is the string ""',
    "spec.database.connectionLimit: must be at least -1, but it is the number -2",
    'spec.roles[0].name: must match /^[a-z][a-z0-9_]*$/, but it is the string "App"',
    'spec.roles[0].secretName: must have at least 1 characters, but it is the string ""',
    "spec.roles[0].connectionLimit: must be at least -1, but it is the number -2",
  ]);
});

Deno.test("the health of a new cluster is watched for ten minutes unless told otherwise", () => {
  const { postCutover } = decoded(PostgresUpgrades, upgrade).spec.strategy;
  assert.equal(postCutover.healthCheckDuration, "10m");
  assert.equal(postCutover.keepSourceCluster, true);
});

Deno.test("the status of an upgrade keeps the fields that one older schema had alone", () => {
  const status = {
    phase: "Completed",
    targetClusterName: "orders-to-17-target",
    targetClusterReady: true,
    sourceVersion: "16",
    sequences: { synced: true, syncedCount: 2, failedCount: 0, totalSequences: 2, failedSequences: [] },
    rollback: { feasible: false, dataLossRisk: true, triggeredAt: "2026-01-01T00:00:00Z" },
  };
  assert.deepEqual(decoded(PostgresUpgrades, upgrade, status).status, status);
});

Deno.test("fields that prose once promised and no schema had are not taken for settings", () => {
  const scaling = { enabled: true, cpuTargetUtilization: 50 };
  const networkPolicy = { allowExternalCidrs: ["10.0.0.0/8"] };
  const { spec } = decoded(PostgresClusters, { ...cluster, scaling, networkPolicy });
  assert.deepEqual(spec.scaling, {
    maxReplicas: 10,
    replicationLagThreshold: "30s",
    estimatedThroughputMbPerSec: 100,
  });
  assert.deepEqual(spec.networkPolicy, { allowExternalAccess: false });
});
