import assert from "node:assert/strict";
import { waitFor } from "../../ground/wait_for.ts";
import { type WebhookCluster, withWebhook } from "../../support/webhook_cluster.ts";

const apiVersion = "postgres-operator.smoketurner.com/v1alpha1";

type Json = Record<string, unknown>;

function cluster(spec: Json = {}, name = "c"): Json {
  const usual = { version: "16", storage: { size: "1Gi" } };
  return { apiVersion, kind: "PostgresCluster", metadata: { name }, spec: { ...usual, ...spec } };
}

function upgrade(spec: Json = {}, name = "up"): Json {
  const usual = { sourceCluster: { name: "c" }, targetVersion: "17" };
  return { apiVersion, kind: "PostgresUpgrade", metadata: { name }, spec: { ...usual, ...spec } };
}

const backup = {
  schedule: "0 2 * * *",
  retention: { count: 7 },
  destination: { type: "S3", bucket: "b", region: "r", credentialsSecret: "s" },
  encryption: { keySecret: "key" },
};
const strict = { replicas: 3, backup, resources: { limits: { cpu: "1", memory: "1Gi" } } };

async function denied(
  webhook: WebhookCluster,
  reason: string,
  object: Json,
  ...flags: string[]
): Promise<void> {
  const { code, stderr } = await webhook.apply([object], ...flags);
  assert.equal(code, 1, reason);
  assert.match(stderr, new RegExp(`denied the request: \\[${reason}\\] Cannot`));
}

async function applied(webhook: WebhookCluster, object: Json, ...flags: string[]): Promise<string> {
  const { code, stderr } = await webhook.apply([object], ...flags);
  assert.equal(code, 0, stderr);
  return stderr;
}

/** Plays the controller: says where an object is in its life. */
async function say(webhook: WebhookCluster, plural: string, name: string, status: Json): Promise<void> {
  const path = `/apis/${apiVersion}/namespaces/${webhook.namespace}/${plural}/${name}/status`;
  await webhook.client.request("PATCH", path, { status }, "application/merge-patch+json");
}

const patience = { unknownMs: 5_000, refusalMs: 100 };

Deno.test("a PostgresCluster is judged when it is made and when it changes", (t) =>
  withWebhook(t, { patience }, async (webhook) => {
    const plain = cluster({ backup: { schedule: "0 2 * * *", retention: { count: 7 } } });
    const refused = await webhook.apply([plain]);
    assert.deepEqual([refused.code, /Cannot keep backups unencrypted/.test(refused.stderr)], [1, true]);
    const warned = await applied(
      webhook,
      cluster({ scaling: { idleTimeout: "1h" }, storage: { size: "1Gi", storageClass: "a" } }),
    );
    assert.match(warned, /Warning: spec.scaling.idleTimeout has no effect/);
    await denied(webhook, "StorageClassImmutable", cluster({ storage: { size: "1Gi", storageClass: "b" } }));
    await denied(webhook, "StorageClassImmutable", cluster());
    const storage = { size: "1Gi", storageClass: "a" };
    await denied(webhook, "VersionDowngradeNotAllowed", cluster({ version: "15", storage }));
    await applied(webhook, cluster({ version: "17", storage }), "--dry-run=server");
    await say(webhook, "postgresclusters", "c", { phase: "Running", currentVersion: "16" });
    await denied(webhook, "VersionChangeNotAllowed", cluster({ version: "17", storage }));
    await denied(webhook, "VersionDowngradeNotAllowed", cluster({ version: "15", storage }));
    await applied(webhook, cluster({ storage: { ...storage, size: "2Gi" }, replicas: 2 }));
    await say(webhook, "postgresclusters", "c", { phase: "Superseded", successor: { name: "c-next" } });
    await denied(
      webhook,
      "ClusterSuperseded",
      cluster({ replicas: 3, storage: { ...storage, size: "2Gi" } }),
    );
    const { code, stderr } = await webhook.kubectl("annotate", "postgrescluster/c", "note=fine");
    assert.equal(code, 0, stderr);
    assert.equal((await webhook.kubectl("delete", "postgrescluster/c")).code, 0);
  }));

Deno.test("in a namespace of production the rules are stricter", (t) =>
  withWebhook(t, {
    patience,
    prepare: async ({ namespace, client }) => {
      await client.apply({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace, labels: { env: "production" } },
      });
    },
  }, async (webhook) => {
    const dry = "--dry-run=server";
    await applied(webhook, cluster(strict), dry);
    await denied(webhook, "ProductionHARequired", cluster({ ...strict, replicas: 2 }), dry);
    const { backup: _, ...unsaved } = strict;
    await denied(webhook, "ProductionBackupRequired", cluster(unsaved), dry);
    await denied(webhook, "ProductionResourceLimitsRequired", cluster({ ...strict, resources: {} }), dry);
    const open = { networkPolicy: { allowExternalAccess: true } };
    await denied(webhook, "ProductionExternalAccessNotAllowed", cluster({ ...strict, ...open }), dry);
  }));

Deno.test("an upgrade is judged by its source, and its source is held while it goes on", (t) =>
  withWebhook(t, { patience }, async (webhook) => {
    await denied(webhook, "SourceClusterNotFound", upgrade());
    await applied(webhook, cluster());
    await waitFor("the source to be known", async () => {
      const { stderr } = await webhook.apply([upgrade()], "--dry-run=server");
      return stderr.includes("[SourceClusterNotRunning]");
    });
    await say(webhook, "postgresclusters", "c", { phase: "Running" });
    await waitFor(
      "the source to be known as running",
      async () => (await webhook.apply([upgrade()], "--dry-run=server")).code === 0,
    );
    await denied(webhook, "SameVersionNotAllowed", upgrade({ targetVersion: "16" }));
    await denied(webhook, "VersionDowngradeNotAllowed", upgrade({ targetVersion: "15" }));
    await applied(webhook, upgrade());
    await denied(webhook, "SourceClusterImmutable", upgrade({ sourceCluster: { name: "d" } }));
    await denied(webhook, "TargetVersionImmutable", upgrade({ targetVersion: "16" }));
    await waitFor(
      "the upgrade to be known",
      async () =>
        (await webhook.apply([upgrade({}, "second")], "--dry-run=server")).stderr.includes(
          "[ConcurrentUpgradeNotAllowed]",
        ),
    );
    await denied(webhook, "UpgradeInProgress", cluster({ replicas: 2 }));
    await say(webhook, "postgresclusters", "c", { phase: "Superseded" });
    await applied(webhook, upgrade({ strategy: { cutover: { mode: "Automatic" } } }));
    await say(webhook, "postgresupgrades", "up", { phase: "RolledBack" });
    await say(webhook, "postgresclusters", "c", { phase: "Running" });
    await waitFor(
      "the cluster to be free again",
      async () => (await webhook.apply([cluster({ replicas: 2 })])).code === 0,
    );
  }));
