import assert from "node:assert/strict";
import { Background, type Task } from "./background.ts";
import { ManualClock } from "./manual_clock.ts";

const BACKOFF = { firstMs: 1_000, capMs: 8_000, jitter: 0 };

function stage() {
  const clock = new ManualClock();
  const stop = new AbortController();
  const background = new Background<string>(BACKOFF);
  const woken: string[] = [];
  background.subscribe((key) => woken.push(key));
  const runs: { end: (result: string) => void; fail: (error: Error) => void; signal: AbortSignal }[] = [];
  const task = (id = "a"): Task<string> => ({
    id,
    freshMs: () => 60_000,
    run: (signal) =>
      new Promise((end, fail) => {
        runs.push({ end, fail, signal });
      }),
  });
  const look = (key = "k", id = "a") => background.look(key, task(id), { clock, signal: stop.signal });
  const watch = (key = "k") =>
    background.look(key, { ...task(), digest: (result) => result }, { clock, signal: stop.signal });
  /** Lets what is ready to run do so. */
  const settle = () => clock.advance(0);
  return { clock, stop, background, woken, runs, look, watch, settle };
}

Deno.test("work is begun once, and its key is woken when it ends", async () => {
  const { look, runs, woken, settle } = stage();
  assert.equal(look().kind, "pending");
  assert.equal(look().kind, "pending");
  assert.equal(runs.length, 1);
  runs[0]?.end("well");
  await settle();
  assert.deepEqual(woken, ["k"]);
  assert.deepEqual(look(), { kind: "done", result: "well", ageMs: 0, outdated: false, dueMs: 60_000 });
  assert.equal(runs.length, 1);
});

Deno.test("a result holds for its time, and stays known while the next run is under way", async () => {
  const { look, runs, clock, settle } = stage();
  look();
  runs[0]?.end("first");
  await settle();
  await clock.advance(60_000);
  assert.deepEqual(look(), { kind: "done", result: "first", ageMs: 60_000, outdated: false, dueMs: 0 });
  assert.equal(runs.length, 2);
});

Deno.test("failures pause longer and longer, and tell since when", async () => {
  const { look, runs, clock, settle } = stage();
  look();
  for (const [at, pause] of [1_000, 2_000, 4_000, 8_000, 8_000].entries()) {
    runs[at]?.fail(new Error("silent"));
    await settle();
    const progress = look();
    assert.equal(progress.kind, "failed");
    assert.equal(progress.dueMs, pause);
    assert.equal(runs.length, at + 1);
    await clock.advance(pause);
    look();
  }
  const progress = look();
  assert.ok(progress.kind === "failed" && progress.failingMs === 23_000);
});

Deno.test("another question drops the answer to the former one", async () => {
  const { look, runs, woken, settle } = stage();
  look("k", "old");
  assert.equal(look("k", "new").kind, "pending");
  assert.ok(runs[0]?.signal.aborted);
  runs[0]?.end("of the old");
  await settle();
  assert.deepEqual(woken, []);
  assert.equal(look("k", "new").kind, "pending");
  runs[1]?.end("of the new");
  await settle();
  const progress = look("k", "new");
  assert.ok(progress.kind === "done" && progress.result === "of the new");
});

Deno.test("nothing is kept of a key that is forgotten, or when work stops", async () => {
  const { look, runs, background, woken, stop, settle } = stage();
  look("gone");
  background.forget("gone");
  assert.ok(runs[0]?.signal.aborted);
  look("k");
  stop.abort();
  runs[0]?.fail(new Error("aborted"));
  runs[1]?.fail(new Error("aborted"));
  await settle();
  assert.equal(background.size, 0);
  assert.deepEqual(woken, []);
});

Deno.test("work with a digest goes on by itself, and wakes its key only with news", async () => {
  const { watch, runs, woken, clock, settle } = stage();
  watch();
  for (const [at, result] of ["a", "a", "b", "b"].entries()) {
    assert.equal(runs.length, at + 1);
    runs[at]?.end(result);
    await settle();
    await clock.advance(60_000);
  }
  assert.deepEqual(woken, ["k", "k"]);
  const progress = watch();
  assert.ok(progress.kind === "done" && progress.result === "b");
});

Deno.test("work with a digest ends with its key, and with its process", async () => {
  const { watch, runs, background, stop, clock, settle } = stage();
  watch("gone");
  runs[0]?.end("a");
  await settle();
  background.forget("gone");
  watch("k");
  runs[1]?.end("a");
  await settle();
  stop.abort();
  assert.equal(background.size, 0);
  assert.equal(clock.pending, 0);
  await clock.advance(600_000);
  assert.equal(runs.length, 2);
});

Deno.test("what was done since makes a result outdated until a run that began later ends", async () => {
  const { look, runs, background, settle } = stage();
  look();
  background.outdate("k");
  runs[0]?.end("too early");
  await settle();
  const early = look();
  assert.ok(early.kind === "done" && early.outdated);
  assert.equal(runs.length, 2);
  runs[1]?.end("in time");
  await settle();
  const late = look();
  assert.ok(late.kind === "done" && !late.outdated && late.result === "in time");
});
