import assert from "node:assert/strict";
import fc from "fast-check";
import { firstPool, plainShard } from "../../tests/support/shard_view.ts";
import { canonicalText } from "./canonical.ts";
import { desiredPod } from "./desired_pod.ts";
import { specHash, userHash } from "./spec_hash.ts";

/** The same value with the fields of all objects the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([name, field]) => [name, turned(field)]));
}

Deno.test("the order of fields does not matter, the order of items and every value do", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.equal(canonicalText(turned(value)), canonicalText(value));
    assert.deepEqual(JSON.parse(canonicalText(value)), JSON.parse(JSON.stringify(value)));
  }));
  assert.notEqual(canonicalText([1, 2]), canonicalText([2, 1]));
  assert.equal(canonicalText({ a: undefined }), "{}");
  assert.notEqual(canonicalText({ selector: {} }), canonicalText({}));
});

Deno.test("each pod of a pool has a hash of its own, and the same one whenever it is built", () => {
  const hashes = [0, 1, 2, 0].map((index) => {
    const built = desiredPod(firstPool(plainShard()), index);
    assert.ok(built.ok);
    return built.pod.metadata.annotations?.["multigres.com/spec-hash"];
  });
  assert.equal(new Set(hashes).size, 3);
  assert.equal(hashes[0], hashes[3]);
});

/** A version of the operator that computes another hash for the same pod would make all pods look outdated. */
Deno.test("the way to the hash is fixed", () => {
  assert.equal(specHash({ containers: [{ name: "a", image: "b" }] }, "c"), "8fe2af460c8ee0d3");
  assert.equal(userHash({ images: { postgres: "d:1" }, fsGroup: undefined }), "032ff0fc71a84cfc");
});
