/** What stands in the Secrets of one authority, as `rotation.ts` judges it. */
import { judgeAuthority, judgeLeaf, type Pair } from "./inspect.ts";
import type { ReadCertificate } from "./read.ts";
import { type AuthorityFinding, type Findings, type LeafFinding, serves } from "./rotation.ts";
import { type Content, contentOf, type Holder, isMarked, type SeenSecret } from "./secrets.ts";
import type { AuthorityProfile, WantedLeaf } from "./authority.ts";

/** A certificate that is to stand in a Secret. */
export interface KeptLeaf {
  readonly secretName: string;
  readonly wanted: WantedLeaf;
}

/** One authority and all that it signs. */
export interface CertificateSet extends Holder {
  readonly authority: { readonly secretName: string; readonly profile: AuthorityProfile };
  readonly leaves: readonly KeptLeaf[];
  /** Authorities of certificates that are in use though no Secret tells of them: a new authority does not displace them. */
  readonly inUse?: readonly ReadCertificate[];
}

/** The Secrets of a set that are there, by name. */
export type SeenSecrets = ReadonlyMap<string, SeenSecret>;

/** Reads and judges; asks nobody. */
export function findingsOf(set: CertificateSet, secrets: SeenSecrets, now: Date): Findings {
  const authority = authorityFinding(set, secrets.get(set.authority.secretName), now);
  const leaves = set.leaves.map((leaf) =>
    leafFinding(leaf, { set, secret: secrets.get(leaf.secretName), authority, now })
  );
  return { authority, leaves, inUse: set.inUse ?? [] };
}

function authorityFinding(set: CertificateSet, secret: SeenSecret | undefined, now: Date): AuthorityFinding {
  const content = secret === undefined ? undefined : contentOf(secret);
  const office = pairOf(content, content?.authorityKey);
  const judgement = judgeAuthority(office, now);
  const next = pairOf(content, content?.successorKey);
  const successor = content?.successorKey !== undefined && serves(judgeAuthority(next, now))
    ? next.certificate
    : undefined;
  const since = pastOf(content, now);
  return {
    judgement,
    signer: serves(judgement) ? office.certificate : undefined,
    successor,
    trusted: content?.authorities ?? [],
    since,
    tidy: secret !== undefined && isMarked(secret, set) && content?.whole === true && since !== undefined,
  };
}

/** The certificate that a key fits; where it fits none the first, so that one can be told what is wrong. */
function pairOf(content: Content | undefined, key: string | undefined): Pair {
  const { authorities = [] } = content ?? {};
  const certificate = authorities.find((each) => each.keyFingerprint === key) ?? authorities[0];
  return { pem: certificate?.pem, certificate, keyFingerprint: key };
}

interface Around {
  readonly set: CertificateSet;
  readonly secret: SeenSecret | undefined;
  readonly authority: AuthorityFinding;
  readonly now: Date;
}

const NOTHING: Pair = { pem: undefined, certificate: undefined, keyFingerprint: undefined };

function leafFinding({ secretName, wanted }: KeptLeaf, around: Around): LeafFinding {
  const { set, secret, authority, now } = around;
  const content = secret === undefined ? undefined : contentOf(secret);
  const pair = content?.leaf ?? NOTHING;
  const fits = pair.certificate !== undefined && pair.certificate.keyFingerprint === pair.keyFingerprint;
  const trusted = content?.authorities ?? [];
  const since = pastOf(content, now);
  return {
    secretName,
    exists: secret !== undefined,
    judgement: judgeLeaf(pair, authority.trusted, wanted, now),
    certificate: fits ? pair.certificate : undefined,
    trusted,
    since,
    current: secret !== undefined && isMarked(secret, set) && content?.whole === true &&
      since !== undefined && isSameTrust(trusted, authority.trusted),
  };
}

/** A time to come was written by a clock that went wrong, and says nothing. */
function pastOf(content: Content | undefined, now: Date): Date | undefined {
  const since = content?.trustedSince;
  return since !== undefined && since <= now ? since : undefined;
}

/** Whether two bundles hold the same authorities, in whatever order. */
export function isSameTrust(a: readonly ReadCertificate[], b: readonly ReadCertificate[]): boolean {
  const prints = (bundle: readonly ReadCertificate[]) =>
    [...new Set(bundle.map(({ fingerprint }) => fingerprint))].sort().join();
  return prints(a) === prints(b);
}
