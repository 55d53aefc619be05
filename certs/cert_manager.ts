/** Certificates that cert-manager issues. Nothing of it is imported: only its objects are written and read. */
import type { Cache, Watched } from "../kube/cache.ts";
import type { Condition } from "../kube/conditions.ts";
import { defineResource, qualifiedName } from "../kube/resource.ts";
import type { Frozen, KubeObject } from "../kube/types.ts";

/** Who signs. Issuers from outside cert-manager have groups of their own. */
export interface IssuerRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** A Certificate (cert-manager.io/v1), as far as it is written or read here. */
export interface Certificate extends KubeObject {
  spec?: {
    secretName: string;
    /** What its Secret bears. */
    secretTemplate?: { labels?: Record<string, string> };
    dnsNames?: string[];
    duration?: string;
    issuerRef: IssuerRef;
    literalSubject?: string;
    privateKey?: { algorithm: "RSA" | "ECDSA"; size: number };
    usages?: string[];
  };
  status?: { conditions?: Condition[] };
}

export const Certificates = defineResource<Certificate>({
  group: "cert-manager.io",
  version: "v1",
  kind: "Certificate",
  plural: "certificates",
  namespaced: true,
});

/** All of them, as both families of clusters have some, under labels of their own. Work goes on without cert-manager. */
export const watchedCertificates: Watched<Certificate> = { resource: Certificates, optional: true };

/** On a Secret: the Certificate for which cert-manager wrote it. */
export const certificateNameAnnotation = "cert-manager.io/certificate-name";

/**
 * What is known of Certificates: `served` means all are known, `absent` that there can be none, or none that we may touch;
 * `unknown` that nobody can tell yet.
 */
export type CertManagerStanding = "served" | "absent" | "unknown";

export function certManagerStanding(cache: Cache): CertManagerStanding {
  const standings = cache.standings().filter(({ resource }) => resource === qualifiedName(Certificates));
  const kinds = standings.map(({ state }) => state.kind);
  if (kinds.every((kind) => kind === "synced")) return "served";
  return kinds.some((kind) => kind === "missing" || kind === "forbidden") ? "absent" : "unknown";
}

/** What keeps a Certificate from being ready, in cert-manager's words where it has any; undefined when it is ready. */
export function whyNotReady(certificate: Frozen<Certificate> | undefined): string | undefined {
  const ready = certificate?.status?.conditions?.find(({ type }) => type === "Ready");
  const late = ready?.observedGeneration !== undefined && certificate?.metadata.generation !== undefined &&
    ready.observedGeneration < certificate.metadata.generation;
  if (ready === undefined || late) return "cert-manager has not looked at it yet";
  return ready.status === "True" ? undefined : ready.message;
}
