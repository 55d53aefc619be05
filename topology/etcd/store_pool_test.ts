import assert from "node:assert/strict";
import { ManualClock } from "../../kube/manual_clock.ts";
import { StorePool } from "./store_pool.ts";

const here = { endpoints: ["127.0.0.1:1"] };
const there = { endpoints: ["127.0.0.1:2"] };

Deno.test("those who use the same topology share a store, and a minute after the last one nothing is kept", async () => {
  const clock = new ManualClock();
  using pool = new StorePool({ clock });
  const first = pool.borrow(here);
  const second = pool.borrow(here);
  const other = pool.borrow(there);
  assert.equal(pool.size, 2);
  first.close();
  first.close();
  await clock.advance(120_000);
  assert.equal(pool.size, 2, "what is lent stays, though somebody gave back twice");
  second.close();
  await clock.advance(59_999);
  pool.borrow(here).close();
  await clock.advance(59_999);
  assert.equal(pool.size, 2, "the minute begins anew");
  await clock.advance(1);
  assert.equal(pool.size, 1);
  other.close();
  await clock.advance(60_000);
  assert.equal(pool.size, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("a store that the pool closed says so, and giving it back does no harm", async () => {
  const pool = new StorePool();
  const store = pool.borrow(here);
  pool[Symbol.dispose]();
  await assert.rejects(store.get("/k"), { failure: "aborted" });
  store.close();
  assert.equal(pool.size, 0);
});

Deno.test("a connection that cannot be used says why with each call", async () => {
  using pool = new StorePool();
  const store = pool.borrow({ endpoints: [] });
  for (let turn = 0; turn < 2; turn++) await assert.rejects(store.get("/k"), { failure: "invalid" });
  const odd = pool.borrow({ endpoints: ["a:1"], tls: { caPem: "none" } });
  await assert.rejects(odd.list("/k"), { failure: "invalid", message: /ca\.crt/ });
});
