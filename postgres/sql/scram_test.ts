import assert from "node:assert/strict";
import { provesPassword, scramVerifier } from "./scram.ts";

/** Of the example in RFC 7677, section 3, like the password `pencil` and the rounds. */
const salt = Uint8Array.from(atob("W22ZaJ0SNY7soEsUEjb6gQ=="), (character) => character.charCodeAt(0));

Deno.test("a verifier is the one that the RFC's example leads to", async () => {
  const verifier = await scramVerifier("pencil", salt);
  const expected = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" +
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  assert.equal(verifier, expected);
});

Deno.test("a verifier proves its own password and no other", async () => {
  const verifier = await scramVerifier("secret", salt);
  assert.equal(await provesPassword(verifier, "secret"), true);
  assert.equal(await provesPassword(verifier, "Secret"), false);
  assert.equal(await provesPassword(verifier, ""), false);
});

Deno.test("what is no verifier, or asks for endless work, proves nothing", async () => {
  const verifier = await scramVerifier("secret", salt);
  assert.equal(await provesPassword(undefined, "secret"), false);
  assert.equal(await provesPassword("md5a1b2", "secret"), false);
  assert.equal(await provesPassword(verifier.replace("4096", "0"), "secret"), false);
  assert.equal(await provesPassword(verifier.replace("4096", "2000000000"), "secret"), false);
});
