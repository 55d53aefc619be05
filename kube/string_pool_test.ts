import assert from "node:assert/strict";
import { StringPool } from "./string_pool.ts";

Deno.test("a text is given back as it came in", () => {
  const pool = new StringPool();
  for (const text of ["", "short", "a text that is longer", "a text that is longer", "ä".repeat(40)]) {
    assert.equal(pool.share(text), text);
  }
});

Deno.test("what was met before is remembered once", () => {
  const pool = new StringPool();
  for (let n = 0; n < 100; n++) pool.share(`registry.example.com/image:${n % 2}`);
  assert.equal(pool.size, 2);
});

Deno.test("any number of different texts leave a bounded number behind", () => {
  const pool = new StringPool();
  const sizes = Array.from({ length: 200_000 }, (_, n) => {
    pool.share(`a name that nobody else has ${n}`);
    return pool.size;
  });
  const [early, late] = [Math.max(...sizes.slice(0, 100_000)), Math.max(...sizes.slice(100_000))];
  assert.ok(early < 10_000 && late <= early, `${early} at first, ${late} later`);
});
