import assert from "node:assert/strict";
import { news, storyOf } from "./follow.ts";

const ready = (status: string, message: string) => ({ type: "Ready", status, reason: "Members", message });

Deno.test("the story of an object is its phase and its conditions", () => {
  const story = storyOf({
    status: { phase: "Healthy", message: "Ready", conditions: [ready("True", "3 of 3")] },
  });
  assert.deepEqual([...story], [["phase", "Healthy: Ready"], ["Ready", "True (Members: 3 of 3)"]]);
  assert.deepEqual([...storyOf({ spec: {} })], []);
});

Deno.test("news are what was added or changed, and nothing else", () => {
  const before = storyOf({ status: { phase: "Progressing", conditions: [ready("False", "1 of 3")] } });
  const now = storyOf({ status: { phase: "Progressing", conditions: [ready("False", "2 of 3")] } });
  assert.deepEqual(news(before, now), ["Ready False (Members: 2 of 3)"]);
  assert.deepEqual(news(now, now), []);
});
