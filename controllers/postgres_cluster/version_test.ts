import assert from "node:assert/strict";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { POSTGRES_VERSIONS } from "../../api/smoketurner/version.ts";
import { reviewPostgresCluster } from "../../resolve/validation/postgres_cluster.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { versionFaultOf, withRunnableVersion } from "./version.ts";

Deno.test("of a cluster that has run, admission refuses just the versions that the controller would not run", () => {
  const changes = POSTGRES_VERSIONS.flatMap((stored) =>
    POSTGRES_VERSIONS.filter((version) => version !== stored).map((version) => ({ stored, version }))
  );
  for (const current of POSTGRES_VERSIONS) {
    for (const { stored, version } of changes) {
      const cluster = { ...storedCluster({ version }), status: statusOf(current) };
      const [finding] = reviewPostgresCluster({
        name: cluster.metadata.name,
        spec: cluster.spec,
        before: { version: stored, currentVersion: current },
      });
      assert.equal(finding?.message, versionFaultOf(cluster)?.message, `${current} ${stored} ${version}`);
      assert.equal(finding === undefined, version === current);
      assert.equal(withRunnableVersion(cluster).spec.version, current);
    }
  }
});

function statusOf(currentVersion: string) {
  const decoded = PostgresClusters.decode({
    apiVersion: "postgres-operator.smoketurner.com/v1alpha1",
    kind: "PostgresCluster",
    metadata: { name: "c" },
    spec: { version: "16", storage: { size: "1Gi" } },
    status: { phase: "Running", replicas: 1, readyReplicas: 1, currentVersion },
  });
  assert.ok(decoded.ok && decoded.value.status !== undefined);
  return decoded.value.status;
}
