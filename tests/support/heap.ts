/** What is kept in memory. */
import assert from "node:assert/strict";

/** Bytes that are still reachable. */
export function heapAfterCollection(): number {
  const collect: unknown = Reflect.get(globalThis, "gc");
  assert.ok(typeof collect === "function", "tests run with --expose-gc");
  collect();
  return Deno.memoryUsage().heapUsed;
}
