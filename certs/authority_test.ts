import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { leafFor } from "../tests/support/certificate_sets.ts";
import { DAY_MS, issueLeaf, type KeyPair, leafEnd, makeAuthority, type Usage } from "./authority.ts";
import { tlsUsages } from "./extended_key_usage.ts";
import { judgeAuthority, judgeLeaf, type Pair } from "./inspect.ts";
import { pgBackRestCertificate } from "./pgbackrest.ts";
import { isSignedBy, keyFingerprint, readCertificate } from "./read.ts";

const now = new Date("2026-06-01T12:00:00Z");
const tools = { now, random: (bytes: number) => new Uint8Array(bytes).fill(0xab) };
const profile = { organization: "Multigres", commonName: "Multigres CA" };
const authority = await makeAuthority(profile, tools);

function pairOf({ certificate, key }: KeyPair): Pair {
  return {
    pem: certificate,
    certificate: readCertificate(certificate),
    keyFingerprint: keyFingerprint(key),
  };
}

Deno.test("an authority lives ten years from an hour ago, and may sign", () => {
  const x509 = new X509Certificate(authority.certificate);
  assert.equal(x509.subject, "O=Multigres\nCN=Multigres CA");
  assert.equal(x509.ca, true);
  assert.equal(x509.validFromDate.toISOString(), "2026-06-01T11:00:00.000Z");
  assert.equal(x509.validToDate.getTime(), now.getTime() + 3_650 * DAY_MS);
  assert.equal(x509.serialNumber, "AB".repeat(16));
  assert.deepEqual(tlsUsages(x509.raw), ["server", "client"]);
  assert.deepEqual(judgeAuthority(pairOf(authority), now), { ok: true, notAfter: x509.validToDate });
});

Deno.test("whatever leaf is wanted, the one that is issued is judged to be it", async () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
  const usages = fc.subarray<Usage>(["server", "client"], { minLength: 1 });
  const wantedLeaf = fc.record({
    organization: fc.constantFrom("Multigres", 'O=other, "quoted" + more'),
    commonName: name,
    dnsNames: fc.uniqueArray(fc.oneof(name, name.map((each) => `*.${each}`)), { minLength: 1, maxLength: 8 }),
    usages,
  });
  const ca = readCertificate(authority.certificate);
  assert.ok(ca !== undefined);
  await fc.assert(
    fc.asyncProperty(wantedLeaf, async (wanted) => {
      const pair = pairOf(await issueLeaf(authority, wanted, tools));
      assert.equal(judgeLeaf(pair, [ca], wanted, now).ok, true);
      assert.deepEqual(tlsUsages(pair.certificate?.x509.raw ?? new Uint8Array()), wanted.usages);
      const more = { ...wanted, dnsNames: [...wanted.dnsNames, "one.more"] };
      const judgement = judgeLeaf(pair, [ca], more, now);
      assert.equal(judgement.ok ? "" : judgement.reason, "OtherNames");
    }),
    { numRuns: 25 },
  );
});

Deno.test("an authority may stand first in a bundle, with remarks around it", async () => {
  const other = await makeAuthority({ ...profile, commonName: "Other CA" }, tools);
  const certificate = `# ours\n${authority.certificate}# the next\n${other.certificate}`;
  const leaf = await issueLeaf({ ...authority, certificate }, leafFor("gateway"), tools);
  const ca = new X509Certificate(authority.certificate);
  const x509 = new X509Certificate(leaf.certificate);
  assert.equal(x509.issuer, ca.subject);
  assert.ok(x509.checkIssued(ca) && x509.verify(ca.publicKey));
});

Deno.test("nothing is signed with a key of another sort", async () => {
  for (const namedCurve of ["secp384r1", "secp521r1"]) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve });
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await assert.rejects(
      issueLeaf({ ...authority, key }, leafFor("gateway"), tools),
      /authorities have keys of P-256/,
    );
  }
});

Deno.test("a leaf lives a year, and never longer than its authority", () => {
  const day = (days: number) => new Date(now.getTime() + days * DAY_MS);
  assert.deepEqual(leafEnd(now, day(3_000)), day(365));
  assert.deepEqual(leafEnd(now, day(100)), day(100));
});

Deno.test("a key in the form of older operators signs just as well", async () => {
  const sec1 = String(createPrivateKey(authority.key).export({ type: "sec1", format: "pem" }));
  assert.match(sec1, /BEGIN EC PRIVATE KEY/);
  const leaf = readCertificate(
    (await issueLeaf({ ...authority, key: sec1 }, leafFor("a"), tools)).certificate,
  );
  const ca = readCertificate(authority.certificate);
  assert.ok(leaf !== undefined && ca !== undefined && isSignedBy(leaf, ca));
  assert.equal(keyFingerprint(sec1), keyFingerprint(authority.key));
});

Deno.test("pgBackRest's certificate is for its servers' names, below the Services of all pools as well", () => {
  assert.deepEqual(pgBackRestCertificate({ namespace: "shop", poolServices: ["p1", "p2"] }), {
    organization: "Multigres",
    commonName: "pgbackrest",
    dnsNames: [
      "pgbackrest.shop.svc",
      "pgbackrest.shop.svc.cluster.local",
      "*.p1.shop.svc",
      "*.p1.shop.svc.cluster.local",
      "*.p2.shop.svc",
      "*.p2.shop.svc.cluster.local",
    ],
    usages: ["server", "client"],
  });
});
