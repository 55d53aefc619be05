import assert from "node:assert/strict";
import { trace } from "@opentelemetry/api";
import { carried, detached, isTracing, withSpan } from "./tracing.ts";

const origin = {
  kind: "parent",
  span: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 },
} as const;

Deno.test("without an exporter work is done as it is, and no span is made", async () => {
  assert.equal(isTracing(), false);
  const seen = await withSpan("Shard.Reconcile", {}, (span) => {
    assert.equal(span.isRecording(), false);
    assert.equal(trace.getActiveSpan(), undefined);
    return Promise.resolve(7);
  }, { origin });
  assert.equal(seen, 7);
  const work = () => 8;
  assert.equal(carried(work), work);
  assert.equal(detached(work), 8);
});

Deno.test("without an exporter what work throws is thrown on", async () => {
  const error = new Error("no quorum");
  await assert.rejects(withSpan("Outer", {}, () => Promise.reject(error)), (thrown) => thrown === error);
  await assert.rejects(
    withSpan("Outer", {}, () => {
      throw error;
    }),
    (thrown) => thrown === error,
  );
});

/** Nanoseconds for one call, the best of several rounds: what else the machine does makes rounds longer, never shorter. */
async function cost(call: () => Promise<unknown>): Promise<number> {
  const calls = 20_000;
  let best = Infinity;
  for (let round = 0; round < 8; round++) {
    const start = performance.now();
    for (let index = 0; index < calls; index++) await call();
    best = Math.min(best, (performance.now() - start) * 1e6 / calls);
  }
  return best;
}

Deno.test("without an exporter a span costs no more than a few calls of a function", async () => {
  const work = () => Promise.resolve();
  const attributes = { "k8s.resource.name": "a" };
  const plain = await cost(async () => await work());
  const spanned = await cost(async () => await withSpan("Shard.Reconcile", attributes, work));
  assert.ok(spanned - plain < 1_000, `${spanned} ns with a span, ${plain} ns without`);
});
