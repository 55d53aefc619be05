import assert from "node:assert/strict";
import { ManualClock } from "../kube/manual_clock.ts";
import type { KubeRequest, KubeResponse, Transport } from "../kube/transport.ts";
import { silentLogger } from "../telemetry/log.ts";
import { MetricsAccess } from "./metrics_access.ts";

/** An API server that knows tokens `good-*`, and lets the user `reader` read. It counts and can be held up. */
class Reviews implements Transport {
  readonly asked: string[] = [];
  status = 201;
  gate: Promise<void> = Promise.resolve();

  async request(request: KubeRequest): Promise<KubeResponse> {
    this.asked.push(request.path);
    await this.gate;
    const { spec } = JSON.parse(request.body ?? "{}");
    const status = request.path.endsWith("tokenreviews")
      ? {
        authenticated: spec.token.startsWith("good-"),
        user: { username: spec.token.slice("good-".length) },
      }
      : { allowed: spec.user === "reader" };
    return { status: this.status, body: JSON.stringify({ status }) };
  }

  stream(): never {
    throw new Error("nothing is watched here");
  }

  close(): void {}
}

function make() {
  const [reviews, clock] = [new Reviews(), new ManualClock()];
  return { reviews, clock, access: new MetricsAccess({ transport: reviews, clock, log: silentLogger }) };
}

Deno.test("a token is judged by who owns it", async () => {
  const { access } = make();
  assert.equal(await access.judge("Bearer good-reader"), "allowed");
  assert.equal(await access.judge("bearer  good-stranger"), "refused");
  assert.equal(await access.judge("Bearer forged"), "unknown");
});

Deno.test("nobody is asked about a request without a bearer token", async () => {
  const { access, reviews } = make();
  for (const header of [undefined, "", "Bearer ", "Basic good-reader", "good-reader", "Bearer a b"]) {
    assert.equal(await access.judge(header), "unknown", String(header));
  }
  assert.deepEqual(reviews.asked, []);
});

Deno.test("a verdict holds for a minute and not longer", async () => {
  const { access, reviews, clock } = make();
  await access.judge("Bearer good-reader");
  await clock.advance(59_999);
  await access.judge("Bearer good-reader");
  assert.equal(reviews.asked.length, 2);
  await clock.advance(1);
  await access.judge("Bearer good-reader");
  assert.equal(reviews.asked.length, 4);
});

Deno.test("requests with one token at the same time lead to one review", async () => {
  const { access, reviews } = make();
  await Promise.all(Array.from({ length: 20 }, () => access.judge("Bearer good-reader")));
  assert.equal(reviews.asked.length, 2);
});

Deno.test("of many strange tokens at once only a few reach the API server", async () => {
  const { access, reviews } = make();
  const open = Promise.withResolvers<void>();
  reviews.gate = open.promise;
  const verdicts = Promise.all(Array.from({ length: 100 }, (_, at) => access.judge(`Bearer forged-${at}`)));
  setTimeout(() => open.resolve(), 20);
  const counts = Object.groupBy(await verdicts, (verdict) => verdict);
  assert.deepEqual([counts.unknown?.length, counts.undecided?.length], [8, 92]);
  assert.equal(reviews.asked.length, 8);
});

Deno.test("verdicts of many tokens push out the oldest ones", async () => {
  const { access, reviews } = make();
  await access.judge("Bearer good-reader");
  for (let at = 0; at < 256; at++) await access.judge(`Bearer forged-${at}`);
  const before = reviews.asked.length;
  await access.judge("Bearer forged-255");
  assert.equal(reviews.asked.length, before);
  await access.judge("Bearer good-reader");
  assert.equal(reviews.asked.length, before + 2);
});

Deno.test("nobody is let in while the API server cannot be asked, and it is asked again soon", async () => {
  const { access, reviews, clock } = make();
  reviews.status = 403;
  assert.equal(await access.judge("Bearer good-reader"), "undecided");
  reviews.status = 201;
  assert.equal(await access.judge("Bearer good-reader"), "undecided");
  await clock.advance(5_000);
  assert.equal(await access.judge("Bearer good-reader"), "allowed");
});
