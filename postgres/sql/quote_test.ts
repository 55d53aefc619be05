import assert from "node:assert/strict";
import fc from "fast-check";
import { objectionToName, quoteIdentifier, quoteLiteral } from "./quote.ts";

Deno.test("a name with quotes stays one name", () => {
  assert.equal(quoteIdentifier('a"b'), '"a""b"');
  assert.equal(quoteIdentifier("x; drop table y"), '"x; drop table y"');
  assert.equal(quoteIdentifier("Ünïcode"), '"Ünïcode"');
});

Deno.test("a name is measured in bytes, as the server cuts what is longer", () => {
  assert.equal(objectionToName("a".repeat(63)), undefined);
  assert.match(objectionToName("a".repeat(64)) ?? "", /64 bytes/);
  assert.match(objectionToName("é".repeat(32)) ?? "", /64 bytes/);
  assert.throws(() => quoteIdentifier("é".repeat(32)), /Cannot name anything .* 63 are allowed/);
});

Deno.test("what cannot be a name is refused", () => {
  assert.throws(() => quoteIdentifier(""), /it is empty/);
  assert.throws(() => quoteIdentifier("a\0b"), /NUL/);
  assert.throws(() => quoteIdentifier("\ud800"), /Unicode/);
});

Deno.test("a text with backslashes is written so that it means the same under every setting", () => {
  assert.equal(quoteLiteral("it's"), "'it''s'");
  assert.equal(quoteLiteral("a\\'b"), " E'a\\\\''b'");
  assert.throws(() => quoteLiteral("a\0b"), /NUL/);
});

Deno.test("nothing inside a quoted name or text can end it", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 12 }), (text) => {
    if (objectionToName(text) === undefined) {
      assert.match(quoteIdentifier(text), /^"(?:[^"]|"")*"$/u);
    }
    if (!text.includes("\0")) {
      assert.match(quoteLiteral(text), /^(?:'(?:[^'\\]|'')*'| E'(?:[^'\\]|''|\\\\)*')$/u);
    }
  }));
});
