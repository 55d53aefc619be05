import assert from "node:assert/strict";
import { parseQuantity } from "./quantity.ts";

Deno.test("quantities are read as Kubernetes writes them", () => {
  const cases: [unknown, number | undefined][] = [
    ["100m", 0.1],
    ["0.1", 0.1],
    ["1e3", 1000],
    ["1.5Gi", 1.5 * 2 ** 30],
    [".5", 0.5],
    [4, 4],
    ["12E", 12e18],
    ["", undefined],
    ["Gi", undefined],
    ["1 Gi", undefined],
    [`${"1".repeat(30)}`, 1.11111111111111e29],
    [true, undefined],
  ];
  for (const [text, value] of [...cases, ...cases]) assert.equal(parseQuantity(text), value, String(text));
});
