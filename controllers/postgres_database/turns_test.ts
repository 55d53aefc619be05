import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

const never = new AbortController().signal;

/** Takes a turn and notes when it has it. */
function taking(turns: Turns, key: string, seen: string[], signal = never) {
  return turns.take(key, signal).then((turn) => {
    seen.push(key);
    return turn;
  });
}

Deno.test("two of one key follow each other, and another key need not wait for them", async () => {
  const turns = new Turns(5);
  const seen: string[] = [];
  const first = await taking(turns, "a", seen);
  const second = taking(turns, "a", seen);
  const other = await taking(turns, "b", seen);
  assert.deepEqual(seen, ["a", "b"]);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  other[Symbol.dispose]();
  assert.deepEqual(seen, ["a", "b", "a"]);
});

Deno.test("no more than the bound have a turn, and they are served in their order", async () => {
  const turns = new Turns(1);
  const seen: string[] = [];
  const first = await taking(turns, "a", seen);
  const others = ["b", "c"].map((key) => taking(turns, key, seen));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  (await others[0])?.[Symbol.dispose]();
  (await others[1])?.[Symbol.dispose]();
  assert.deepEqual(seen, ["a", "b", "c"]);
});

Deno.test("who gives up waiting leaves the turn to others", async () => {
  const turns = new Turns(1);
  const seen: string[] = [];
  const first = await taking(turns, "a", seen);
  const stop = new AbortController();
  const impatient = taking(turns, "b", seen, stop.signal);
  const patient = taking(turns, "c", seen);
  stop.abort(new Error("gave up"));
  await assert.rejects(impatient, /gave up/);
  first[Symbol.dispose]();
  (await patient)[Symbol.dispose]();
  assert.deepEqual(seen, ["a", "c"]);
  await assert.rejects(turns.take("a", stop.signal), /gave up/);
});
