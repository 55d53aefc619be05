/** That every query of the operator's dashboards has something to show, asked of a real Prometheus. */
import assert from "node:assert/strict";
import { webhookMetrics } from "../../../webhook/metrics.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { clusterTest } from "../../support/cluster_stage.ts";
import { queriesOf, readDashboard } from "../../support/dashboards.ts";
import { startPrometheus } from "../../support/prometheus.ts";
import { planeOf, watchedOperator } from "../fleet_metrics/support.ts";

const manifest = `
apiVersion: v1
kind: Secret
metadata: { name: pw }
stringData: { password: secret }
---
apiVersion: multigres.com/v1alpha1
kind: MultigresCluster
metadata: { name: c }
spec:
  postgresPasswordSecretRef: { name: pw, key: password }
  globalTopoServer: { external: { endpoints: [TOPO], rootPath: ROOT } }
  cells: [{ name: zone-a, zoneId: use1-aza }]
---
apiVersion: multigres.com/v1alpha1
kind: MultigresCluster
metadata: { name: managed }
spec:
  postgresPasswordSecretRef: { name: pw, key: password }
  cells: [{ name: zone-a, zoneId: use1-aza }]
---
apiVersion: postgres-operator.smoketurner.com/v1alpha1
kind: PostgresCluster
metadata: { name: orders }
spec: { version: "16", replicas: 3, storage: { size: 1Gi }, tls: { enabled: false } }
`;

clusterTest("every panel of the operator's dashboards has something to show", async (stage) => {
  let refusals = 6;
  await using watched = watchedOperator(stage, {
    prepare: (transport) => {
      // Some writes fail at first, so that there are failed passes to show.
      transport.onRequest = ({ method, path }) =>
        method === "PATCH" && /\/(cells|statefulsets)\//.test(path) && refusals-- > 0
          ? { kind: "answer", status: 500, body: "{}" }
          : undefined;
    },
  });
  const review = webhookMetrics(watched.metrics.registry);
  for (const result of ["success", "error"] as const) {
    review({ operation: "VALIDATE", resource: "MultigresCluster", result }, 0.01);
  }
  await using prometheus = await startPrometheus(watched.page);
  await stage.apply(manifest);
  await using _plane = planeOf(stage);
  const queries = [
    ...queriesOf(await readDashboard("operator-overview")),
    ...queriesOf(await readDashboard("cluster-health")),
  ];
  const empty = async () => {
    const found: string[] = [];
    for (const { panel, expr } of queries) {
      if (await prometheus.count(expr) === 0) found.push(`${panel}: ${expr}`);
    }
    return found;
  };
  const left = await waitUntil("all panels to show something", empty, (found) => found.length === 0, {
    timeoutMs: 150_000,
    intervalMs: 1_000,
  });
  assert.deepEqual(left, []);
});
