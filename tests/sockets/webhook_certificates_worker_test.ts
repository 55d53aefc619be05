import assert from "node:assert/strict";
import { ManualClock } from "../../kube/manual_clock.ts";
import { freePort } from "../ground/ports.ts";
import { addressOf, runJob } from "../../webhook/pki/job.ts";

const place = { namespace: "system", serviceName: "webhook" };
const fixture = (name: string) => new URL(`../fixtures/webhook/${name}`, import.meta.url);

function job(server: string, entry: string, clock = new ManualClock()) {
  const options = { clock, connection: { server, namespace: "system" }, place, entry: fixture(entry) };
  return runJob("keep", options, new AbortController().signal);
}

Deno.test("the worker that holds the authority's key may reach the API server, and nothing else", async () => {
  await assert.rejects(job("https://127.0.0.1:1", "probe_worker.ts"), {
    message: "refused: read, write, env, run, ffi, sys, connect, listen elsewhere",
  });
  // The same tries, with the API server at the address to which one of them connects and on which another listens.
  await assert.rejects(job("https://127.0.0.1:9", "probe_worker.ts"), {
    message: "refused: read, write, env, run, ffi, sys",
  });
});

Deno.test("a worker that fails, or never ends, is given up", async () => {
  await assert.rejects(job("https://127.0.0.1:1", "throwing_worker.ts"), /the worker's own bug/);
  const clock = new ManualClock();
  const endless = assert.rejects(job("https://127.0.0.1:1", "looping_worker.ts", clock), {
    message: "it was not done within 120 s",
  });
  await clock.advance(120_000);
  await endless;
});

Deno.test("a worker is told apart from its address: ports that a URL leaves out are those of its scheme", () => {
  assert.equal(addressOf("https://10.0.0.1"), "10.0.0.1:443");
  assert.equal(addressOf("http://api.example.com/prefix"), "api.example.com:80");
  assert.equal(addressOf("https://[fd00::1]:6443"), "[fd00::1]:6443");
});

Deno.test("the real worker says why it reaches nobody", async () => {
  const clock = new ManualClock();
  const connection = {
    server: `http://127.0.0.1:${freePort()}`,
    namespace: "system",
    token: () => Promise.resolve("secret"),
  };
  const failing = runJob("keep", { clock, connection, place }, new AbortController().signal);
  await assert.rejects(failing, (error) =>
    error instanceof Error && !error.message.includes("secret") &&
    /GET .*deployments: .*refused/i.test(error.message));
});
