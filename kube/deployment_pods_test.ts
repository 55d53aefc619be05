import assert from "node:assert/strict";
import { deploymentsOfPod } from "./deployment_pods.ts";
import type { ObjectMeta } from "./types.ts";

function pod(owner: { kind: string; name: string; controller?: boolean }, hash?: string) {
  const metadata: ObjectMeta = {
    name: "p",
    namespace: "ns",
    ownerReferences: [{ apiVersion: "apps/v1", uid: "u", controller: true, ...owner }],
    ...(hash === undefined ? {} : { labels: { "pod-template-hash": hash } }),
  };
  return { apiVersion: "v1", kind: "Pod", metadata };
}

Deno.test("a pod leads to the Deployment of its ReplicaSet", () => {
  assert.deepEqual(deploymentsOfPod(pod({ kind: "ReplicaSet", name: "web-5d8f" }, "5d8f")), ["ns/web"]);
  assert.deepEqual(deploymentsOfPod(pod({ kind: "ReplicaSet", name: "a-b-5d8f-77" }, "77")), ["ns/a-b-5d8f"]);
});

Deno.test("a pod of something else leads to no Deployment", () => {
  assert.deepEqual(deploymentsOfPod(pod({ kind: "StatefulSet", name: "web-5d8f" }, "5d8f")), []);
  assert.deepEqual(deploymentsOfPod(pod({ kind: "ReplicaSet", name: "web-5d8f" })), []);
  assert.deepEqual(deploymentsOfPod(pod({ kind: "ReplicaSet", name: "web5d8f" }, "5d8f")), []);
  assert.deepEqual(
    deploymentsOfPod(pod({ kind: "ReplicaSet", name: "web-5d8f", controller: false }, "5d8f")),
    [],
  );
  assert.deepEqual(deploymentsOfPod({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" } }), []);
});
