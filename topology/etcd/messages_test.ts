import assert from "node:assert/strict";
import fc from "fast-check";
import { endOfPrefix, nextKey, txnOf } from "./messages.ts";

/** As etcd orders keys: byte by byte, and a key before those that go on from it. */
function compare(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const bytes = fc.uint8Array({ maxLength: 4 });

Deno.test("a key lies between a prefix and its end exactly when it begins with the prefix", () => {
  const end = (prefix: Uint8Array) => endOfPrefix(prefix);
  fc.assert(
    fc.property(bytes, bytes, (prefix, key) => {
      const below = end(prefix).every((byte) => byte === 0) || compare(key, end(prefix)) < 0;
      const inside = compare(key, prefix) >= 0 && below;
      assert.equal(inside, prefix.every((byte, index) => key[index] === byte));
    }),
    {
      examples: [[new Uint8Array([1, 0xff]), new Uint8Array([2])], [
        new Uint8Array([0xff]),
        new Uint8Array([0xff, 1]),
      ]],
    },
  );
});

Deno.test("no key lies between a key and the next", () => {
  fc.assert(fc.property(bytes, bytes, (key, other) => {
    assert.equal(compare(other, key) > 0, compare(other, nextKey(key)) >= 0);
  }));
});

Deno.test("a deletion that depends on other keys compares them in the same step", () => {
  const { compare: comparisons } = txnOf({
    kind: "delete",
    key: "/r/cells/a/Cell",
    revision: 7n,
    unchanged: { prefix: "/r/databases/", revision: 9n },
  });
  assert.deepEqual(comparisons.map(({ targetUnion }) => targetUnion.value), [7n, 10n]);
  assert.deepEqual(new TextDecoder().decode(comparisons[1]?.rangeEnd), "/r/databases0");
});
