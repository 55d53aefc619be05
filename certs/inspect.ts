/** Whether certificates still serve: pure checks, each with a reason for programs and a sentence for people. */
import { DAY_MS, type Usage, type WantedLeaf } from "./authority.ts";
import { tlsUsages } from "./extended_key_usage.ts";
import { isSignedBy, type ReadCertificate } from "./read.ts";

/** A certificate is replaced when less than this is left of its life, in milliseconds: 30 days. */
export const RENEW_MS = 30 * DAY_MS;

/** A certificate and its key, as they were found. */
export interface Pair {
  /** Undefined when there is none. */
  readonly pem: string | undefined;
  /** Undefined when there is none, or it cannot be read. */
  readonly certificate: ReadCertificate | undefined;
  /** Fingerprint of the key, undefined when it is missing or cannot be read. */
  readonly keyFingerprint: string | undefined;
}

export type Fault =
  | "Missing"
  | "Unreadable"
  | "KeyMismatch"
  | "NotYetValid"
  | "Expired"
  | "NotAnAuthority"
  | "UnknownSigner"
  | "OtherNames"
  | "OtherUsages"
  | "Expiring";

export type Judgement =
  | { readonly ok: true; readonly notAfter: Date }
  | {
    readonly ok: false;
    readonly reason: Fault;
    readonly message: string;
    /** Whether it can be used until it is replaced. */
    readonly serves: boolean;
  };

interface Finding {
  readonly reason: Fault;
  readonly message: string;
}

/** A check of one certificate: what is wrong, or nothing. */
type Check = (certificate: ReadCertificate) => Finding | undefined;

/**
 * Judges a leaf.
 * @param authorities those that are trusted: one of them must have signed it.
 */
export function judgeLeaf(
  pair: Pair,
  authorities: readonly ReadCertificate[],
  wanted: WantedLeaf,
  now: Date,
): Judgement {
  return judge(pair, now, [
    (leaf) => signerOf(leaf, authorities) === undefined ? unknownSigner(leaf) : undefined,
    (leaf) => otherNames(leaf, wanted),
    (leaf) => otherUsages(leaf, wanted.usages),
  ]);
}

/** Judges an authority of our own: it must be able to sign. */
export function judgeAuthority(pair: Pair, now: Date): Judgement {
  return judge(pair, now, [noAuthority]);
}

/** The authority that signed a certificate. */
export function signerOf(
  certificate: ReadCertificate,
  authorities: readonly ReadCertificate[],
): ReadCertificate | undefined {
  return authorities.find((authority) => isSignedBy(certificate, authority));
}

/** Whether a certificate is an authority that others may trust now. */
export function isTrustable(certificate: ReadCertificate, now: Date): boolean {
  return certificate.x509.ca && outsideLife(certificate, now) === undefined;
}

function judge(pair: Pair, now: Date, checks: readonly Check[]): Judgement {
  const { pem, certificate } = pair;
  if (pem === undefined) return fault({ reason: "Missing", message: "there is no certificate" });
  if (certificate === undefined) {
    return fault({ reason: "Unreadable", message: "the certificate cannot be read" });
  }
  const all: Check[] = [(read) => keyFault(read, pair), (read) => outsideLife(read, now), ...checks];
  for (const check of all) {
    const found = check(certificate);
    if (found !== undefined) return fault(found);
  }
  const { notAfter } = certificate;
  if (notAfter.getTime() - now.getTime() > RENEW_MS) return { ok: true, notAfter };
  const message = `it ends on ${day(notAfter)}, in less than ${RENEW_MS / DAY_MS} days`;
  return { ok: false, reason: "Expiring", message, serves: true };
}

function fault(finding: Finding): Judgement {
  return { ok: false, ...finding, serves: false };
}

function keyFault(certificate: ReadCertificate, pair: Pair): Finding | undefined {
  if (certificate.keyFingerprint === pair.keyFingerprint) return undefined;
  const message = pair.keyFingerprint === undefined
    ? "its key is missing or cannot be read"
    : "its key belongs to another certificate";
  return { reason: "KeyMismatch", message };
}

function outsideLife({ notBefore, notAfter }: ReadCertificate, now: Date): Finding | undefined {
  if (now < notBefore) return { reason: "NotYetValid", message: `it begins on ${day(notBefore)}` };
  if (now >= notAfter) return { reason: "Expired", message: `it ended on ${day(notAfter)}` };
  return undefined;
}

/** The issuing code signs with P-256 alone. */
function noAuthority(certificate: ReadCertificate): Finding | undefined {
  const { x509 } = certificate;
  const reason = "NotAnAuthority";
  if (!x509.ca) return { reason, message: "it is no authority" };
  if (!isSignedBy(certificate, certificate)) return { reason, message: "it was signed by somebody else" };
  if (x509.publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    return { reason, message: "its key is none of ECDSA on P-256" };
  }
  return undefined;
}

function unknownSigner({ x509 }: ReadCertificate): Finding {
  return {
    reason: "UnknownSigner",
    message: `none of the trusted authorities signed it (it names ${oneLine(x509.issuer)})`,
  };
}

function otherNames({ x509 }: ReadCertificate, wanted: WantedLeaf): Finding | undefined {
  const names = (x509.subjectAltName ?? "").split(", ").filter((name) => name !== "");
  const expected = wanted.dnsNames.map((name) => `DNS:${name}`);
  const same = sameSet(names, expected) && x509.subject.split("\n").includes(`CN=${wanted.commonName}`);
  if (same) return undefined;
  return {
    reason: "OtherNames",
    message: `it is for ${oneLine(x509.subject)}, ${names.join(", ") || "no DNS name"}`,
  };
}

function otherUsages({ x509 }: ReadCertificate, usages: readonly Usage[]): Finding | undefined {
  const found = tlsUsages(x509.raw);
  const missing = usages.filter((usage) => !found.includes(usage));
  if (missing.length === 0) return undefined;
  return { reason: "OtherUsages", message: `it may not be used as ${missing.join(" and ")}` };
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((item) => right.has(item));
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}

/** `2026-01-31`. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
