/** What is kept in memory. */
import assert from "node:assert/strict";
import { delay } from "../ground/wait_for.ts";

/** Looks at the most until a heap is taken for as small as it gets. */
const MOST_LOOKS = 20;

/** Bytes that are still reachable, once what ends by itself (sockets, finalizers) has ended. */
async function heapAfterCollection(): Promise<number> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  assert.ok(typeof collect === "function", "tests run with --expose-gc");
  let least = Infinity;
  for (let look = 0; look < MOST_LOOKS; look++) {
    collect();
    const used = Deno.memoryUsage().heapUsed;
    if (used >= least) return least;
    least = used;
    await delay(50);
  }
  return least;
}

/**
 * Does the same work three times: the third may leave no more behind than `bytes`. The first also pays for what is loaded and
 * compiled.
 * @returns what was reachable after each round, in bytes
 */
export async function leavesNoHeap(bytes: number, work: (round: number) => Promise<void>): Promise<number[]> {
  const heaps: number[] = [];
  for (let round = 0; round < 3; round++) {
    await work(round);
    heaps.push(await heapAfterCollection());
  }
  const [, second = 0, third = 0] = heaps;
  assert.ok(third < second + bytes, `the heap grew from ${second} to ${third} bytes with the same work`);
  return heaps;
}
