import assert from "node:assert/strict";
import { Recent } from "./recent.ts";

Deno.test("what was answered is not worked out again", () => {
  const recent = new Recent<object>(2);
  const first = recent.get("a", () => ({}));
  assert.equal(recent.get("a", () => assert.fail("asked again")), first);
});

Deno.test("what is asked for stays, what is not goes, and memory is bounded", () => {
  const recent = new Recent<string>(10);
  let made = 0;
  const ask = (question: string) => recent.get(question, () => `${++made}`);
  for (let round = 0; round < 100; round++) {
    ask("often");
    ask(`once ${round}`);
  }
  assert.equal(made, 101);
  assert.ok(recent.size <= 20, `${recent.size} are remembered`);
  assert.equal(ask("often"), "1");
  assert.equal(ask("once 0"), "102");
});
