import assert from "node:assert/strict";
import { withoutEmptied } from "./emptied.ts";

const owned = {
  "f:spec": {
    "f:labels": { ".": {}, "f:a": {} },
    "f:volume": {},
    "f:items": { 'k:{"name":"x"}': { ".": {}, "f:name": {}, "f:limits": { "f:cpu": {} } } },
  },
};

Deno.test("a map whose entries were ours is left out when it is empty", () => {
  const desired = { spec: { labels: {}, items: [{ name: "x", limits: {} }, { name: "y", limits: {} }] } };
  assert.deepEqual(withoutEmptied(desired, owned), {
    spec: { items: [{ name: "x" }, { name: "y", limits: {} }] },
  });
});

Deno.test("a map that was empty before, or has entries, stays", () => {
  const desired = { spec: { labels: { b: "1" }, volume: {}, other: {}, items: [] } };
  assert.deepEqual(withoutEmptied(desired, owned), {
    spec: { labels: { b: "1" }, volume: {}, other: {} },
  });
  assert.deepEqual(withoutEmptied(desired, undefined), desired);
});
