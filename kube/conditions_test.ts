import assert from "node:assert/strict";
import { mergeConditions } from "./conditions.ts";
import { ManualClock } from "./manual_clock.ts";

const ready = (status: "True" | "False", message = "m") =>
  ({ type: "Ready", status, reason: "R", message }) as const;

Deno.test("the transition time moves only when the status does", async () => {
  const clock = new ManualClock();
  const first = mergeConditions(undefined, [ready("False")], { generation: 1, clock });
  await clock.advance(60_000);
  const second = mergeConditions(first, [ready("False", "other words")], { generation: 2, clock });
  assert.equal(second[0]?.lastTransitionTime, first[0]?.lastTransitionTime);
  assert.equal(second[0]?.observedGeneration, 2);
  const third = mergeConditions(second, [ready("True")], { generation: 2, clock });
  assert.equal(third[0]?.lastTransitionTime, "2026-01-01T00:01:00Z");
});

Deno.test("a condition that is not stated any more is gone", () => {
  const clock = new ManualClock();
  const known = mergeConditions(undefined, [ready("True"), { ...ready("True"), type: "Old" }], {
    generation: 1,
    clock,
  });
  assert.deepEqual(
    mergeConditions(known, [ready("True")], { generation: 1, clock }).map(({ type }) => type),
    ["Ready"],
  );
});
