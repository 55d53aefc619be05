import assert from "node:assert/strict";
import { fenced, LeaseFence } from "./fence.ts";
import { ManualClock } from "./manual_clock.ts";
import type { KubeRequest, Method, Transport } from "./transport.ts";

function counting(): { transport: Transport; sent: Method[] } {
  const sent: Method[] = [];
  const answer = (request: KubeRequest) => {
    sent.push(request.method);
    return Promise.resolve({ status: 200, body: "{}" });
  };
  const stream = () => Promise.reject(new Error("no streams here"));
  return { sent, transport: { request: answer, stream, close: () => {} } };
}

const request = (method: Method): KubeRequest => ({ method, path: "/api", timeoutMs: 1_000 });

Deno.test("a process that slept past its lease writes nothing when it wakes up, though no timer fired", async () => {
  const clock = new ManualClock();
  const fence = new LeaseFence(clock);
  const { transport, sent } = counting();
  const gate = fenced(transport, fence);
  fence.extend(clock.monotonic() + 10_000);
  await gate.request(request("PATCH"));
  await clock.advance(10_000);
  for (const method of ["PATCH", "POST", "PUT", "DELETE"] as const) {
    await assert.rejects(gate.request(request(method)), { failure: "fenced" });
  }
  await gate.request(request("GET"));
  assert.deepEqual(sent, ["PATCH", "GET"]);
});

Deno.test("a wall clock set back does not keep the fence open", async () => {
  const clock = new ManualClock();
  const fence = new LeaseFence(clock);
  fence.extend(10_000);
  clock.jumpWall(-3_600_000);
  await clock.advance(10_000);
  assert.notEqual(fence.refusal(), undefined);
});

Deno.test("a closed fence stays closed, whatever is renewed afterwards", () => {
  const fence = new LeaseFence(new ManualClock());
  fence.close("gone");
  fence.extend(Infinity);
  assert.equal(fence.refusal(), "gone");
});
