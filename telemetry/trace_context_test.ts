import assert from "node:assert/strict";
import fc from "fast-check";
import { spanContextOf, traceText } from "./trace_context.ts";

const hex = (length: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((digits) => digits.join("")).filter((text) => !/^0+$/.test(text));

Deno.test("a trace that is written and read again is the same", () => {
  fc.assert(fc.property(hex(32), hex(16), fc.nat({ max: 255 }), (traceId, spanId, traceFlags) => {
    const text = traceText({ traceId, spanId, traceFlags });
    const read = spanContextOf(text);
    assert.deepEqual(read, { traceId, spanId, traceFlags, isRemote: true });
  }));
});

Deno.test("whatever else is read names no span", () => {
  fc.assert(fc.property(fc.string(), (parent) => {
    assert.equal(spanContextOf({ parent }), undefined);
  }));
  const zeros = `00-${"0".repeat(32)}-b7ad6b7169203331-01`;
  const wrong = [zeros, "", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"];
  for (const parent of wrong) assert.equal(spanContextOf({ parent }), undefined);
});

Deno.test("a state goes along, unless it is too long or has control characters", () => {
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const stateOf = (state: string) => spanContextOf({ parent, state })?.traceState?.serialize();
  assert.equal(stateOf("vendor=1,other=2"), "vendor=1,other=2");
  assert.equal(stateOf(""), undefined);
  assert.equal(stateOf(`vendor=${"x".repeat(600)}`), undefined);
  assert.equal(stateOf("vendor=1\nforged"), undefined);
});
