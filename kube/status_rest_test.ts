import assert from "node:assert/strict";
import { ManualClock } from "./manual_clock.ts";
import { StatusRest } from "./status_rest.ts";

const condition = { type: "Available", status: "False", reason: "Late", message: "1 of 3" };
const before = { phase: "Progressing", observedGeneration: 1, ready: 1, conditions: [condition] };

Deno.test("words and numbers wait, and all else does not", () => {
  const clock = new ManualClock();
  const rest = new StatusRest(clock, () => 3_000);
  const words = { ...before, ready: 2, conditions: [{ ...condition, message: "2 of 3" }] };
  assert.equal(rest.waitMs("a", before, words), 0, "nothing was written yet");
  rest.wrote("a");
  assert.equal(rest.waitMs("a", before, words), 3_000);
  for (
    const urgent of [
      { ...before, phase: "Healthy" },
      { ...before, observedGeneration: 2 },
      { ...before, conditions: [{ ...condition, status: "True" }] },
      { ...before, conditions: [{ ...condition, reason: "Lost" }] },
      { ...before, conditions: [] },
    ]
  ) assert.equal(rest.waitMs("a", before, urgent), 0, JSON.stringify(urgent));
  assert.equal(rest.waitMs("b", before, words), 0, "another object");
});

Deno.test("the wait ends, and an object that is gone leaves nothing", async () => {
  const clock = new ManualClock();
  const rest = new StatusRest(clock, () => 3_000);
  rest.wrote("a");
  await clock.advance(2_000);
  assert.equal(rest.waitMs("a", before, before), 1_000);
  await clock.advance(1_000);
  assert.equal(rest.waitMs("a", before, before), 0);
  rest.wrote("a");
  rest.forget("a");
  assert.equal(rest.waitMs("a", before, before), 0);
});
