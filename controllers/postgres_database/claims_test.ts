import assert from "node:assert/strict";
import { claimOf } from "./claims.ts";
import { withMark } from "./marks.ts";
import type { Order } from "./order.ts";

const uids = { own: "00000000-0000-4000-8000-000000000001", other: "00000000-0000-4000-8000-000000000002" };
const order: Order = {
  namespace: "shop",
  name: "orders",
  uid: uids.own,
  place: { namespace: "shop", cluster: "db", host: "db-primary.shop.svc", credentials: "db-credentials" },
  spec: { database: { name: "orders", owner: "app" } },
  adopts: false,
};
const dead = () => false;
const alive = () => true;

function claim(comment: string | undefined, changed: Partial<Order> = {}, isAlive = dead, proven = false) {
  return claimOf({ what: "role app", comment, proven }, { ...order, ...changed }, isAlive);
}

Deno.test("what bears the object's own mark is ours, made or adopted as it says", () => {
  const mark = { namespace: "shop", name: "orders", uid: uids.own, made: true };
  assert.deepEqual(claim(withMark(undefined, mark)), { kind: "ours", made: true });
  assert.deepEqual(claim(withMark("x", { ...mark, made: false }), {}, alive), { kind: "ours", made: false });
});

Deno.test("what belongs to a living object is refused, whatever is asked for", () => {
  const theirs = withMark(undefined, { namespace: "shop", name: "orders", uid: uids.other, made: true });
  const seen = claim(theirs, { adopts: true }, alive, true);
  assert.equal(seen.kind, "refused");
  assert.match(seen.kind === "refused" ? seen.message : "", /belongs to PostgresDatabase shop\/orders/);
});

Deno.test("what was left by an object of the same name is adopted, never taken for made", () => {
  const left = withMark(undefined, { namespace: "shop", name: "orders", uid: uids.other, made: true });
  assert.deepEqual(claim(left), { kind: "adopt" });
});

Deno.test("what was left by another object is adopted only when asked for", () => {
  const left = withMark(undefined, { namespace: "shop", name: "carts", uid: uids.other, made: true });
  assert.equal(claim(left).kind, "refused");
  assert.deepEqual(claim(left, { adopts: true }), { kind: "adopt" });
});

Deno.test("what belongs to nobody is adopted when asked for, or when it was looked after before", () => {
  assert.equal(claim("by hand").kind, "refused");
  assert.deepEqual(claim("by hand", { adopts: true }), { kind: "adopt" });
  assert.deepEqual(claim(undefined, {}, dead, true), { kind: "adopt" });
});
