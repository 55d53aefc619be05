/** Issues certificates, with the library for it: import this on demand only, see `authority.ts`. */
import { X509Certificate } from "node:crypto";
import {
  AUTHORITY_DAYS,
  type AuthorityProfile,
  BACKDATED_MS,
  DAY_MS,
  type IssuingTools,
  type KeyPair,
  leafEnd,
  type WantedLeaf,
} from "./authority.ts";
import { writeCertificate } from "./write.ts";

/** 128 bits: two certificates of one authority never share a serial number. */
const SERIAL_BYTES = 16;

export async function createAuthority(profile: AuthorityProfile, tools: IssuingTools): Promise<KeyPair> {
  return await writeCertificate({
    ...profile,
    ...beginning(tools),
    notAfter: new Date(tools.now.getTime() + AUTHORITY_DAYS * DAY_MS),
    isAuthority: true,
    usages: ["server", "client"],
    dnsNames: [],
  });
}

export async function createLeaf(
  signer: KeyPair,
  { organization, commonName, usages, dnsNames }: WantedLeaf,
  tools: IssuingTools,
): Promise<KeyPair> {
  const certificate = new X509Certificate(signer.certificate);
  const contents = { organization, commonName, usages, dnsNames, isAuthority: false };
  const notAfter = leafEnd(tools.now, certificate.validToDate);
  return await writeCertificate({ ...contents, ...beginning(tools), notAfter }, {
    certificate,
    key: signer.key,
  });
}

/** A number of its own, and a beginning that clocks behind ours have reached. */
export function beginning({ now, random }: IssuingTools) {
  return { notBefore: new Date(now.getTime() - BACKDATED_MS), serial: random(SERIAL_BYTES) };
}
