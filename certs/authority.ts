/**
 * The operator's own authorities and the certificates that they sign: ECDSA on P-256 with SHA-256.
 *
 * The library that writes certificates takes about 10 MB of memory, so it is loaded with the first one that is really
 * issued; checking certificates (`inspect.ts`) does without it.
 */

/** A certificate and its private key (PKCS #8; SEC 1 is read, too), both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Whom an authority's certificate names. */
export interface AuthorityProfile {
  readonly organization: string;
  readonly commonName: string;
}

/** What a certificate may be used for, in TLS. */
export type Usage = "server" | "client";

/** A certificate as somebody needs it. */
export interface WantedLeaf {
  readonly organization: string;
  /** At most 64 bytes: see `certificateCommonName`. */
  readonly commonName: string;
  /** DNS names, at least one. `*.` may stand for the first label. */
  readonly dnsNames: readonly string[];
  readonly usages: readonly Usage[];
}

/** What issuing takes from outside, so that a test can turn time and repeat chance. */
export interface IssuingTools {
  readonly now: Date;
  /** Bytes that nobody can guess, for serial numbers. Keys always come from the system. */
  readonly random: (bytes: number) => Uint8Array;
}

export const DAY_MS = 86_400_000;

/** Lifetime of an authority, in days. */
export const AUTHORITY_DAYS = 3_650;

/** Lifetime of a leaf, in days; it ends with its authority at the latest. */
export const LEAF_DAYS = 365;

/** Certificates begin so many milliseconds before they are made: clocks of others may be behind. */
export const BACKDATED_MS = 3_600_000;

/** Random bytes of the system. */
export function systemRandom(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes));
}

/** When a leaf ends that is issued now: never after its authority, whose signature would be worth nothing then. */
export function leafEnd(now: Date, authorityEnd: Date): Date {
  return new Date(Math.min(now.getTime() + LEAF_DAYS * DAY_MS, authorityEnd.getTime()));
}

/** Makes an authority that signs itself. */
export async function makeAuthority(profile: AuthorityProfile, tools: IssuingTools): Promise<KeyPair> {
  const { createAuthority } = await import("./issuing.ts");
  return await createAuthority(profile, tools);
}

/**
 * Issues a certificate with a fresh key.
 * @throws Error when the signer's pair cannot be read, or is not ECDSA on P-256: `judgeAuthority` tells so before.
 */
export async function issueLeaf(signer: KeyPair, wanted: WantedLeaf, tools: IssuingTools): Promise<KeyPair> {
  const { createLeaf } = await import("./issuing.ts");
  return await createLeaf(signer, wanted, tools);
}
