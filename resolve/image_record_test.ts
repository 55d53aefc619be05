import assert from "node:assert/strict";
import { fullyPinnedRecord, readImageRecord, writeImageRecord } from "./image_record.ts";
import { availableImages } from "./image_set.ts";

const set = availableImages();
const { postgres: _, ...five } = set;

Deno.test("what is written is read again", () => {
  assert.deepEqual(readImageRecord(writeImageRecord(set), undefined), {
    kind: "known",
    images: set,
    from: "annotation",
  });
});

Deno.test("the annotation goes before the status", () => {
  const other = { ...set, postgres: "other" };
  assert.deepEqual(readImageRecord(writeImageRecord(set), other), {
    kind: "known",
    images: set,
    from: "annotation",
  });
});

Deno.test("without an annotation the status counts, when it has all six images", () => {
  assert.deepEqual(readImageRecord(undefined, set), { kind: "known", images: set, from: "status" });
  assert.deepEqual(readImageRecord(undefined, five), { kind: "none", fullyPinned: false });
  assert.deepEqual(readImageRecord(undefined, undefined), { kind: "none", fullyPinned: false });
});

Deno.test("a cluster that ran the user's images alone has nothing on record, whatever the status says", () => {
  assert.equal(fullyPinnedRecord, '"fully-pinned"');
  assert.deepEqual(readImageRecord(fullyPinnedRecord, set), { kind: "none", fullyPinned: true });
});

for (
  const text of [
    "",
    "{",
    "null",
    "[]",
    '"other"',
    "{}",
    JSON.stringify(five),
    JSON.stringify({ ...set, postgres: 1 }),
  ]
) {
  Deno.test(`an annotation that cannot be used is told, and the status stands in: ${text}`, () => {
    const record = readImageRecord(text, set);
    assert.ok(record.kind === "invalid" && record.why !== "");
    assert.deepEqual(record.images, set);
    const alone = readImageRecord(text, undefined);
    assert.ok(alone.kind === "invalid" && alone.images === undefined);
  });
}
