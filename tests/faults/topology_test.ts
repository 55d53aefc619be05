import assert from "node:assert/strict";
import { isTopologyDown, TopologyError } from "../../topology/errors.ts";
import { openEtcd } from "../../topology/etcd/open.ts";
import type { TopologyStore } from "../../topology/store.ts";
import { ownedTest } from "../ground/ground.ts";
import { createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import { PrivateEtcd } from "../support/private_etcd.ts";

const value = new TextEncoder().encode("kept");
const limits = { timeoutMs: 1_500, connectMs: 500 };

/** What a read ends in, and after how many milliseconds. */
async function read(store: TopologyStore): Promise<{ failure: string; message: string; ms: number }> {
  const begun = performance.now();
  try {
    await store.get("/a");
    return { failure: "none", message: "", ms: performance.now() - begun };
  } catch (error) {
    assert.ok(error instanceof TopologyError, String(error));
    return { failure: error.failure, message: error.message, ms: performance.now() - begun };
  }
}

ownedTest(
  "over TLS with certificates of both sides, an etcd at an IP address is read and written",
  async () => {
    await using etcd = await PrivateEtcd.start("mutual");
    const store = await etcd.open();
    const written = await store.write({ kind: "create", key: "/a", value });
    assert.equal(written.kind, "written");
    assert.deepEqual((await store.get("/a"))?.value, value);
    store.close();
  },
);

ownedTest("what is wrong with certificates is told apart, and never hangs or spins", async (t) => {
  await using etcd = await PrivateEtcd.start("mutual");
  const { endpoint, authority } = etcd;
  const other = await createAuthority();
  const client = await authority.issueClient({ user: "operator" });
  const stranger = await other.issueClient({ user: "operator" });
  const cases = [
    {
      name: "an authority that is not the server's",
      tls: { ...client, caPem: other.caPem },
      failure: "untrusted",
    },
    { name: "no authority at all", tls: client, failure: "untrusted" },
    { name: "no client certificate", tls: { caPem: authority.caPem }, failure: "unauthenticated" },
    {
      name: "a stranger's client certificate",
      tls: { ...stranger, caPem: authority.caPem },
      failure: "unauthenticated",
    },
  ];
  for (const { name, tls, failure } of cases) {
    await t.step(name, async () => {
      const store = openEtcd({ endpoints: [endpoint], tls }, limits);
      for (let turn = 0; turn < 3; turn++) {
        const seen = await read(store);
        assert.equal(seen.failure, failure, seen.message);
        assert.ok(seen.ms < 500, `after ${seen.ms} ms`);
      }
      store.close();
    });
  }
  await t.step("plain HTTP to a server that speaks TLS", async () => {
    const store = openEtcd({ endpoints: [endpoint.replace("https", "http")] }, limits);
    const seen = await read(store);
    assert.equal(seen.failure, "broken", seen.message);
    store.close();
  });
});

ownedTest("an etcd that is stopped is unreachable at once, and used again when it is back", async () => {
  await using etcd = await PrivateEtcd.start();
  const store = await etcd.open(limits);
  await store.write({ kind: "create", key: "/a", value });
  await etcd.stop();
  const seen = await read(store);
  assert.ok(["unreachable", "broken"].includes(seen.failure), seen.message);
  const again = await read(store);
  assert.equal(again.failure, "unreachable", again.message);
  assert.ok(again.ms < 500, `after ${again.ms} ms`);
  await etcd.start();
  assert.deepEqual((await store.get("/a"))?.value, value);
  store.close();
});

ownedTest("an etcd that freezes ends calls at their limit, and is used again when it thaws", async () => {
  await using etcd = await PrivateEtcd.start();
  const store = await etcd.open(limits);
  await store.write({ kind: "create", key: "/a", value });
  await etcd.freeze();
  const first = await read(store);
  assert.equal(first.failure, "timeout", first.message);
  assert.ok(first.ms > 1_000 && first.ms < 2_000, `after ${first.ms} ms`);
  const second = await read(store);
  assert.equal(second.failure, "unreachable", "a new connection is tried, and nothing accepts it");
  assert.ok(second.ms < 1_000, `after ${second.ms} ms`);
  etcd.thaw();
  assert.deepEqual((await store.get("/a"))?.value, value);
  store.close();
});

ownedTest("another endpoint is asked when the first is down or frozen, and is kept to", async () => {
  await using frozen = await PrivateEtcd.start();
  await using etcd = await PrivateEtcd.start();
  const endpoints = [`http://127.0.0.1:${freePort()}`, frozen.endpoint, etcd.endpoint];
  const store = openEtcd({ endpoints }, limits);
  await frozen.freeze();
  const written = await store.write({ kind: "create", key: "/a", value });
  assert.equal(written.kind, "written", "nothing was sent to those that were not connected");
  const begun = performance.now();
  assert.deepEqual((await store.get("/a"))?.value, value);
  assert.ok(performance.now() - begun < 200, "the one that answered is asked first");
  await etcd.stop();
  await assert.rejects(
    store.get("/a"),
    (error) => isTopologyDown(error) && endpoints.every((url) => error.message.includes(url)),
  );
  store.close();
});

ownedTest(
  "1,000 calls that the server refuses for want of a certificate leave no connection behind",
  async () => {
    await using etcd = await PrivateEtcd.start("mutual");
    const before = await etcd.openFiles();
    for (let round = 0; round < 10; round++) {
      const store = openEtcd({ endpoints: [etcd.endpoint], tls: { caPem: etcd.authority.caPem } });
      await Promise.all(Array.from({ length: 100 }, async () => {
        assert.equal((await read(store)).failure, "unauthenticated");
      }));
      store.close();
    }
    const few = (files: number) => files <= before + 2;
    await waitUntil("the server to see the connections end", () => etcd.openFiles(), few);
  },
);

ownedTest("an etcd that is full refuses writes, says why, and is read on", async () => {
  await using etcd = await PrivateEtcd.start("plain", ["--quota-backend-bytes=200000"]);
  const store = await etcd.open(limits);
  await store.write({ kind: "create", key: "/a", value });
  const large = new Uint8Array(100_000);
  const fill = async () => {
    for (let index = 0; index < 100; index++) {
      await store.write({ kind: "create", key: `/large/${index}`, value: large });
      await delay(10);
    }
  };
  await assert.rejects(fill(), { failure: "refused", message: /create \/large\/.*space exceeded/ });
  assert.deepEqual((await store.get("/a"))?.value, value);
  store.close();
});
