import assert from "node:assert/strict";
import { createMetrics } from "./prometheus.ts";

const make = () => createMetrics({ version: "1.2.3", leaseName: "lease", processMetrics: false });

/** Lines of the page that start with `name`, comments left out. */
async function samples(metrics: ReturnType<typeof make>, name: string): Promise<string[]> {
  return (await metrics.render()).split("\n").filter((line) => line.startsWith(name));
}

Deno.test("reconciles are counted under the names that controller-runtime gave them", async () => {
  const metrics = make();
  metrics.reconciled("shard", "success", 0.002, "a/b");
  metrics.reconciled("shard", "requeue_after", 0.002, "a/b");
  metrics.reconciled("shard", "error", 31, "a/b");
  assert.deepEqual(await samples(metrics, "controller_runtime_reconcile_total"), [
    'controller_runtime_reconcile_total{controller="shard",result="success"} 1',
    'controller_runtime_reconcile_total{controller="shard",result="requeue_after"} 1',
    'controller_runtime_reconcile_total{controller="shard",result="error"} 1',
  ]);
  assert.deepEqual(await samples(metrics, "controller_runtime_reconcile_errors_total"), [
    'controller_runtime_reconcile_errors_total{controller="shard"} 1',
  ]);
  const page = await metrics.render();
  assert.match(page, /reconcile_time_seconds_bucket\{le="30",controller="shard"\} 2\n/);
  assert.match(page, /reconcile_time_seconds_bucket\{le="60",controller="shard"\} 3\n/);
});

Deno.test("queues are read when somebody looks and not before, and forgotten when told", async () => {
  const metrics = make();
  let reads = 0;
  const forget = metrics.registerQueue("cell", () => {
    reads++;
    return { depth: 4, oldestAgeSeconds: 1.5, adds: 9, retries: 2 };
  });
  assert.equal(reads, 0);
  assert.deepEqual(await samples(metrics, "workqueue_"), [
    'workqueue_depth{name="cell"} 4',
    'workqueue_oldest_item_age_seconds{name="cell"} 1.5',
    'workqueue_adds_total{name="cell"} 9',
    'workqueue_retries_total{name="cell"} 2',
  ]);
  assert.deepEqual(await samples(metrics, "workqueue_adds_total"), ['workqueue_adds_total{name="cell"} 9']);
  forget();
  assert.deepEqual(await samples(metrics, "workqueue_"), []);
});

Deno.test("two queues of one name are a mistake of the program", () => {
  const metrics = make();
  metrics.registerQueue("cell", () => ({ depth: 0, oldestAgeSeconds: 0 }));
  assert.throws(
    () => metrics.registerQueue("cell", () => ({ depth: 0, oldestAgeSeconds: 0 })),
    /Cannot register queue "cell"/,
  );
});

Deno.test("requests are counted by code and method and by kind", async () => {
  const metrics = make();
  metrics.request("GET", "pods", 200, 0.003);
  metrics.request("PATCH", "shards.multigres.com", "error", 0.003);
  assert.deepEqual(await samples(metrics, "rest_client_requests_total"), [
    'rest_client_requests_total{code="200",method="GET"} 1',
    'rest_client_requests_total{code="error",method="PATCH"} 1',
  ]);
  assert.deepEqual(await samples(metrics, "matriarch_api_requests_total"), [
    'matriarch_api_requests_total{method="GET",resource="pods"} 1',
    'matriarch_api_requests_total{method="PATCH",resource="shards.multigres.com"} 1',
  ]);
});

Deno.test("lists and ended watches are counted by kind", async () => {
  const metrics = make();
  metrics.listed("pods", 12);
  metrics.listed("pods", 10);
  metrics.watchEnded("pods", "expired");
  assert.deepEqual(
    [...await samples(metrics, "matriarch_list"), ...await samples(metrics, "matriarch_watch")],
    [
      'matriarch_lists_total{resource="pods"} 2',
      'matriarch_list_items{resource="pods"} 10',
      'matriarch_watch_ended_total{resource="pods",reason="expired"} 1',
    ],
  );
});

Deno.test("the lease shows 0 until this process leads", async () => {
  const metrics = make();
  assert.deepEqual(await samples(metrics, "leader_"), ['leader_election_master_status{name="lease"} 0']);
  metrics.leader(true);
  assert.deepEqual(await samples(metrics, "leader_"), ['leader_election_master_status{name="lease"} 1']);
});

Deno.test("two instances in one process do not see each other", async () => {
  const [one, other] = [make(), make()];
  one.reconciled("shard", "success", 1, "a/b");
  assert.deepEqual(await samples(other, "controller_runtime_reconcile_total"), []);
});
