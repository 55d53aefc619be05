import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { isSame } from "./same.ts";

Deno.test("JSON values are the same when they are deeply equal", () => {
  const few = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 0, 1, "", "a"),
      fc.array(tie("value"), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom("a", "b"), tie("value"), { maxKeys: 2 }),
    ),
  })).value;
  const json = fc.oneof(few, fc.jsonValue());
  fc.assert(
    fc.property(json, json, (a, b) => assert.equal(isSame(a, b), isDeepStrictEqual(plain(a), plain(b)))),
    {
      numRuns: 2000,
    },
  );
  fc.assert(fc.property(json, (a) => assert.ok(isSame(a, plain(a)))));
});

/** As it comes from the API server. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("an absent field is not the same as an empty one", () => {
  assert.ok(!isSame({ a: 1 }, { a: 1, b: {} }));
  assert.ok(!isSame({ a: 1, b: null }, { a: 1, c: null }));
  assert.ok(!isSame([], {}));
  assert.ok(isSame({ a: 1, b: [2] }, { b: [2], a: 1 }));
});
