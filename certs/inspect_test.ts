import assert from "node:assert/strict";
import "reflect-metadata";
import { BasicConstraintsExtension, PemConverter, X509CertificateGenerator } from "@peculiar/x509";
import { leafFor } from "../tests/support/certificate_sets.ts";
import {
  DAY_MS,
  issueLeaf,
  type KeyPair,
  makeAuthority,
  systemRandom,
  type WantedLeaf,
} from "./authority.ts";
import { judgeAuthority, judgeLeaf, type Judgement, type Pair } from "./inspect.ts";
import { keyFingerprint, readBundle, type ReadCertificate, readCertificate } from "./read.ts";

const now = new Date("2026-06-01T12:00:00Z");
const tools = { now, random: systemRandom };
const later = (days: number) => new Date(now.getTime() + days * DAY_MS);
const profile = { organization: "Multigres", commonName: "Multigres CA" };
const authority = await makeAuthority(profile, tools);
/** Of the same name, but with another key. */
const namesake = await makeAuthority(profile, tools);
const wanted = leafFor("a.internal");
const leaf = await issueLeaf(authority, wanted, tools);

function pairOf({ certificate, key }: KeyPair): Pair {
  return { pem: certificate, certificate: readCertificate(certificate), keyFingerprint: keyFingerprint(key) };
}

function trusting(...pairs: readonly KeyPair[]): ReadCertificate[] {
  return readBundle(pairs.map(({ certificate }) => certificate).join("\n")).certificates;
}

function reasonOf(judgement: Judgement): string {
  return judgement.ok ? "ok" : judgement.reason;
}

Deno.test("a leaf is judged, and the first thing that is wrong with it is named", () => {
  const good = pairOf(leaf);
  const judge = (pair: Pair, want: WantedLeaf = wanted, date = now, trusted = trusting(authority)) =>
    reasonOf(judgeLeaf(pair, trusted, want, date));
  assert.equal(judge(good), "ok");
  assert.equal(judge({ ...good, pem: undefined, certificate: undefined }), "Missing");
  assert.equal(judge({ ...good, certificate: readCertificate("garbage") }), "Unreadable");
  assert.equal(judge({ ...good, keyFingerprint: undefined }), "KeyMismatch");
  assert.equal(judge({ ...good, keyFingerprint: keyFingerprint(authority.key) }), "KeyMismatch");
  assert.equal(judge(good, wanted, now, trusting(namesake)), "UnknownSigner");
  assert.equal(judge(good, wanted, now, trusting(namesake, authority)), "ok");
  assert.equal(judge(good, leafFor("b.internal")), "OtherNames");
  assert.equal(judge(good, { ...wanted, commonName: "b" }), "OtherNames");
  assert.equal(judge(good, wanted, later(-1)), "NotYetValid");
  assert.equal(judge(good, wanted, later(365)), "Expired");
});

Deno.test("a leaf that serves less than it should is not enough, one that serves more is", async () => {
  const server = pairOf(await issueLeaf(authority, { ...wanted, usages: ["server"] }, tools));
  const judge = (usages: WantedLeaf["usages"]) =>
    reasonOf(judgeLeaf(server, trusting(authority), { ...wanted, usages }, now));
  assert.equal(judge(["server", "client"]), "OtherUsages");
  assert.equal(judge(["server"]), "ok");
  assert.equal(
    reasonOf(judgeLeaf(pairOf(leaf), trusting(authority), { ...wanted, usages: ["client"] }, now)),
    "ok",
  );
});

Deno.test("30 days before its end a certificate is due, and serves until it ends", () => {
  const at = (days: number) => judgeLeaf(pairOf(leaf), trusting(authority), wanted, later(days));
  assert.equal(at(334.9).ok, true);
  const due = at(335.1);
  assert.deepEqual(due.ok || [due.reason, due.serves], ["Expiring", true]);
  const over = at(365);
  assert.deepEqual(over.ok || [over.reason, over.serves], ["Expired", false]);
  assert.match(due.ok ? "" : due.message, /^it ends on 2027-06-01, in less than 30 days$/);
});

Deno.test("an authority must be one, sign itself, and have a key that we sign with", async () => {
  const judge = (pair: Pair, date = now) => reasonOf(judgeAuthority(pair, date));
  assert.equal(judge(pairOf(authority)), "ok");
  assert.equal(judge(pairOf(leaf)), "NotAnAuthority");
  assert.equal(judge({ ...pairOf(authority), keyFingerprint: keyFingerprint(namesake.key) }), "KeyMismatch");
  assert.equal(judge(pairOf(authority), later(3_621)), "Expiring");
  assert.equal(judge(pairOf(authority), later(3_650)), "Expired");
  const p384 = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };
  assert.equal(judge(await foreign(p384, "O=Multigres")), "NotAnAuthority");
  const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  assert.equal(judge(await foreign(p256, "O=Multigres")), "ok");
  assert.equal(judge(await foreign(p256, "O=Another")), "NotAnAuthority");
});

/** An authority of ten days that another program made; signed by itself when it names itself as the issuer. */
async function foreign(algorithm: EcKeyGenParams & EcdsaParams, issuer: string): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await X509CertificateGenerator.create({
    subject: "O=Multigres",
    issuer,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: later(-1),
    notAfter: later(100),
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return pairOf({ certificate: made.toString("pem"), key });
}

Deno.test("a bundle is read as far as it can be, and it is told whether that is all", () => {
  const text = `${authority.certificate}\nwords between\n${namesake.certificate}`;
  assert.deepEqual(readBundle(text).certificates.length, 2);
  assert.equal(readBundle(text).whole, true);
  const broken = `${text}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  assert.deepEqual([readBundle(broken).certificates.length, readBundle(broken).whole], [2, false]);
  assert.deepEqual(readBundle(""), { certificates: [], whole: false });
});
