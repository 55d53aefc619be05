import assert from "node:assert/strict";
import fc from "fast-check";
import { RECONCILE_BACKOFF } from "./backoff.ts";
import { ManualClock } from "./manual_clock.ts";
import { WorkQueue } from "./queue.ts";
import { seededRandom } from "./random.ts";

const NOTHING = { waiting: 0, delayed: 0, working: 0, again: 0, failures: 0 };

function newQueue() {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ clock, random: seededRandom(1), backoff: RECONCILE_BACKOFF }) };
}

Deno.test("a key added many times is worked on once", async () => {
  const { queue } = newQueue();
  for (let n = 0; n < 5; n++) queue.add("a");
  assert.equal(queue.depth, 1);
  assert.equal(await queue.take(), "a");
  queue.done("a");
  assert.deepEqual(queue.footprint, NOTHING);
});

Deno.test("a key added while in work comes back once, and never runs beside itself", async () => {
  const { queue } = newQueue();
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.add("a");
  assert.equal(queue.depth, 0);
  queue.done("a");
  assert.equal(queue.depth, 1);
});

Deno.test("a person's change passes periodic looks, also for a key that waits already", async () => {
  const { queue } = newQueue();
  queue.add("periodic", "low");
  queue.add("child", "normal");
  queue.add("late", "low");
  queue.add("late", "high");
  assert.deepEqual([await queue.take(), await queue.take(), await queue.take()], [
    "late",
    "child",
    "periodic",
  ]);
});

Deno.test("failures in a row wait 5 s, then twice as long each, up to 300 s, within 10 %", async () => {
  const { queue, clock } = newQueue();
  for (const expected of [5, 10, 20, 40, 80, 160, 300, 300]) {
    const wait = queue.retry("a") / 1000;
    assert.ok(Math.abs(wait - expected) <= expected * 0.1, `${wait} s is not within 10 % of ${expected} s`);
    await clock.advance(wait * 1000);
    assert.equal(await queue.take(), "a");
    queue.done("a");
  }
  queue.forget("a");
  assert.deepEqual(queue.footprint, NOTHING);
});

Deno.test("a change cancels the wait for a later look", async () => {
  const { queue, clock } = newQueue();
  queue.addAfter("a", 60_000);
  queue.add("a", "high");
  assert.equal(await queue.take(), "a");
  queue.done("a");
  await clock.advance(120_000);
  assert.deepEqual(queue.footprint, NOTHING);
  assert.equal(clock.pending, 0);
});

Deno.test("of two later looks the earlier one counts", async () => {
  const { queue, clock } = newQueue();
  queue.addAfter("a", 10_000);
  queue.addAfter("a", 30_000);
  queue.addAfter("b", 30_000);
  queue.addAfter("b", 10_000);
  await clock.advance(10_000);
  assert.deepEqual([await queue.take(), await queue.take()].sort(), ["a", "b"]);
});

Deno.test("changes during the rest after work are one piece of work when it is over", async () => {
  const { queue, clock } = newQueue();
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.done("a", 200);
  await clock.advance(150);
  queue.add("a");
  queue.addAfter("a", 10);
  assert.equal(queue.depth, 0);
  await clock.advance(50);
  assert.equal(queue.depth, 1);
  assert.equal(await queue.take(), "a");
  queue.done("a", 200);
  await clock.advance(200);
  assert.deepEqual(queue.footprint, NOTHING);
  assert.equal(clock.pending, 0);
});

Deno.test("a key whose rest is over is worked on at once", async () => {
  const { queue, clock } = newQueue();
  queue.add("a");
  await queue.take();
  queue.done("a", 200);
  await clock.advance(200);
  queue.add("a");
  assert.equal(queue.depth, 1);
});

Deno.test("what a person waits for breaks the rest, whether it came during the work or after it", async () => {
  const { queue, clock } = newQueue();
  queue.add("a");
  await queue.take();
  queue.add("a", "high");
  queue.done("a", 200);
  assert.equal(await queue.take(), "a");
  queue.done("a", 200);
  queue.add("a");
  queue.add("a", "high");
  assert.equal(await queue.take(), "a");
  queue.done("a");
  await clock.advance(1_000);
  assert.deepEqual(queue.footprint, NOTHING);
});

Deno.test("the age of the oldest key is that of its first addition", async () => {
  const { queue, clock } = newQueue();
  queue.add("a", "low");
  await clock.advance(4_000);
  queue.add("a", "high");
  assert.equal(queue.oldestAgeSeconds, 4);
});

Deno.test("closing lets waiting workers go and forgets everything", async () => {
  const { queue, clock } = newQueue();
  const worker = queue.take();
  queue.addAfter("a", 1_000);
  queue.retry("b");
  queue.close();
  assert.equal(await worker, undefined);
  await clock.advance(600_000);
  assert.deepEqual(queue.footprint, NOTHING);
});

type Action = { kind: "add" | "urgent" | "after" | "retry" | "work" | "drop"; key: string; rest: boolean };

/** Does one action, and keeps the set of keys that the queue owes. */
async function perform({ kind, key, rest }: Action, queue: WorkQueue, owed: Set<string>): Promise<void> {
  switch (kind) {
    case "add":
      queue.add(key);
      return void owed.add(key);
    case "urgent":
      queue.add(key, "high");
      return void owed.add(key);
    case "after":
      queue.addAfter(key, 500);
      return void owed.add(key);
    case "retry":
      queue.retry(key);
      return void owed.add(key);
    case "drop":
      queue.drop(key);
      return void owed.delete(key);
    case "work": {
      if (queue.depth === 0) return;
      const taken = await queue.take() ?? "";
      queue.add(taken);
      queue.done(taken, rest ? 200 : 0);
      return void owed.add(taken);
    }
  }
}

/** Takes everything that waits, and leaves it in work. */
async function drain(queue: WorkQueue): Promise<Set<string>> {
  const seen = new Set<string>();
  while (queue.depth > 0) {
    const taken = await queue.take() ?? "";
    assert.ok(!seen.has(taken), `${taken} was handed out twice`);
    seen.add(taken);
  }
  return seen;
}

Deno.test("whatever happens, no key runs twice at once, none is lost, and nothing is kept at the end", async () => {
  const action: fc.Arbitrary<Action> = fc.record({
    kind: fc.constantFrom("add", "urgent", "after", "retry", "work", "drop"),
    key: fc.constantFrom("a", "b", "c"),
    rest: fc.boolean(),
  });
  const property = fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
    const { queue, clock } = newQueue();
    const owed = new Set<string>();
    for (const each of actions) await perform(each, queue, owed);
    await clock.advance(400_000);
    const seen = await drain(queue);
    assert.deepEqual(seen, owed);
    for (const key of ["a", "b", "c"]) queue.forget(key);
    for (const key of seen) queue.done(key);
    assert.deepEqual(queue.footprint, NOTHING);
  });
  await fc.assert(property, { numRuns: 60 });
});
