import assert from "node:assert/strict";
import { healthHandler } from "./health.ts";

let waitingFor: string | undefined;
const handler = healthHandler({
  live: { ping: () => undefined },
  ready: {
    cache: () => waitingFor,
    broken: () => {
      if (waitingFor === "boom") throw new Error("no idea");
      return undefined;
    },
  },
});

async function ask(path: string, waiting?: string): Promise<[number, string]> {
  waitingFor = waiting;
  const [pathname = "", query] = path.split("?");
  const answer = await handler({
    method: "GET",
    path: pathname,
    query: new URLSearchParams(query),
    authorization: undefined,
  });
  return [answer.status, answer.body];
}

Deno.test("probes say ok while every check passes", async () => {
  assert.deepEqual(await ask("/healthz"), [200, "ok\n"]);
  assert.deepEqual(await ask("/readyz/"), [200, "ok\n"]);
  assert.deepEqual(await ask("/readyz?verbose"), [200, "[+] cache\n[+] broken\nok\n"]);
});

Deno.test("a failed check is named with its reason, and does not touch the other probe", async () => {
  assert.deepEqual(await ask("/readyz", "the first list of pods"), [
    503,
    "[-] cache: the first list of pods\n[+] broken\nnot ok\n",
  ]);
  assert.deepEqual(await ask("/healthz", "the first list of pods"), [200, "ok\n"]);
});

Deno.test("a check that throws has failed", async () => {
  const [status, body] = await ask("/readyz/broken", "boom");
  assert.deepEqual([status, body], [503, "[-] broken: no idea\nnot ok\n"]);
});

Deno.test("one check can be asked alone, and unknown ones are not found", async () => {
  assert.equal((await ask("/readyz/broken", "the first list of pods"))[0], 200);
  for (const path of ["/readyz/other", "/readyz/toString", "/", "/livez", "/readyz/cache/more"]) {
    assert.equal((await ask(path))[0], 404, path);
  }
});
