/** What is kept in memory. */
import assert from "node:assert/strict";

/** Bytes that are still reachable. */
function heapAfterCollection(): number {
  const collect: unknown = Reflect.get(globalThis, "gc");
  assert.ok(typeof collect === "function", "tests run with --expose-gc");
  collect();
  return Deno.memoryUsage().heapUsed;
}

const MOST_ROUNDS = 6;

/**
 * Does the same work again and again, until a round leaves no more behind than `bytes`. A leak grows with every round, so
 * that none ends well; what the engine keeps for itself grows with some.
 * @returns what was reachable after each round, in bytes
 * @throws AssertionError when each round left more
 */
export async function leavesNoHeap(bytes: number, work: (round: number) => Promise<void>): Promise<number[]> {
  const heaps: number[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await work(round);
    heaps.push(heapAfterCollection());
    const [before, after] = heaps.slice(-2);
    // The first round also pays for what is loaded and compiled.
    if (round >= 2 && before !== undefined && after !== undefined && after < before + bytes) return heaps;
  }
  assert.fail(
    `the heap grew by more than ${bytes} bytes with each round of the same work: ${heaps.join(", ")}`,
  );
}
