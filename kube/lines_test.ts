import assert from "node:assert/strict";
import fc from "fast-check";
import { LineCutter, TruncatedLine } from "./lines.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("lines come out whole wherever the bytes were cut", () => {
  const line = fc.string({ unit: "grapheme", minLength: 1 }).map((text) => text.replaceAll("\n", " "));
  fc.assert(fc.property(fc.array(line), fc.array(fc.nat(), { maxLength: 8 }), (lines, cuts) => {
    const bytes = encode(lines.map((text) => `${text}\n`).join(""));
    const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((
      a,
      b,
    ) => a - b);
    const cutter = new LineCutter();
    const seen = places.slice(1).flatMap((end, at) => cutter.push(bytes.slice(places[at], end)));
    cutter.end();
    assert.deepEqual(seen, lines);
  }));
});

Deno.test("a stream that ends within a line is told from one that ended well", () => {
  const cutter = new LineCutter();
  assert.deepEqual(cutter.push(encode('{"a":1}\n{"b"')), ['{"a":1}']);
  assert.throws(() => cutter.end(), TruncatedLine);
});

Deno.test("a line without end is refused before it fills the memory", () => {
  const cutter = new LineCutter();
  const chunk = encode("x".repeat(1024 * 1024));
  assert.throws(() => {
    for (let n = 0; n < 20; n++) cutter.push(chunk);
  }, RangeError);
});
