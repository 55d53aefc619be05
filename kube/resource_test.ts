import assert from "node:assert/strict";
import { Nodes, Pods, StatefulSets } from "./kinds.ts";
import { collectionPath, objectPath, qualifiedName } from "./resource.ts";

Deno.test("paths follow group, namespace, name and subresource", () => {
  assert.equal(collectionPath(Pods), "/api/v1/pods");
  assert.equal(collectionPath(StatefulSets, "a"), "/apis/apps/v1/namespaces/a/statefulsets");
  assert.equal(
    objectPath(Pods, { namespace: "a", name: "x" }, "resize"),
    "/api/v1/namespaces/a/pods/x/resize",
  );
  assert.equal(objectPath(Nodes, { name: "n" }), "/api/v1/nodes/n");
  assert.equal(qualifiedName(StatefulSets), "statefulsets.apps");
});

Deno.test("a namespace that is missing or too much is named", () => {
  assert.throws(() => objectPath(Pods, { name: "x" }), /Cannot address Pod "x" as its namespace is missing/);
  assert.throws(() => objectPath(Nodes, { namespace: "a", name: "n" }), /cluster-scoped/);
});
