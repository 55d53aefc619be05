import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalPostgresClusterSpec, canonicalPostgresUpgradeSpec } from "./canonical.ts";
import { PostgresClusters } from "./postgres_cluster.ts";
import { writtenPostgresClusterSpec } from "./postgres_cluster/spec.ts";
import { PostgresDatabases } from "./postgres_database.ts";
import { PostgresUpgrades } from "./postgres_upgrade.ts";

const metadata = { name: "orders", namespace: "shop" };
const location = {
  bucket: "b",
  region: "eu-west-1",
  credentialsSecret: "keys",
  endpoint: "https://s3.local:9000",
};

function clusterSpec(part: Record<string, unknown>) {
  const result = PostgresClusters.decode({
    metadata,
    spec: { version: "16", storage: { size: "5Gi" }, ...part },
  });
  return result.ok ? result.value.spec : assert.fail(JSON.stringify(result.problems));
}

function destination(part: Record<string, unknown>) {
  const backup = { schedule: "0 2 * * *", encryption: { keySecret: "key" }, destination: part };
  return clusterSpec({ backup }).backup?.destination;
}

function problemsOf(spec: Record<string, unknown>): string[] {
  const result = PostgresClusters.decode({ metadata, spec });
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("a backup destination is the same cluster whether it stands flat, under S3, or both", () => {
  const canonical = { type: "S3", ...location, forcePathStyle: true };
  assert.deepEqual(destination({ type: "S3", ...location, forcePathStyle: true }), canonical);
  assert.deepEqual(destination({ S3: { ...location, forcePathStyle: true } }), canonical);
  assert.deepEqual(destination({ type: "S3", S3: { ...location, forcePathStyle: true } }), canonical);
  assert.deepEqual(
    destination({ type: "S3", ...location, S3: { ...location, forcePathStyle: true } }),
    canonical,
  );
});

Deno.test("path-style addresses are off unless asked for, in either spelling of a destination", () => {
  assert.equal(destination({ type: "S3", ...location })?.forcePathStyle, false);
  assert.equal(destination({ S3: location })?.forcePathStyle, false);
});

Deno.test("a destination stored without its settings is reported field by field, not guessed", () => {
  const backup = { schedule: "0 2 * * *", encryption: { keySecret: "key" }, destination: { region: "eu" } };
  assert.deepEqual(problemsOf({ version: "16", storage: { size: "5Gi" }, backup }), [
    "spec.backup.destination.bucket: must be a string, but it is absent",
    "spec.backup.destination.credentialsSecret: must be a string, but it is absent",
  ]);
});

Deno.test("a backup without a destination stays one without a destination", () => {
  assert.deepEqual(clusterSpec({ backup: { encryption: { keySecret: "key" } } }).backup, {
    engine: "walg",
    compression: "lz4",
    backupFromReplica: false,
    uploadConcurrency: 16,
    downloadConcurrency: 10,
    enableDeltaBackups: false,
    deltaMaxSteps: 3,
    encryption: { method: "aes256", keySecret: "key" },
  });
});

Deno.test("the Secret of a restore has one name in either spelling, and the newer one wins", () => {
  const source = (part: Record<string, string>) =>
    clusterSpec({ restore: { source: { s3: { prefix: "s3://b/p", region: "eu", ...part } } } }).restore;
  const canonical = {
    engine: "walg",
    source: { s3: { prefix: "s3://b/p", region: "eu", credentialsSecret: "keys" } },
  };
  assert.deepEqual(source({ credentialsSecret: "keys" }), canonical);
  assert.deepEqual(source({ credentials_secret: "keys" }), canonical);
  assert.deepEqual(source({ credentialsSecret: "keys", credentials_secret: "keys" }), canonical);
  assert.deepEqual(source({ credentialsSecret: "keys", credentials_secret: "other" }), canonical);
  const restore = { source: { s3: { prefix: "s3://b/p", region: "eu" } } };
  assert.deepEqual(problemsOf({ version: "16", storage: { size: "5Gi" }, restore }), [
    "spec.restore.source.s3.credentialsSecret: must be a string, but it is absent",
  ]);
});

Deno.test("a restore keeps its recovery target", () => {
  const s3 = { prefix: "s3://b/p", region: "eu", credentialsSecret: "keys" };
  const recoveryTarget = { time: "2026-01-01T00:00:00Z" };
  assert.deepEqual(clusterSpec({ restore: { source: { s3 }, recoveryTarget } }).restore, {
    engine: "walg",
    source: { s3 },
    recoveryTarget,
  });
});

Deno.test("a floor of nought members is no floor, and the timers of scaling to nothing are gone", () => {
  const rest = { maxReplicas: 10, replicationLagThreshold: "30s", estimatedThroughputMbPerSec: 100 };
  assert.deepEqual(
    clusterSpec({ scaling: { minReplicas: 0, idleTimeout: "30m", wakeupTimeout: "5m" } }).scaling,
    rest,
  );
  assert.deepEqual(clusterSpec({ scaling: { minReplicas: 1 } }).scaling, { ...rest, minReplicas: 1 });
});

Deno.test("the switch of encryption is gone: backups are encrypted whatever it says", () => {
  const encryption = { keySecret: "key", method: "pgp", enabled: false };
  assert.deepEqual(clusterSpec({ backup: { encryption } }).backup?.encryption, {
    keySecret: "key",
    method: "pgp",
  });
});

Deno.test("both spellings of the attribute to bypass row security arrive as one", () => {
  const role = (name: string, privileges: string[]) => ({ name, secretName: "s", login: true, privileges });
  const result = PostgresDatabases.decode({
    metadata,
    spec: {
      clusterRef: { name: "orders" },
      database: { name: "billing", owner: "app" },
      roles: [role("a", ["LOGIN", "BYPASSRLS"]), role("b", ["BYPASS_RLS"]), {
        name: "c",
        secretName: "s",
      }],
    },
  });
  assert.deepEqual(result.ok && result.value.spec.roles, [
    role("a", ["LOGIN", "BYPASS_RLS"]),
    role("b", ["BYPASS_RLS"]),
    { name: "c", secretName: "s", login: true },
  ]);
});

Deno.test("settings of an upgrade that have no effect do not reach the controller", () => {
  const result = PostgresUpgrades.decode({
    metadata,
    spec: {
      sourceCluster: { name: "orders" },
      targetVersion: "17",
      targetClusterOverrides: { name: "new", replicas: 2, labels: { team: "shop" } },
      strategy: { timeouts: { cutover: "15m" }, postCutover: { cleanupSourceCluster: true } },
    },
  });
  if (!result.ok) return assert.fail(JSON.stringify(result.problems));
  const { targetClusterOverrides, strategy } = result.value.spec;
  assert.deepEqual(targetClusterOverrides, { replicas: 2, labels: { team: "shop" } });
  assert.deepEqual(strategy.timeouts, {
    targetClusterReady: "30m",
    initialSync: "24h",
    replicationCatchup: "1h",
    verification: "30m",
  });
  assert.deepEqual(strategy.postCutover, {
    keepSourceCluster: true,
    minRetentionPeriod: "24h",
    healthCheckInterval: "1m",
    healthCheckDuration: "10m",
  });
});

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}

const word = fc.stringMatching(/^[a-z]{1,8}$/);
const anyLocation = fc.record({
  bucket: word,
  region: word,
  credentialsSecret: word,
  endpoint: word,
  path: word,
  forcePathStyle: fc.boolean(),
}, { requiredKeys: ["bucket", "region", "credentialsSecret", "forcePathStyle"] });
const anyDestination = fc.oneof(
  anyLocation.map((flat) => ({ type: "S3" as const, ...flat })),
  anyLocation.map((nested) => ({ S3: nested, forcePathStyle: false })),
  anyLocation.map((both) => ({ type: "S3" as const, ...both, S3: both })),
);
const anySpec = fc.record({
  version: fc.constantFrom("15" as const, "16" as const, "17" as const),
  replicas: fc.integer({ min: 1, max: 100 }),
  storage: fc.record({ size: fc.constantFrom("1Gi", "500Mi") }),
  tls: fc.constant({ enabled: false }),
  backup: fc.record({
    schedule: word,
    engine: fc.constant("walg" as const),
    compression: fc.constant("lz4" as const),
    backupFromReplica: fc.boolean(),
    uploadConcurrency: fc.constant(16),
    downloadConcurrency: fc.constant(10),
    enableDeltaBackups: fc.boolean(),
    deltaMaxSteps: fc.constant(3),
    destination: anyDestination,
    encryption: fc.record(
      { keySecret: word, method: fc.constantFrom("aes256" as const, "pgp" as const), enabled: fc.boolean() },
      { requiredKeys: ["keySecret", "method"] },
    ),
  }, {
    requiredKeys: [
      "schedule",
      "engine",
      "compression",
      "backupFromReplica",
      "uploadConcurrency",
      "downloadConcurrency",
      "enableDeltaBackups",
      "deltaMaxSteps",
    ],
  }),
  scaling: fc.record({
    minReplicas: fc.integer({ min: 0, max: 3 }),
    maxReplicas: fc.integer({ min: 1, max: 9 }),
    replicationLagThreshold: fc.constant("30s"),
    estimatedThroughputMbPerSec: fc.constant(100),
    idleTimeout: word,
  }, { requiredKeys: ["maxReplicas", "replicationLagThreshold", "estimatedThroughputMbPerSec"] }),
}, { requiredKeys: ["version", "replicas", "storage", "tls"] });

Deno.test("the canonical form leaves the written one as it is, and is its own canonical form", () => {
  fc.assert(fc.property(anySpec, (spec) => {
    const once = freeze(canonicalPostgresClusterSpec(freeze(spec), []));
    assert.deepEqual(canonicalPostgresClusterSpec(once, []), once);
    assert.equal(writtenPostgresClusterSpec.safeParse(once).success, true);
  }));
});

Deno.test("the canonical form of an upgrade leaves the written one as it is", () => {
  const result = PostgresUpgrades.decode({
    metadata,
    spec: { sourceCluster: { name: "orders" }, targetVersion: "17" },
  });
  if (!result.ok) return assert.fail(JSON.stringify(result.problems));
  const written = freeze({
    ...result.value.spec,
    targetClusterOverrides: { name: "x", replicas: 1 },
    strategy: {
      ...result.value.spec.strategy,
      timeouts: { ...result.value.spec.strategy.timeouts, cutover: "1m" },
    },
  });
  assert.deepEqual(canonicalPostgresUpgradeSpec(written), {
    ...result.value.spec,
    targetClusterOverrides: { replicas: 1 },
  });
});
