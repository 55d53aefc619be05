/**
 * Whether an instance still lives with a certificate that is about to fail it. Poolers read certificate and authorities when
 * they start; a renewal is no news to them, so their pods are replaced, gently and only in time.
 *
 * | what the pooler started with                          | what stands there now           | pod is due         |
 * | ----------------------------------------------------- | ------------------------------- | ------------------ |
 * | the same                                              |                                 | no                 |
 * | lacks an authority that is trusted now                | others may show its certificate | yes                |
 * | was signed by another authority                       | which will not be trusted long  | yes                |
 * | ends in more than 20 days                             | a later one                     | not yet            |
 * | ends in 20 days or less                               | a later one                     | yes                |
 * | is not known: no mark of this operator is on the pod  | a renewed one                   | 20 days before the |
 * |                                                       |                                 | estimated end      |
 *
 * A container that started after the last change has read what stands there, whatever the mark of its pod says.
 */
import { certificateTermsAnnotation } from "../../api/multigres/annotations.ts";
import { BACKDATED_MS, DAY_MS } from "../../certs/authority.ts";
import { certificateNameAnnotation } from "../../certs/cert_manager.ts";
import { RENEW_MS, signerOf } from "../../certs/inspect.ts";
import { TIMING } from "../../certs/rotation.ts";
import { contentOf, type SeenSecret } from "../../certs/secrets.ts";
import { timestamp } from "../../kube/conditions.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Pod, Secret } from "../../kube/kinds.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen } from "../../kube/types.ts";
import { containers } from "./shape.ts";

/** What of a certificate decides how long it serves. Times are in milliseconds since 1970. */
export interface CertificateTerms {
  readonly expires: number;
  /** Begin of the fingerprint of the authority that signed it; its name where that is not among those that are trusted. */
  readonly signer: string;
  /** Begins of the fingerprints of all authorities that are trusted with it, sorted. */
  readonly authorities: readonly string[];
  /** When it, and what is trusted with it, had reached every pod at the latest. */
  readonly spreadAt: number;
  /** When the one before it ends, as far as that can be told from this one. */
  readonly formerEnds: number;
}

/** What is left of its certificate's life when a pod is replaced, in milliseconds. */
const RESTART_MS = 20 * DAY_MS;

/** 32 bits tell the few authorities of a cluster from each other. */
const PRINT_LENGTH = 11;

/** @returns undefined while there is no certificate, or none that can be read. */
export function certificateTerms(secret: Frozen<Secret> | undefined): CertificateTerms | undefined {
  if (secret === undefined || !isStored(secret)) return undefined;
  const { leaf: { certificate }, authorities, trustedSince } = contentOf(secret);
  if (certificate === undefined) return undefined;
  const issued = certificate.notBefore.getTime();
  const expires = certificate.notAfter.getTime();
  const signer = signerOf(certificate, authorities);
  return {
    expires,
    signer: signer === undefined ? certificate.x509.issuer : printOf(signer.fingerprint),
    authorities: authorities.map(({ fingerprint }) => printOf(fingerprint)).sort(),
    spreadAt: Math.max(issued + BACKDATED_MS, trustedSince?.getTime() ?? 0) + TIMING.spreadMs,
    formerEnds: issued + renewalLead(secret, expires - issued),
  };
}

/** How long before its end a certificate is renewed: by cert-manager after two thirds of its life. */
function renewalLead({ metadata }: SeenSecret, lifeMs: number): number {
  return metadata.annotations?.[certificateNameAnnotation] === undefined ? RENEW_MS : lifeMs / 3;
}

function printOf(fingerprint: string): string {
  return fingerprint.slice(0, PRINT_LENGTH);
}

/** The mark that a pod gets when it is made. */
export function termsText({ expires, signer, authorities }: CertificateTerms): string {
  return JSON.stringify({ expires: timestamp(new Date(expires)), signer, authorities });
}

type Started = Pick<CertificateTerms, "expires" | "signer" | "authorities">;

function readTerms(text: string | undefined): Started | undefined {
  const value = parsed(text ?? "");
  if (!isRecord(value) || !Array.isArray(value["authorities"])) return undefined;
  const { expires, signer, authorities } = value;
  const time = typeof expires === "string" ? new Date(expires).getTime() : NaN;
  if (Number.isNaN(time) || typeof signer !== "string") return undefined;
  return { expires: time, signer, authorities: authorities.map(String) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a pod is to be replaced for its certificate's sake. @param terms of the certificate that stands there now. */
export function isCertificateDue(pod: Frozen<Pod>, terms: CertificateTerms | undefined, now: Date): boolean {
  const startedAt = startOfPooler(pod);
  if (terms === undefined || startedAt === undefined || pod.metadata.deletionTimestamp !== undefined) {
    return false;
  }
  if (startedAt >= terms.spreadAt) return false;
  const started = readTerms(pod.metadata.annotations?.[certificateTermsAnnotation]);
  if (started === undefined) return isOlder(startedAt, terms) && isNear(terms.formerEnds, now);
  const isTold = terms.authorities.every((each) => started.authorities.includes(each));
  if (!isTold || started.signer !== terms.signer) return true;
  // A date in the mark has no fractions of seconds.
  return started.expires + 1_000 < terms.expires && isNear(started.expires, now);
}

function isNear(end: number, now: Date): boolean {
  return end - now.getTime() <= RESTART_MS;
}

/** Whether a pooler that started then has a certificate before this one. */
function isOlder(startedAt: number, { spreadAt }: CertificateTerms): boolean {
  return startedAt < spreadAt - TIMING.spreadMs - BACKDATED_MS;
}

function startOfPooler({ status }: Frozen<Pod>): number | undefined {
  const pooler = status?.containerStatuses?.find(({ name }) => name === containers.multipooler);
  const startedAt = pooler?.state?.running?.startedAt;
  return startedAt === undefined ? undefined : new Date(startedAt).getTime();
}
