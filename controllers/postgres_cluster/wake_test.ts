import assert from "node:assert/strict";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { Cache } from "../../kube/cache.ts";
import { KubeClient } from "../../kube/client.ts";
import type { Pod } from "../../kube/kinds.ts";
import { ManualClock } from "../../kube/manual_clock.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import { Pods } from "./kinds.ts";
import { trimMember } from "./members.ts";
import { wokenByPods } from "./wake.ts";

const nobody = () => Promise.reject(new Error("Nobody is asked"));

function podOf(version: number, status: string, changes: Record<string, string> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "shop",
      name: "orders-0",
      uid: "1",
      resourceVersion: `${version}`,
      labels: { [labelKeys.cluster]: "orders", ...changes },
      annotations: { status },
    },
    spec: { containers: [{ name: "postgres", image: "none" }] },
  };
}

Deno.test("what Patroni notes on a pod wakes nobody; what is kept of it does, and so does its end", () => {
  const clock = new ManualClock();
  const transport = { request: nobody, stream: nobody, close: () => undefined };
  const client = new KubeClient({ transport, clock, metrics: silentMetrics, fieldManager: "tester" });
  const cache = new Cache({ client, clock, random: () => 0.5, log: silentLogger, metrics: silentMetrics });
  cache.watch({ resource: Pods, trim: trimMember });
  const store = cache.store(Pods);
  const woken: string[][] = [];
  const keys = wokenByPods();
  store.subscribe(({ object }) => void woken.push(keys(object, cache)));
  store.put(podOf(1, "running at 1"));
  store.put(podOf(2, "running at 2"));
  store.put(podOf(3, "running at 3", { "spilo-role": "master" }));
  store.put(podOf(4, "running at 4", { "spilo-role": "master" }));
  store.remove("shop/orders-0");
  store.put(podOf(5, "running at 5", { "spilo-role": "master" }));
  const cluster = ["shop/orders"];
  assert.deepEqual(woken, [cluster, [], cluster, [], cluster, cluster]);
});
