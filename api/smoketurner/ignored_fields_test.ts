import assert from "node:assert/strict";
import type { KubeObject } from "../../kube/types.ts";
import type { Kind } from "../schema/kind.ts";
import { type IgnoredField, ignoredFields, ignoredFieldWarnings } from "./ignored_fields.ts";
import { PostgresClusters } from "./postgres_cluster.ts";
import { PostgresUpgrades } from "./postgres_upgrade.ts";

const cluster = {
  metadata: { name: "orders" },
  spec: {
    version: "16",
    storage: { size: "5Gi" },
    backup: { encryption: { keySecret: "key", enabled: true } },
    scaling: { minReplicas: 0, idleTimeout: "30m", wakeupTimeout: "5m" },
  },
};
const upgrade = {
  metadata: { name: "to-17" },
  spec: {
    sourceCluster: { name: "orders" },
    targetVersion: "17",
    targetClusterOverrides: { name: "new" },
    strategy: { timeouts: { cutover: "15m" }, postCutover: { cleanupSourceCluster: false } },
  },
};

Deno.test("a user is told of every setting without effect, and why it has none", () => {
  assert.deepEqual(ignoredFieldWarnings(ignoredFields.PostgresCluster, cluster), [
    "spec.backup.encryption.enabled has no effect: backups are always encrypted",
    "spec.scaling.minReplicas: 0 has no effect: a cluster never scales to nothing",
    "spec.scaling.idleTimeout has no effect: a cluster never scales to nothing",
    "spec.scaling.wakeupTimeout has no effect: a cluster never scales to nothing",
  ]);
  assert.equal(ignoredFieldWarnings(ignoredFields.PostgresUpgrade, upgrade).length, 3);
});

Deno.test("a manifest without such settings, or none at all, raises no warning", () => {
  const scaling = { minReplicas: 2 };
  const quiet = { spec: { version: "16", storage: { size: "5Gi" }, scaling, backup: null } };
  for (const raw of [quiet, {}, undefined, null, "text"]) {
    assert.deepEqual(ignoredFieldWarnings(ignoredFields.PostgresCluster, raw), []);
  }
});

Deno.test("what a user is warned of does not reach a controller, and the schema knows the field", () => {
  const expectGone = (kind: Kind<KubeObject>, fields: readonly IgnoredField[], raw: KubeObject | object) => {
    const decoded = kind.decode(raw);
    if (!decoded.ok) return assert.fail(JSON.stringify(decoded.problems));
    assert.equal(ignoredFieldWarnings(fields, raw).length, fields.length);
    assert.deepEqual(ignoredFieldWarnings(fields, decoded.value), []);
  };
  expectGone(PostgresClusters, ignoredFields.PostgresCluster, cluster);
  expectGone(PostgresUpgrades, ignoredFields.PostgresUpgrade, upgrade);
});
