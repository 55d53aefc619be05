import assert from "node:assert/strict";
import { Pace } from "./pace.ts";

function paced() {
  let now = 0;
  const pace = new Pace({ monotonic: () => now }, () => 0.5);
  return { pace, pass: (milliseconds: number) => now += milliseconds };
}

Deno.test("what was undone is put right at once, until somebody keeps undoing it", () => {
  const { pace, pass } = paced();
  const waits = Array.from({ length: 62 }, () => pace.after("wrote"));
  assert.deepEqual(new Set(waits.slice(0, 60)), new Set([50]));
  assert.deepEqual(waits.slice(60), [5_000, 5_000]);
  pass(5_000);
  assert.deepEqual([pace.after("wrote"), pace.after("wrote")], [50, 5_000]);
});

Deno.test("failures are repeated ever later, and forgotten with the first success", () => {
  const { pace } = paced();
  assert.deepEqual(Array.from({ length: 9 }, () => pace.after("failed")), [
    ...[200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000],
  ]);
  assert.equal(pace.after("idle"), 50);
  assert.equal(pace.after("failed"), 200);
});
