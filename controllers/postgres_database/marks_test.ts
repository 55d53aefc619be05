import assert from "node:assert/strict";
import { type Mark, markOf, withMark, withoutMark } from "./marks.ts";

const mark: Mark = {
  namespace: "shop",
  name: "orders.v2",
  uid: "0f3b2a9e-3c1d-4a55-9b7e-0c2f4d5e6a7b",
  made: true,
};

Deno.test("a mark is found again in the comment that it ends", () => {
  assert.deepEqual(markOf(withMark(undefined, mark)), mark);
  const comment = withMark("Orders of the shop", { ...mark, made: false });
  assert.equal(comment, `Orders of the shop [PostgresDatabase shop/orders.v2 ${mark.uid} adopted]`);
  assert.deepEqual(markOf(comment), { ...mark, made: false });
});

Deno.test("a new mark takes the place of the former, and what people wrote stays", () => {
  const comment = withMark(withMark("ours", mark), { ...mark, name: "other" });
  assert.equal(markOf(comment)?.name, "other");
  assert.equal(withoutMark(comment), "ours");
  assert.equal(withoutMark(withMark(undefined, mark)), "");
});

Deno.test("a comment without a mark, or with something after it, belongs to nobody", () => {
  assert.equal(markOf(undefined), undefined);
  assert.equal(markOf("made for the shop"), undefined);
  assert.equal(markOf(`${withMark(undefined, mark)} copied`), undefined);
});
