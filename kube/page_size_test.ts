import assert from "node:assert/strict";
import { LARGEST_PAGE, PageSize } from "./page_size.ts";

Deno.test("small objects come in the largest pages", () => {
  const size = new PageSize();
  assert.ok(size.next < LARGEST_PAGE, "the first page is a careful one");
  size.note(size.next, size.next * 400);
  assert.equal(size.next, LARGEST_PAGE);
});

Deno.test("pages of large objects stay below half a million characters", () => {
  const size = new PageSize();
  size.note(100, 100 * 10_000);
  assert.equal(size.next, 50);
  size.note(50, 50 * 25_000);
  assert.equal(size.next, 20);
});

Deno.test("an object larger than a page comes alone", () => {
  const size = new PageSize();
  size.note(2, 3_000_000);
  assert.equal(size.next, 1);
});

Deno.test("an empty page says nothing about the size of objects", () => {
  const size = new PageSize();
  const before = size.next;
  size.note(0, 200);
  assert.equal(size.next, before);
});

Deno.test("a caller's own limit is kept from the first page on", () => {
  const size = new PageSize(3);
  assert.equal(size.next, 3);
  size.note(3, 300);
  assert.equal(size.next, 3);
});
