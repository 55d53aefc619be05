/** Certificates and keys as they are read: with `node:crypto`, which costs no memory of note. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { splitCertificates } from "./pem.ts";

/** A certificate that could be read. */
export interface ReadCertificate {
  readonly pem: string;
  readonly x509: X509Certificate;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  /** SHA-256 of its public key, as {@link keyFingerprint} tells of a private one. */
  readonly keyFingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Reads one certificate from PEM; undefined when it is none. */
export function readCertificate(pem: string): ReadCertificate | undefined {
  try {
    const x509 = new X509Certificate(pem);
    return {
      pem,
      x509,
      fingerprint: x509.fingerprint256,
      keyFingerprint: hashOf(x509.publicKey),
      notBefore: new Date(x509.validFrom),
      notAfter: new Date(x509.validTo),
    };
  } catch {
    return undefined;
  }
}

/** A bundle of certificates, as far as it can be read. */
export function readBundle(bundle: string): { certificates: ReadCertificate[]; whole: boolean } {
  const blocks = splitCertificates(bundle);
  const certificates = blocks.map(readCertificate).filter((each) => each !== undefined);
  return { certificates, whole: blocks.length > 0 && certificates.length === blocks.length };
}

/** SHA-256 of the public key that belongs to a private key (PEM); undefined when that cannot be read. */
export function keyFingerprint(pem: string): string | undefined {
  try {
    return hashOf(createPublicKey(createPrivateKey(pem)));
  } catch {
    return undefined;
  }
}

function hashOf(key: KeyObject): string {
  return createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest("base64");
}

/** Signatures that were verified, by the fingerprint of the authority: one takes 0.4 ms, and each look asks again. */
const verified = new WeakMap<ReadCertificate, Map<string, boolean>>();

/** Whether `authority` signed `certificate`: names must meet, and the signature is really verified. */
export function isSignedBy(certificate: ReadCertificate, authority: ReadCertificate): boolean {
  const known = verified.get(certificate) ?? new Map<string, boolean>();
  verified.set(certificate, known);
  const before = known.get(authority.fingerprint);
  if (before !== undefined) return before;
  const verdict = verify(certificate, authority);
  known.set(authority.fingerprint, verdict);
  return verdict;
}

function verify(certificate: ReadCertificate, authority: ReadCertificate): boolean {
  try {
    return certificate.x509.checkIssued(authority.x509) && certificate.x509.verify(authority.x509.publicKey);
  } catch {
    return false;
  }
}
