import assert from "node:assert/strict";
import { MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import type { KubeObject } from "../kube/types.ts";
import { fleetInMemory } from "../tests/support/fleet_in_memory.ts";
import { clusterOrigin } from "./trace_origin.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parent = `00-${traceId}-b7ad6b7169203331-01`;
const now = new Date("2026-11-21T12:00:00Z");
const seconds = now.getTime() / 1_000;

function annotations(more: Record<string, string> = {}): Record<string, string> {
  return { "multigres.com/traceparent": parent, "multigres.com/traceparent-ts": String(seconds), ...more };
}

function cluster(found: Record<string, string>): KubeObject {
  const metadata = { name: "c", namespace: "shop", annotations: found };
  return { apiVersion: "multigres.com/v1alpha1", kind: "MultigresCluster", metadata };
}

function shard(status: unknown, name = "c"): KubeObject & { status: unknown } {
  const metadata = { name: "s", namespace: "shop", generation: 2, labels: { "multigres.com/cluster": name } };
  return { apiVersion: "multigres.com/v1alpha1", kind: "Shard", metadata, status };
}

const fleet = fleetInMemory();
const { cache } = fleet;

Deno.test("a cluster goes on with the trace of a request of the last ten minutes, and points at an older one", () => {
  const kind = (ts: string) =>
    clusterOrigin(cluster(annotations({ "multigres.com/traceparent-ts": ts })), cache, now)?.kind;
  assert.equal(kind(String(seconds)), "parent");
  assert.equal(kind(String(seconds - 600)), "parent");
  assert.equal(kind(String(seconds - 601)), "link");
  assert.equal(kind("yesterday"), "link");
  assert.equal(kind(""), "link");
});

Deno.test("the span is the one that the annotations name, and none when they name none", () => {
  const found = clusterOrigin(cluster(annotations({ "multigres.com/tracestate": "vendor=1" })), cache, now);
  assert.equal(found?.span.traceId, traceId);
  assert.equal(found?.span.spanId, "b7ad6b7169203331");
  assert.equal(found?.span.traceFlags, 1);
  assert.equal(found?.span.traceState?.serialize(), "vendor=1");
  for (const broken of ["", "00-0-0-01", parent.toUpperCase(), `00-${"0".repeat(32)}-b7ad6b7169203331-01`]) {
    const object = cluster(annotations({ "multigres.com/traceparent": broken }));
    assert.equal(clusterOrigin(object, cache, now), undefined);
  }
});

Deno.test("a part goes on with the trace of its cluster until it has settled", () => {
  fleet.put(MultigresClusters.resource, "c", {}, { annotations: annotations() });
  assert.equal(clusterOrigin(shard(undefined), cache, now)?.kind, "parent");
  assert.equal(
    clusterOrigin(shard({ phase: "Progressing", observedGeneration: 2 }), cache, now)?.kind,
    "parent",
  );
  assert.equal(clusterOrigin(shard({ phase: "Healthy", observedGeneration: 1 }), cache, now)?.kind, "parent");
  assert.equal(clusterOrigin(shard({ phase: "Healthy", observedGeneration: 2 }), cache, now), undefined);
  assert.equal(clusterOrigin(shard(undefined, "unknown"), cache, now), undefined);
  assert.equal(clusterOrigin(shard(undefined), cache, new Date(now.getTime() + 601_000)), undefined);
});
