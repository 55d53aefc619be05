import assert from "node:assert/strict";
import fc from "fast-check";
import { fromData, joinCertificates, splitCertificates, toData } from "./pem.ts";

Deno.test("a password keeps its letters on the way into a Secret and out of it, whatever its script", () => {
  const password = "Grüße-密码-🔑-ÿ";
  const data = toData(password);
  assert.equal(data, "R3LDvMOfZS3lr4bnoIEt8J+UkS3Dvw==", "as kubectl writes it");
  assert.equal(fromData(data), password);
  assert.equal(fromData(toData("\uFEFFx")), "\uFEFFx", "also its first one");
  fc.assert(fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
    assert.equal(fromData(toData(text)), text);
  }));
});

Deno.test("a value that holds no text is none, and one that holds other bytes is read as far as it can be", () => {
  for (const nothing of [undefined, "", "not base64!", "a"]) assert.equal(fromData(nothing), undefined);
  const block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const latin1 = new Uint8Array([0x23, 0xe9, 0x0a, ...new TextEncoder().encode(block)]);
  assert.deepEqual(splitCertificates(fromData(latin1.toBase64()) ?? ""), [block]);
  assert.equal(joinCertificates([block, block.trimEnd()]), block + block);
});
