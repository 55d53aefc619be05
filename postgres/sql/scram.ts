/**
 * Passwords as PostgreSQL keeps them: SCRAM-SHA-256 verifiers. A verifier proves a password without telling it, so the
 * operator finds out whether a role has the password of its Secret, and sets one that no log of the server can show.
 *
 * Form: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, the last three in base64. Source: RFC 5802, and
 * `scram-common.c` of PostgreSQL.
 */
import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";

/** Rounds of a new verifier: what PostgreSQL itself takes (`scram_iterations`). */
const ITERATIONS = 4_096;
/** Rounds of a verifier that somebody else made are followed up to here: a million take a second. */
const MOST_ITERATIONS = 1_000_000;
export const SALT_BYTES = 16;

const FORM = /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*):([A-Za-z0-9+/]+=*)$/;

/** The verifier of a password. @param salt {@link SALT_BYTES} that nobody can foresee */
export async function scramVerifier(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number = ITERATIONS,
): Promise<string> {
  const { storedKey, serverKey } = await keysOf(password, salt, iterations);
  return `SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

/** Whether a role with this verifier has this password. What is no verifier of this form proves nothing: false. */
export async function provesPassword(verifier: string | undefined, password: string): Promise<boolean> {
  const [, rounds, salt = "", , serverKey = ""] = FORM.exec(verifier ?? "") ?? [];
  const iterations = Number(rounds);
  if (!(iterations >= 1 && iterations <= MOST_ITERATIONS)) return false;
  const expected = Buffer.from(serverKey, "base64");
  const found = Buffer.from(
    (await keysOf(password, new Uint8Array(Buffer.from(salt, "base64")), iterations)).serverKey,
  );
  return expected.length === found.length && timingSafeEqual(expected, found);
}

async function keysOf(password: string, salt: Uint8Array<ArrayBuffer>, iterations: number) {
  // Servers and clients compare passwords in a normal form (SASLprep); for letters, digits and signs it is the text itself.
  const bytes = new TextEncoder().encode(password.normalize("NFKC"));
  const secret = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  const salted = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    secret,
    256,
  );
  const key = await crypto.subtle.importKey("raw", salted, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const sign = (text: string) => crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  const storedKey = await crypto.subtle.digest("SHA-256", await sign("Client Key"));
  return { storedKey, serverKey: await sign("Server Key") };
}

function base64(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
  return Buffer.from(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes).toString("base64");
}
