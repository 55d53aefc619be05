import assert from "node:assert/strict";
import { KubeClient } from "../../../kube/client.ts";
import { ManualClock } from "../../../kube/manual_clock.ts";
import type { Pod } from "../../../kube/kinds.ts";
import type { SqlClient } from "../../../postgres/sql/sql_client.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { storedCluster } from "../../../tests/support/postgres_clusters.ts";
import { membersOf } from "../members.ts";
import { memberSelector } from "../shape.ts";
import { readLoad } from "./load.ts";

const cluster = storedCluster({
  replicas: 2,
  scaling: { maxReplicas: 5, metrics: { cpu: { targetUtilization: 60 } } },
});

function podOf(ordinal: number, cpu?: string): Pod {
  const requests = cpu === undefined ? {} : { requests: { cpu } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `orders-${ordinal}`,
      namespace: "fx-patroni",
      uid: `${ordinal}`,
      resourceVersion: "1",
      labels: memberSelector(cluster),
    },
    spec: { containers: [{ name: "postgres", image: "none", resources: requests }] },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
}

const nobody: SqlClient = { connect: () => Promise.reject(new Error("No server is asked for CPU")) };

/** The load that the metrics API's answer makes. */
async function loadOf(pods: Pod[], status: number, items: unknown[]): Promise<unknown> {
  const client = new KubeClient({
    transport: {
      request: (request) => {
        assert.match(request.path, /^\/apis\/metrics\.k8s\.io\/v1beta1\/namespaces\/fx-patroni\/pods\?/);
        return Promise.resolve({ status, body: JSON.stringify({ metadata: {}, items }) });
      },
      stream: () => Promise.reject(new Error("Nothing is watched")),
      close: () => undefined,
    },
    clock: new ManualClock(),
    metrics: silentMetrics,
    fieldManager: "tester",
  });
  const tools = { client, sql: nobody, signal: new AbortController().signal };
  return await readLoad(cluster, membersOf(pods, cluster), tools).catch((error: Error) => error.message);
}

const used = (name: string, cpu: string) => ({
  metadata: { name },
  containers: [{ name: "exporter", usage: { cpu: "3" } }, { name: "postgres", usage: { cpu } }],
});

Deno.test("the use of CPU is that of all servers together, of what was requested for them", async () => {
  const pods = [podOf(0, "500m"), podOf(1, "1")];
  assert.deepEqual(await loadOf(pods, 200, [used("orders-0", "450m"), used("orders-1", "300000000n")]), {
    cpuPercent: 50,
  });
  assert.deepEqual(await loadOf(pods, 200, [used("orders-0", "250m")]), { cpuPercent: 50 });
});

Deno.test("what is missing for scaling by CPU is named", async () => {
  assert.match(
    String(await loadOf([podOf(0)], 200, [used("orders-0", "1")])),
    /set spec.resources.requests.cpu/,
  );
  assert.match(String(await loadOf([podOf(0, "1")], 404, [])), /install metrics-server/);
  assert.match(String(await loadOf([], 200, [])), /No member is ready/);
});
