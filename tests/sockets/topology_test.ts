import assert from "node:assert/strict";
import { createServer } from "node:http2";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { isTopologyDown, TopologyError, type TopologyFailure } from "../../topology/errors.ts";
import { type EtcdOptions, openEtcd } from "../../topology/etcd/open.ts";
import { KV } from "../../topology/gen/etcd_kv_pb.ts";
import { freePort } from "../ground/ports.ts";
import { waitUntil } from "../ground/wait_for.ts";

/** A server that counts its connections. */
interface Server extends AsyncDisposable {
  readonly endpoint: string;
  open(): number;
}

/** Does `treat` to each connection and nothing else. */
function treating(treat: (connection: Deno.TcpConn) => Promise<void>): Server {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  const serve = async () => {
    for await (const connection of listener) {
      connections.add(connection);
      treat(connection).catch(() => {}).finally(() => {
        connections.delete(connection);
        close(connection);
      });
    }
  };
  const served = serve();
  return {
    endpoint: `http://127.0.0.1:${listener.addr.port}`,
    open: () => connections.size,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) close(connection);
      await served;
    },
  };
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Reads until the other side closes. */
async function swallow(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await connection.read(buffer) !== null);
}

/** Speaks gRPC as etcd does, and answers as `range` says. */
async function answering(range: () => Promise<never>): Promise<Server> {
  const routes = (router: ConnectRouter) => void router.service(KV, { range });
  const server = createServer(connectNodeAdapter({ routes }));
  let open = 0;
  server.on("session", (session) => {
    open++;
    session.once("close", () => open--);
  });
  const port = freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    open: () => open,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const CALLS = 1_000;
const AT_ONCE = 100;

/** Bytes that are still reachable. */
function heapAfterCollection(): number {
  const collect: unknown = Reflect.get(globalThis, "gc");
  assert.ok(typeof collect === "function", "tests run with --expose-gc");
  collect();
  return Deno.memoryUsage().heapUsed;
}

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
  server: Server,
  failure: TopologyFailure,
  options: EtcdOptions = {},
): Promise<void> {
  const heaps: number[] = [];
  for (let round = 0; round < 3; round++) {
    assert.deepEqual([...await failTimes(server.endpoint, options)], [failure]);
    await waitUntil("the connections to end", () => server.open(), (open) => open === 0, { intervalMs: 5 });
    heaps.push(heapAfterCollection());
  }
  const [, second = 0, third = 0] = heaps;
  assert.ok(third < second + 500_000, `the heap grew from ${second} to ${third} bytes with the same work`);
}

Deno.test("1,000 calls to a server that is not there leave nothing behind", async () => {
  const endpoint = `http://127.0.0.1:${freePort()}`;
  await failAThousandTimes(
    { endpoint, open: () => 0, [Symbol.asyncDispose]: () => Promise.resolve() },
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
  await failAThousandTimes(server, "timeout", { timeoutMs: 250 });
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
