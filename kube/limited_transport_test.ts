import assert from "node:assert/strict";
import { limited, PATIENCE_MS, TURN_MS } from "./limited_transport.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";

/** Answers when it is told to. */
class Slow implements Transport {
  readonly sent: KubeRequest[] = [];
  readonly #answers: ((response: KubeResponse) => void)[] = [];

  request(request: KubeRequest): Promise<KubeResponse> {
    this.sent.push(request);
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  /** Answers the oldest request that has no answer. */
  async answer(): Promise<void> {
    this.#answers.shift()?.({ status: 200, body: "" });
    await settle();
  }

  stream(): Promise<never> {
    return Promise.reject(new Error("Cannot watch here"));
  }

  close(): void {}

  get paths(): string[] {
    return this.sent.map(({ path }) => path);
  }
}

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function get(path: string, more: Partial<KubeRequest> = {}): KubeRequest {
  return { method: "GET", path, timeoutMs: 30_000, ...more };
}

Deno.test("so many requests are under way, and the others follow in their order", async () => {
  const slow = new Slow();
  const { first: transport } = limited(slow, 2);
  const all = ["/a", "/b", "/c", "/d"].map((path) => transport.request(get(path)));
  await settle();
  assert.deepEqual(slow.paths, ["/a", "/b"]);
  await slow.answer();
  const late = transport.request(get("/e"));
  await settle();
  assert.deepEqual(slow.paths, ["/a", "/b", "/c"], "who comes in between does not go ahead");
  for (let answers = 0; answers < 4; answers++) await slow.answer();
  assert.deepEqual(slow.paths, ["/a", "/b", "/c", "/d", "/e"]);
  await Promise.all([...all, late]);
});

Deno.test("a request that fails gives its turn back", async () => {
  const failing: Transport = {
    ...new Slow(),
    request: () => Promise.reject(new Error("no")),
    close() {},
    stream: () => Promise.reject(new Error("no")),
  };
  const { first: transport } = limited(failing, 1);
  for (let time = 0; time < 3; time++) await assert.rejects(transport.request(get("/a")), /no/);
});

Deno.test("an answer that takes long holds up no others", async () => {
  const slow = new Slow();
  const { first: transport } = limited(slow, 1);
  const all = ["/stuck", "/b", "/c"].map((path) => transport.request(get(path)));
  await settle();
  assert.deepEqual(slow.paths, ["/stuck"]);
  await new Promise((resolve) => setTimeout(resolve, TURN_MS + 50));
  assert.deepEqual(slow.paths, ["/stuck", "/b"]);
  await slow.answer();
  assert.deepEqual(slow.paths, ["/stuck", "/b"], "a turn that is over is not given back twice");
  await slow.answer();
  assert.deepEqual(slow.paths, ["/stuck", "/b", "/c"]);
  await slow.answer();
  await Promise.all(all);
});

Deno.test("who waits may be given up, and waits no longer than its time", async () => {
  const slow = new Slow();
  const { first: transport } = limited(slow, 1);
  const first = transport.request(get("/a"));
  const stop = new AbortController();
  const aborted = assert.rejects(transport.request(get("/b", { signal: stop.signal })), {
    failure: "aborted",
    message: "GET /b: given up by the caller",
  });
  const late = assert.rejects(transport.request(get("/c?x=1", { timeoutMs: 20 })), {
    failure: "timeout",
    message: "GET /c: no turn to be sent within 20 ms",
  });
  const last = transport.request(get("/d"));
  stop.abort();
  await Promise.all([aborted, late]);
  await slow.answer();
  assert.deepEqual(slow.paths, ["/a", "/d"]);
  const left = slow.sent[1]?.timeoutMs ?? NaN;
  assert.ok(left > 29_000 && left < 30_000, `what it waited counts: ${left} ms are left`);
  await slow.answer();
  await Promise.all([first, last]);
});

Deno.test("the last lane lets the first go ahead", async () => {
  const slow = new Slow();
  const { first, last } = limited(slow, 1);
  const all = [
    first.request(get("/a")),
    last.request(get("/event")),
    last.request(get("/next")),
    first.request(get("/b")),
  ];
  await settle();
  for (let answers = 0; answers < 4; answers++) await slow.answer();
  assert.deepEqual(slow.paths, ["/a", "/b", "/event", "/next"]);
  await Promise.all(all);
});

Deno.test("the last lane does not wait for ever", async () => {
  const slow = new Slow();
  const { first, last } = limited(slow, 1);
  const turns = PATIENCE_MS / TURN_MS;
  const all = Array.from({ length: 2 * turns }, (_, index) => first.request(get(`/${index}`)));
  all.push(last.request(get("/event")));
  // Nothing is answered: each turn ends by itself.
  await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS + 2 * TURN_MS - 100));
  const place = slow.paths.indexOf("/event");
  assert.ok(place === turns || place === turns + 1, slow.paths.join());
  for (let answers = 0; answers < all.length; answers++) await slow.answer();
  await Promise.all(all);
});
