/**
 * How an authority is replaced while everybody who uses its certificates goes on talking to each other.
 *
 * A program trusts what its copy of `ca.crt` holds, and shows its copy of `tls.crt`; both copies may be old by as long as it
 * takes until a changed Secret is seen in every pod. Let A be the authority, B its successor:
 *
 * | step     | written                          | copies trust    | copies show | every sight of a certificate is good because     |
 * | -------- | -------------------------------- | --------------- | ----------- | ------------------------------------------------ |
 * | before   |                                  | A               | A           |                                                  |
 * | announce | B into the authority's `ca.crt`, | A, or A and B   | A           | all trust A                                      |
 * |          | then into those of the leaves    |                 |             |                                                  |
 * | (wait 1) |                                  | A and B         | A           |                                                  |
 * | promote  | B becomes the signer             | A and B         | A           | all trust A                                      |
 * | issue    | leaves from B                    | A and B         | A or B      | all trust both                                   |
 * | (wait 2) |                                  | A and B         | B           |                                                  |
 * | retire   | A out of the authority's         | A and B, or B   | B           | all trust B                                      |
 * |          | `ca.crt`, then out of the leaves' |                |             |                                                  |
 *
 * Wait 1 counts from the last change of any `ca.crt` of the set (`multigres.com/trusted-since`), wait 2 from the last leaf
 * that was issued. A is announced its successor 90 days before its end and loses its office 30 days before it; so whoever
 * carries `ca.crt` away by hand has 60 days to come back for the new one.
 *
 * When A's key is lost (its Secret was deleted, say), B signs at once, but A is found in the leaves' `ca.crt` and stays
 * trusted: that is the state after "promote", with wait 1 still to come. Only a leaf that cannot be used at all is issued
 * from B without a wait.
 *
 * Each step is decided from what stands in the Secrets alone, and each writes one Secret as a whole: whoever comes after a
 * crash goes on from there.
 */
import { BACKDATED_MS, DAY_MS, leafEnd } from "./authority.ts";
import { isTrustable, type Judgement, RENEW_MS } from "./inspect.ts";
import { isSignedBy, type ReadCertificate } from "./read.ts";

/** Times of a rotation, in milliseconds. */
export interface Timing {
  /** Life that is left of an authority when its successor is announced. */
  readonly announceMs: number;
  /** Until a changed Secret is seen in all pods. */
  readonly spreadMs: number;
  /** Until programs that read certificates only at their start have been started again. */
  readonly retireMs: number;
}

/**
 * The kubelet looks at least every 60 s, at objects that it may keep for another 60 s; its node may be busy, so 300 s are
 * waited. A rolling restart of a large shard takes hours, so an old authority stays trusted for a day.
 */
export const TIMING: Timing = { announceMs: 90 * DAY_MS, spreadMs: 300_000, retireMs: DAY_MS };

export interface AuthorityFinding {
  readonly judgement: Judgement;
  /** The certificate that `ca.key` fits, as long as it may sign. */
  readonly signer: ReadCertificate | undefined;
  /** The certificate that `next.key` fits, as long as it may sign. */
  readonly successor: ReadCertificate | undefined;
  /** All of `ca.crt`, signer and successor among them. */
  readonly trusted: readonly ReadCertificate[];
  /** Since when `trusted` is what it is, undefined when that must be written down anew. */
  readonly since: Date | undefined;
  /** Whether the Secret is in order but for what this module decides. */
  readonly tidy: boolean;
}

export interface LeafFinding {
  readonly secretName: string;
  /** Whether there is a Secret. */
  readonly exists: boolean;
  readonly judgement: Judgement;
  /** What stands in `tls.crt`, when its key fits. */
  readonly certificate: ReadCertificate | undefined;
  /** All of `ca.crt`. */
  readonly trusted: readonly ReadCertificate[];
  readonly since: Date | undefined;
  /** Whether labels, owner, and `ca.crt` are those of the authority's Secret. */
  readonly current: boolean;
}

export interface Findings {
  readonly authority: AuthorityFinding;
  readonly leaves: readonly LeafFinding[];
  /** Authorities of certificates that are in use though no Secret tells of them. */
  readonly inUse: readonly ReadCertificate[];
}

/** What to do with the authority. While it is anything but `keep`, leaves wait for the next look. */
export type AuthorityMove =
  | { readonly kind: "keep"; readonly signer: ReadCertificate }
  /** A new authority signs from now on; these others stay trusted. */
  | { readonly kind: "make"; readonly trusted: readonly ReadCertificate[] }
  | { readonly kind: "announce" }
  | { readonly kind: "promote"; readonly successor: ReadCertificate }
  /** `ca.crt` is to hold just these. */
  | { readonly kind: "trust"; readonly trusted: readonly ReadCertificate[] };

export type LeafMove =
  | { readonly kind: "issue"; readonly secretName: string }
  /** Only `ca.crt` and the marks are put right. */
  | { readonly kind: "trust"; readonly secretName: string };

/** Extending a leaf's life by less than this is not worth a change, in milliseconds. */
const LEAST_GAIN_MS = 3_600_000;

/** Decides the next step for the authority. */
export function planAuthority(findings: Findings, now: Date, timing: Timing = TIMING): AuthorityMove {
  const { signer, successor } = findings.authority;
  if (signer === undefined) {
    if (successor !== undefined) return { kind: "promote", successor };
    return { kind: "make", trusted: worthKeeping(findings, now) };
  }
  const left = signer.notAfter.getTime() - now.getTime();
  if (successor === undefined && left <= timing.announceMs) return { kind: "announce" };
  const known = spreadMs(findings, now) >= timing.spreadMs;
  if (successor !== undefined && left <= RENEW_MS && known) return { kind: "promote", successor };
  return putInOrder(findings, signer, now, timing);
}

function putInOrder(findings: Findings, signer: ReadCertificate, now: Date, timing: Timing): AuthorityMove {
  const { tidy, trusted } = findings.authority;
  const kept = trusted.filter((each) => !isDone(each, findings, now, timing));
  const displaced = displacedBy(findings, now);
  if (tidy && kept.length === trusted.length && displaced.length === 0) return { kind: "keep", signer };
  return { kind: "trust", trusted: [...kept, ...displaced] };
}

/** Authorities in use whose place in `ca.crt` somebody took who changed the Secret by hand. */
function displacedBy({ authority, leaves, inUse }: Findings, now: Date): ReadCertificate[] {
  return inUse.filter((each) =>
    isTrustable(each, now) &&
    authority.trusted.every(({ fingerprint }) => fingerprint !== each.fingerprint) &&
    leaves.some(({ certificate }) => certificate !== undefined && isSignedBy(certificate, each))
  );
}

/** Decides what happens to each leaf while `signer` signs; leaves that stay as they are do not appear. */
export function planLeaves(
  findings: Findings,
  signer: ReadCertificate,
  now: Date,
  timing: Timing = TIMING,
): LeafMove[] {
  const known = spreadMs(findings, now) >= timing.spreadMs;
  return findings.leaves.flatMap((leaf): LeafMove[] => {
    const { secretName, current } = leaf;
    const due = !serves(leaf.judgement) || (known && isDue(leaf, signer, now));
    if (due) return [{ kind: "issue", secretName }];
    return current ? [] : [{ kind: "trust", secretName }];
  });
}

/** The next moment at which time alone may call for a step; undefined when there is none. */
export function nextMoment(findings: Findings, now: Date, timing: Timing = TIMING): Date | undefined {
  const { authority, leaves } = findings;
  const { signer, trusted } = authority;
  const changed = [authority, ...leaves].map(({ since }) => since);
  const moments = [
    shifted(signer?.notAfter, -timing.announceMs),
    shifted(signer?.notAfter, -RENEW_MS),
    ...trusted.map(({ notAfter }) => notAfter),
    ...leaves.map(({ certificate }) => shifted(certificate?.notAfter, -RENEW_MS)),
    ...changed.map((since) => shifted(since, timing.spreadMs)),
    ...leaves.map(({ certificate }) => shifted(certificate?.notBefore, BACKDATED_MS + timing.retireMs)),
  ];
  const coming = moments.map((moment) => moment?.getTime() ?? 0).filter((time) => time > now.getTime());
  return coming.length === 0 ? undefined : new Date(Math.min(...coming));
}

export function serves(judgement: Judgement): boolean {
  return judgement.ok || judgement.serves;
}

/** Whether a leaf that serves is to be replaced: another authority signs now, or its end is near and can be put off. */
export function isDue(leaf: LeafFinding, signer: ReadCertificate, now: Date): boolean {
  const { certificate, judgement } = leaf;
  if (certificate === undefined || !isSignedBy(certificate, signer)) return true;
  const gain = leafEnd(now, signer.notAfter).getTime() - certificate.notAfter.getTime();
  return !judgement.ok && gain > LEAST_GAIN_MS;
}

/** Milliseconds since all trust what the authority's Secret says; negative while some do not. */
function spreadMs({ authority, leaves }: Findings, now: Date): number {
  const existing = leaves.filter((leaf) => leaf.exists);
  if (existing.some((leaf) => !leaf.current)) return -1;
  const ages = [authority, ...existing].map(({ since }) =>
    since === undefined ? -1 : now.getTime() - since.getTime()
  );
  return Math.min(...ages);
}

/** Whether nobody needs an authority any more: its life is over, or its last leaf was replaced long enough ago. */
function isDone(authority: ReadCertificate, { authority: own, leaves }: Findings, now: Date, timing: Timing) {
  const { signer, successor } = own;
  if ([signer, successor].some((each) => each?.fingerprint === authority.fingerprint)) return false;
  if (!isTrustable(authority, now)) return true;
  const replacedAt = now.getTime() - timing.retireMs - BACKDATED_MS;
  return leaves.every(({ certificate }) =>
    certificate !== undefined && signer !== undefined && isSignedBy(certificate, signer) &&
    certificate.notBefore.getTime() <= replacedAt
  );
}

/** Authorities that signed a leaf which is in use. */
function worthKeeping({ authority, leaves, inUse }: Findings, now: Date): ReadCertificate[] {
  const candidates = [...authority.trusted, ...leaves.flatMap((leaf) => leaf.trusted)];
  const signers = candidates.filter((candidate) =>
    leaves.some(({ certificate }) => certificate !== undefined && isSignedBy(certificate, candidate))
  );
  const kept = [...signers, ...inUse].filter((candidate) => isTrustable(candidate, now));
  return [...new Map(kept.map((each) => [each.fingerprint, each])).values()];
}

function shifted(date: Date | undefined, milliseconds: number): Date | undefined {
  return date === undefined ? undefined : new Date(date.getTime() + milliseconds);
}
