import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { isTopologyDown, TopologyError, type TopologyFailure } from "../../topology/errors.ts";
import { type EtcdOptions, openEtcd } from "../../topology/etcd/open.ts";
import { KV } from "../../topology/gen/etcd_kv_pb.ts";
import { freePort } from "../ground/ports.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { leavesNoHeap } from "../support/heap.ts";
import { type CountingServer, serving, swallow, treating } from "../support/counting_servers.ts";

/** Speaks gRPC as etcd does, and answers as `range` says. */
function answering(range: () => Promise<never>): Promise<CountingServer> {
  return serving((router) => void router.service(KV, { range }));
}

const CALLS = 1_000;
const AT_ONCE = 100;

async function failTimes(endpoint: string, options: EtcdOptions): Promise<Set<TopologyFailure>> {
  const store = openEtcd({ endpoints: [endpoint] }, options);
  const failures = new Set<TopologyFailure>();
  for (let done = 0; done < CALLS; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      const failed = await store.get("/k").then(() => undefined, (error: unknown) => error);
      assert.ok(failed instanceof TopologyError, String(failed));
      failures.add(failed.failure);
    }));
  }
  store.close();
  return failures;
}

/** Fails a thousand times, three times over: neither connections nor memory may be left. */
async function failAThousandTimes(
  server: CountingServer,
  failure: TopologyFailure,
  options: EtcdOptions = {},
): Promise<void> {
  await leavesNoHeap(500_000, async () => {
    assert.deepEqual([...await failTimes(server.endpoint, options)], [failure]);
    await waitUntil("the connections to end", () => server.open(), (open) => open === 0, { intervalMs: 5 });
  });
}

Deno.test("1,000 calls to a server that is not there leave nothing behind", async () => {
  const port = freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  await failAThousandTimes(
    { endpoint, port, open: () => 0, [Symbol.asyncDispose]: () => Promise.resolve() },
    "unreachable",
  );
});

Deno.test("1,000 calls to a server that closes each connection leave nothing behind", async () => {
  await using server = treating(() => Promise.resolve());
  await failAThousandTimes(server, "broken");
});

Deno.test("1,000 calls to a server that accepts connections and never speaks leave nothing behind", async () => {
  await using server = treating(swallow);
  await failAThousandTimes(server, "unreachable", { connectMs: 50 });
});

Deno.test("1,000 calls to a server that speaks another language leave nothing behind", async () => {
  const answer = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n");
  await using server = treating(async (connection) => {
    await connection.write(answer);
    await swallow(connection);
  });
  await failAThousandTimes(server, "broken");
});

Deno.test("1,000 calls to a server that cannot serve now leave nothing behind", async () => {
  await using server = await answering(() => Promise.reject(new ConnectError("no leader", Code.Unavailable)));
  await failAThousandTimes(server, "unavailable");
});

Deno.test("1,000 calls to a server that takes too long leave nothing behind", async () => {
  await using server = await answering(() => new Promise(() => {}));
  await failAThousandTimes(server, "timeout", { timeoutMs: 600 });
});

Deno.test("a caller that gives up is told so at once, and a store that is closed ends its calls", async () => {
  await using server = await answering(() => new Promise(() => {}));
  const store = openEtcd({ endpoints: [server.endpoint] });
  const giveUp = new AbortController();
  const begun = performance.now();
  setTimeout(() => giveUp.abort(), 20);
  const given = await store.get("/k", { signal: giveUp.signal }).catch((error: unknown) => error);
  assert.ok(given instanceof TopologyError && given.failure === "aborted", String(given));
  assert.match(given.message, /the caller gave up/);
  setTimeout(() => store.close(), 20);
  const closed = await store.get("/k").catch((error: unknown) => error);
  assert.ok(closed instanceof TopologyError && closed.failure === "aborted", String(closed));
  assert.match(closed.message, /the store is closed/);
  assert.equal(isTopologyDown(closed), false);
  assert.ok(performance.now() - begun < 1_000);
  await waitUntil("the connections to end", () => server.open(), (open) => open === 0);
});

Deno.test("a connection that nobody uses is closed, and opened again when it is needed", async () => {
  await using server = await answering(() => Promise.reject(new ConnectError("no", Code.PermissionDenied)));
  const store = openEtcd({ endpoints: [server.endpoint] }, { idleMs: 50 });
  for (let turn = 0; turn < 2; turn++) {
    await assert.rejects(store.get("/k"), { failure: "refused" });
    assert.equal(server.open(), 1);
    await waitUntil("the connection to end", () => server.open(), (open) => open === 0, { intervalMs: 5 });
  }
  store.close();
});
