import assert from "node:assert/strict";
import { Cache } from "../../../kube/cache.ts";
import { systemClock } from "../../../kube/clock.ts";
import { ConfigMaps } from "../../../kube/kinds.ts";
import { seededRandom } from "../../../kube/random.ts";
import { defineResource } from "../../../kube/resource.ts";
import { createLogger } from "../../../telemetry/log.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { stringAt } from "../../ground/json.ts";
import { delay, waitFor } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { openRuntime, put, type Runtime, untilEqual, watchConfigMaps } from "../../support/harness.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function scenario(name: string, run: (runtime: Runtime, namespace: string) => Promise<void>): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using runtime = openRuntime(sharedCluster().connection);
      await run(runtime, namespace);
    }));
}

scenario("a watch that breaks in the middle of a line loses no event", async (runtime, namespace) => {
  await using watching = watchConfigMaps(runtime, namespace);
  await waitFor("the first list", () => watching.reflector.state.kind === "synced");
  let cuts = 0;
  runtime.transport.onChunk = (chunk) =>
    cuts++ < 5 ? { cutAfter: chunk.slice(0, Math.floor(chunk.length / 2)) } : chunk;
  for (let n = 0; n < 10; n++) await put(runtime, namespace, `c${n}`, "1");
  await untilEqual(runtime, watching.store, namespace);
  assert.ok(cuts > 5, `the stream was cut and taken up again (${cuts} chunks)`);
});

scenario("a watch that falls silent is replaced after its timer", async (runtime, namespace) => {
  await using watching = watchConfigMaps(runtime, namespace, 500);
  await waitFor("the first list", () => watching.reflector.state.kind === "synced");
  let silent = true;
  runtime.transport.onChunk = (chunk) => silent ? "swallow" : chunk;
  await put(runtime, namespace, "unseen", "1");
  const watches = () => runtime.transport.seen.filter((entry) => entry.startsWith("WATCH")).length;
  const before = watches();
  await waitFor("another watch", () => watches() > before);
  silent = false;
  await untilEqual(runtime, watching.store, namespace);
  const lists = runtime.transport.seen.filter((entry) => entry.startsWith("GET"));
  assert.equal(lists.length, 1, "watching on from the last version needs no second list");
});

scenario(
  "410 Gone leads to a fresh list, which also shows what was deleted meanwhile",
  async (runtime, namespace) => {
    await put(runtime, namespace, "doomed", "1");
    await using watching = watchConfigMaps(runtime, namespace);
    await waitFor("the first list", () => watching.store.get(`${namespace}/doomed`));
    const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    let sent = 0;
    runtime.transport.onChunk = () =>
      sent++ === 0 ? encode(JSON.stringify({ type: "ERROR", object: status }) + "\n") : "break";
    const doomed = await runtime.steady.get(ConfigMaps, { namespace, name: "doomed" });
    await runtime.steady.delete(ConfigMaps, doomed.metadata, {
      precondition: {
        uid: doomed.metadata.uid ?? "",
        resourceVersion: doomed.metadata.resourceVersion ?? "",
      },
    });
    await waitFor("the deletion to be seen", () => watching.store.get(`${namespace}/doomed`) === undefined);
    await untilEqual(runtime, watching.store, namespace);
  },
);

scenario("a refused or failing list is tried again until it succeeds", async (runtime, namespace) => {
  const answers = [500, 429, 503, 410];
  runtime.transport.onRequest = () => {
    const status = answers.shift();
    return status === undefined ? undefined : { kind: "answer", status, retryAfterSeconds: 0 };
  };
  await put(runtime, namespace, "there", "1");
  await using watching = watchConfigMaps(runtime, namespace);
  await untilEqual(runtime, watching.store, namespace);
  assert.deepEqual(answers, []);
});

scenario("a refused watch is tried again, with a fresh list after 410", async (runtime, namespace) => {
  const refusals = [500, 410, 403];
  runtime.transport.onStream = () => {
    const status = refusals.shift();
    return status === undefined ? undefined : { status, body: "" };
  };
  await using watching = watchConfigMaps(runtime, namespace);
  await waitFor("all refusals to be spent", () => refusals.length === 0);
  await put(runtime, namespace, "late", "1");
  await untilEqual(runtime, watching.store, namespace);
  assert.ok(watching.states.includes("forbidden"), `states: ${watching.states}`);
});

scenario(
  "one malformed object among good ones is passed over, in a list and in a watch",
  async (runtime, namespace) => {
    await put(runtime, namespace, "first", "1");
    const original = runtime.transport.request.bind(runtime.transport);
    runtime.transport.request = async (request) => {
      const response = await original(request);
      const list = JSON.parse(response.body);
      if (!Array.isArray(list.items)) return response;
      return {
        ...response,
        body: JSON.stringify({ ...list, items: [{ metadata: {} }, "nonsense", ...list.items] }),
      };
    };
    await using watching = watchConfigMaps(runtime, namespace);
    await waitFor("the first list", () => watching.store.get(`${namespace}/first`));
    runtime.transport.onChunk = (chunk) =>
      encode(`{"type":"ADDED","object":{"metadata":{}}}\n{"type":"ODD"}\n"text"\n${decode(chunk)}`);
    await put(runtime, namespace, "second", "1");
    await untilEqual(runtime, watching.store, namespace);
  },
);

scenario("a line that is no JSON leads to a fresh list", async (runtime, namespace) => {
  await using watching = watchConfigMaps(runtime, namespace);
  await waitFor("the first list", () => watching.reflector.state.kind === "synced");
  let sent = 0;
  runtime.transport.onChunk = (chunk) => sent++ === 0 ? encode('{"type":"ADDED",\n') : chunk;
  await put(runtime, namespace, "behind", "1");
  await untilEqual(runtime, watching.store, namespace);
  assert.ok(runtime.transport.seen.filter((entry) => entry.startsWith("GET")).length >= 2);
});

scenario("a server that ends each watch at once is not asked in a tight loop", async (runtime, namespace) => {
  runtime.transport.onStream = () => ({ status: 200, body: "" });
  await using watching = watchConfigMaps(runtime, namespace);
  await waitFor("the first list", () => watching.reflector.state.kind === "synced");
  await delay(2_000);
  const watches = runtime.transport.seen.filter((entry) => entry.startsWith("WATCH")).length;
  assert.ok(watches >= 2 && watches <= 8, `${watches} watches in 2 s`);
});

scenario("stopping ends every stream", async (runtime, namespace) => {
  {
    await using watching = watchConfigMaps(runtime, namespace);
    await waitFor("an open watch", () => runtime.transport.openStreams === 1);
    assert.equal(watching.reflector.state.kind, "synced");
  }
  assert.equal(runtime.transport.openStreams, 0);
});

scenario("a kind that is missing is a warning, unless work goes on without it", async (runtime) => {
  const lines: string[] = [];
  const log = createLogger({
    level: "debug",
    format: "json",
    write: (line) => lines.push(line),
    now: () => new Date(),
  });
  const cache = new Cache({
    client: runtime.client,
    clock: systemClock,
    random: seededRandom(3),
    log,
    metrics: silentMetrics,
  });
  const kind = { group: "absent.example.com", version: "v1", kind: "Thing", namespaced: true };
  cache.watch({ resource: defineResource({ ...kind, plural: "needed" }) });
  cache.watch({ resource: defineResource({ ...kind, plural: "welcome" }), optional: true });
  const end = new AbortController();
  const running = cache.run(end.signal);
  const levelOf = (plural: string) => {
    const line = lines.find((each) => each.includes(`does not serve ${plural}.absent.example.com`));
    return line === undefined ? undefined : stringAt(JSON.parse(line), "level");
  };
  try {
    assert.equal(await waitFor("the needed kind to be told of", () => levelOf("needed")), "warn");
    assert.equal(await waitFor("the welcome kind to be told of", () => levelOf("welcome")), "debug");
  } finally {
    end.abort();
    await running;
  }
});
