import assert from "node:assert/strict";
import fc from "fast-check";
import { patched } from "../tests/support/webhook.ts";
import { patchTo } from "./patch.ts";

Deno.test("what is new is added, what differs is replaced, and nothing is taken away", () => {
  const from = { a: 1, b: { c: "x", own: true }, list: [{ n: 1 }, { n: 2 }] };
  const to = { a: 1, b: { c: "y", d: {} }, list: [{ n: 1, m: 0 }, { n: 3 }], new: [1] };
  assert.deepEqual(patchTo(from, to, "/spec"), [
    { op: "replace", path: "/spec/b/c", value: "y" },
    { op: "add", path: "/spec/b/d", value: {} },
    { op: "add", path: "/spec/list/0/m", value: 0 },
    { op: "replace", path: "/spec/list/1/n", value: 3 },
    { op: "add", path: "/spec/new", value: [1] },
  ]);
});

Deno.test("keys are escaped, lists of another length are replaced, and a quantity may be a number", () => {
  assert.deepEqual(patchTo({}, { "a/b~c": 1 }, ""), [{ op: "add", path: "/a~1b~0c", value: 1 }]);
  assert.deepEqual(patchTo({ a: [1] }, { a: [1, 2] }, ""), [{ op: "replace", path: "/a", value: [1, 2] }]);
  assert.deepEqual(patchTo({ cpu: 2 }, { cpu: "2" }, ""), []);
  assert.deepEqual(patchTo({ cpu: 2 }, { cpu: "3" }, ""), [{ op: "replace", path: "/cpu", value: "3" }]);
});

Deno.test("a patch leads to what was wanted, and then there is nothing left to patch", () => {
  const json = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
    .map((value): Record<string, unknown> => JSON.parse(JSON.stringify(value)))
    .filter((value) => !JSON.stringify(value).includes("__proto__"));
  fc.assert(fc.property(json, json, (from, to) => {
    const result = patched({ spec: from }, patchTo(from, to, "/spec"));
    assert.deepEqual(patchTo(result["spec"], to, "/spec"), []);
  }));
});
