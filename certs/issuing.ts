/** Writes certificates, with the library for it: import this on demand only, see `authority.ts`. */
import "reflect-metadata";
import { createPrivateKey } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import {
  AUTHORITY_DAYS,
  type AuthorityProfile,
  BACKDATED_MS,
  DAY_MS,
  type IssuingTools,
  type KeyPair,
  leafEnd,
  type Usage,
  type WantedLeaf,
} from "./authority.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** 128 bits: two certificates of one authority never share a serial number. */
const SERIAL_BYTES = 16;

const usageIds: Readonly<Record<Usage, string>> = {
  server: ExtendedKeyUsage.serverAuth,
  client: ExtendedKeyUsage.clientAuth,
};

export async function createAuthority(profile: AuthorityProfile, tools: IssuingTools): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(tools),
    name: subjectOf(profile),
    keys,
    signingAlgorithm: algorithm,
    notBefore: beginning(tools),
    notAfter: new Date(tools.now.getTime() + AUTHORITY_DAYS * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usageIds.server, usageIds.client]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await privatePem(keys.privateKey) };
}

export async function createLeaf(
  signer: KeyPair,
  wanted: WantedLeaf,
  tools: IssuingTools,
): Promise<KeyPair> {
  const authority = new X509Certificate(signer.certificate);
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(tools),
    subject: subjectOf(wanted),
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: await signingKey(signer.key),
    signingAlgorithm: algorithm,
    notBefore: beginning(tools),
    notAfter: leafEnd(tools.now, authority.notAfter),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension(wanted.usages.map((usage) => usageIds[usage])),
      new SubjectAlternativeNameExtension(wanted.dnsNames.map((value) => ({ type: "dns" as const, value }))),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await privatePem(keys.privateKey) };
}

/** As a structure, so that no character of a name is taken for syntax. */
function subjectOf({ organization, commonName }: AuthorityProfile) {
  return [{ O: [organization] }, { CN: [commonName] }];
}

function beginning({ now }: IssuingTools): Date {
  return new Date(now.getTime() - BACKDATED_MS);
}

function serial({ random }: IssuingTools): string {
  return Array.from(random(SERIAL_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** WebCrypto reads PKCS #8 only; keys of older operators are SEC 1. */
async function signingKey(pem: string): Promise<CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return await crypto.subtle.importKey("pkcs8", new Uint8Array(der), algorithm, false, ["sign"]);
}

async function privatePem(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}
