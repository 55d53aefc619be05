import assert from "node:assert/strict";
import { at } from "../../ground/json.ts";
import type { Manifest } from "../../support/rule_cases.ts";
import { changed } from "../../support/rule_cases.ts";
import { create, findings, type Plural, withKinds } from "./smoketurner_support.ts";

const apiVersion = "postgres-operator.smoketurner.com/v1alpha1";
const cluster: Manifest = {
  apiVersion,
  kind: "PostgresCluster",
  metadata: { name: "small" },
  spec: { version: "16", storage: { size: "1Gi" } },
};

interface Example {
  readonly what: string;
  readonly plural: Plural;
  readonly manifest: Manifest;
  /** Path of the part to compare. */
  readonly part: readonly string[];
  readonly becomes: unknown;
}

const location = { bucket: "b", region: "r", credentialsSecret: "s" };

const examples: readonly Example[] = [
  {
    what: "a cluster of which only version and size are said",
    plural: "postgresclusters",
    manifest: cluster,
    part: ["spec"],
    becomes: { version: "16", storage: { size: "1Gi" }, replicas: 1, tls: { enabled: true } },
  },
  {
    what: "a backup of which only the necessary is said",
    plural: "postgresclusters",
    manifest: changed(cluster, {
      "spec.backup": {
        schedule: "@daily",
        encryption: { keySecret: "k" },
        destination: { type: "S3", ...location },
      },
    }),
    part: ["spec", "backup"],
    becomes: {
      engine: "walg",
      schedule: "@daily",
      encryption: { keySecret: "k", method: "aes256" },
      destination: { type: "S3", ...location, forcePathStyle: false },
      compression: "lz4",
      backupFromReplica: false,
      uploadConcurrency: 16,
      downloadConcurrency: 10,
      enableDeltaBackups: false,
      deltaMaxSteps: 3,
    },
  },
  {
    what: "archiving of which nothing is said",
    plural: "postgresclusters",
    manifest: changed(cluster, { "spec.backup": { encryption: { keySecret: "k" }, walArchiving: {} } }),
    part: ["spec", "backup", "walArchiving"],
    becomes: { enabled: true },
  },
  {
    what: "a pooler of which nothing is said",
    plural: "postgresclusters",
    manifest: changed(cluster, { "spec.pgbouncer": {} }),
    part: ["spec", "pgbouncer"],
    becomes: {
      enabled: false,
      replicas: 2,
      poolMode: "transaction",
      maxDbConnections: 60,
      defaultPoolSize: 20,
      maxClientConn: 10000,
      image: "public.ecr.aws/bitnami/pgbouncer:latest",
      enableReplicaPooler: false,
    },
  },
  {
    what: "an issuer of which only the name is said",
    plural: "postgresclusters",
    manifest: changed(cluster, { "spec.tls": { issuerRef: { name: "ca" } } }),
    part: ["spec", "tls"],
    becomes: { enabled: true, issuerRef: { name: "ca", kind: "ClusterIssuer", group: "cert-manager.io" } },
  },
  {
    what: "metrics, Services, scaling and network policy of which nothing is said",
    plural: "postgresclusters",
    manifest: changed(cluster, {
      "spec.metrics": {},
      "spec.service": {},
      "spec.scaling": { metrics: { cpu: {}, connections: {} } },
      "spec.networkPolicy": {},
    }),
    part: ["spec"],
    becomes: {
      version: "16",
      storage: { size: "1Gi" },
      replicas: 1,
      tls: { enabled: true },
      metrics: { enabled: false, port: 9187 },
      service: { type: "ClusterIP" },
      scaling: {
        maxReplicas: 10,
        metrics: { cpu: { targetUtilization: 70 }, connections: { targetPerReplica: 100 } },
        replicationLagThreshold: "30s",
        estimatedThroughputMbPerSec: 100,
      },
      networkPolicy: { allowExternalAccess: false },
    },
  },
  {
    what: "a database with one role and one grant",
    plural: "postgresdatabases",
    manifest: {
      apiVersion,
      kind: "PostgresDatabase",
      metadata: { name: "billing" },
      spec: {
        clusterRef: { name: "orders" },
        database: { name: "billing", owner: "app" },
        roles: [{ name: "app", secretName: "s" }],
        grants: [{ role: "app" }],
      },
    },
    part: ["spec"],
    becomes: {
      clusterRef: { name: "orders" },
      database: { name: "billing", owner: "app" },
      roles: [{ name: "app", secretName: "s", login: true }],
      grants: [{ role: "app", schema: "public", allTables: false, allSequences: false, allFunctions: false }],
    },
  },
  {
    what: "an upgrade of which only source and target are said",
    plural: "postgresupgrades",
    manifest: {
      apiVersion,
      kind: "PostgresUpgrade",
      metadata: { name: "to-17" },
      spec: { sourceCluster: { name: "orders" }, targetVersion: "17" },
    },
    part: ["spec", "strategy"],
    becomes: {
      strategyType: "BlueGreen",
      cutover: { mode: "Manual" },
      preChecks: {
        maxReplicationLagSeconds: 0,
        verifyRowCounts: true,
        rowCountTolerance: 0,
        minVerificationPasses: 3,
        verificationInterval: "1m",
        requireBackupWithin: "1h",
        drainConnectionsTimeout: "5m",
      },
      timeouts: {
        targetClusterReady: "30m",
        initialSync: "24h",
        replicationCatchup: "1h",
        verification: "30m",
      },
      postCutover: {
        keepSourceCluster: true,
        minRetentionPeriod: "24h",
        healthCheckInterval: "1m",
        healthCheckDuration: "10m",
      },
    },
  },
  {
    what: "a maintenance window without a time zone",
    plural: "postgresupgrades",
    manifest: {
      apiVersion,
      kind: "PostgresUpgrade",
      metadata: { name: "to-17" },
      spec: {
        sourceCluster: { name: "orders" },
        targetVersion: "17",
        strategy: { cutover: { allowedWindow: { startTime: "22:00", endTime: "06:00" } } },
      },
    },
    part: ["spec", "strategy", "cutover"],
    becomes: { mode: "Manual", allowedWindow: { startTime: "22:00", endTime: "06:00", timezone: "UTC" } },
  },
];

for (const { what, plural, manifest, part, becomes } of examples) {
  Deno.test(`defaults appear in ${what}`, async (t) => {
    await withKinds(t, async ({ client, namespace }) => {
      const answer = await create({ client, namespace, plural, dryRun: true }, manifest);
      assert.equal(answer.status, 201, JSON.stringify(findings(answer)));
      assert.deepEqual(at(answer.body, ...part), becomes);
    });
  });
}
