/** What we write into SQL, and what a real server reads there. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { objectionToName, quoteIdentifier, quoteLiteral } from "../../../postgres/sql/quote.ts";
import { provesPassword, SALT_BYTES, scramVerifier } from "../../../postgres/sql/scram.ts";
import { PrivatePostgres } from "../../support/private_postgres.ts";

const nasty = [
  'a"b',
  '"',
  '""',
  "x; drop table y",
  "it's",
  "\\",
  "E'\\''",
  "$1",
  "$$",
  "--",
  "/*",
  "Ünïcode",
  "名前",
  " ",
];
const texts = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.string({ unit: fc.constantFrom("'", '"', "\\", "E", " ", ";", "$", "\n", "é"), maxLength: 20 }),
);

Deno.test("a server reads every name and text as the one that was meant", async () => {
  await using server = await PrivatePostgres.start({ serverName: "db" });
  await using session = await server.connect();
  await fc.assert(
    fc.asyncProperty(texts, fc.boolean(), async (text, conforming) => {
      fc.pre(!text.includes("\0") && text.isWellFormed());
      await session.change([{ text: `SET standard_conforming_strings = ${conforming ? "on" : "off"}` }]);
      const [row] = await session.ask({ text: `SELECT ${quoteLiteral(text)} AS said` });
      assert.equal(row?.["said"], text);
      if (objectionToName(text) !== undefined) return;
      const [named] = await session.ask({ text: `SELECT 1 AS ${quoteIdentifier(text)}` });
      assert.deepEqual(Object.keys(named ?? {}), [text]);
    }),
    { numRuns: 300 },
  );
  assert.throws(() => quoteIdentifier("é".repeat(32)));
  await session.change([{ text: `CREATE ROLE ${quoteIdentifier("é".repeat(31))}` }]);
});

Deno.test("a server lets a role in by the verifier that we made, and makes one that we can check", async () => {
  await using server = await PrivatePostgres.start({ serverName: "db" });
  for (const [at, password] of ["pencil", 'it\'s \\ a "pass"word', "pässwörd"].entries()) {
    const role = quoteIdentifier(`r${at}`);
    const verifier = await scramVerifier(password, crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
    await server.run(`CREATE ROLE ${role} LOGIN PASSWORD ${quoteLiteral(verifier)}`);
    await using _session = await server.connect({ user: `r${at}`, password });
    await server.run(`ALTER ROLE ${role} PASSWORD ${quoteLiteral(password)}`);
    const [row] = await server.ask("SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1", [
      `r${at}`,
    ]);
    const made = String(row?.["rolpassword"]);
    assert.equal(await provesPassword(made, password), true);
    assert.equal(await provesPassword(made, `${password}.`), false);
  }
});
