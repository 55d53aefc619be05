import assert from "node:assert/strict";
import fc from "fast-check";
import { formatLsn, parseLsn } from "./lsn.ts";

Deno.test("a position is read as PostgreSQL writes it", () => {
  assert.equal(parseLsn("0/3000148"), 0x3000148n);
  assert.equal(parseLsn("16/B374D848"), 0x16_b374_d848n);
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (position) => {
    assert.equal(parseLsn(formatLsn(position)), position);
  }));
});

Deno.test("what is no position is none", () => {
  for (const text of ["", "0", "0/", "/0", "0/123456789", "g/0", "0/0 ", "-1/0"]) {
    assert.equal(parseLsn(text), undefined, text);
  }
});
