/** Names within certificates, of the Secrets that hold them, and of the cert-manager objects that order them. */
import { createHash } from "node:crypto";

/** X.509 bounds a common name to 64 characters (RFC 5280, ub-common-name). */
const maxCommonNameBytes = 64;

/** What is kept of a longer one, before a hyphen and eight digits of its hash. */
const keptBytes = 55;

/** Components that prove themselves to each other while `internalTLS` is enabled. */
export const internalTlsComponents = ["multiadmin", "multigateway", "multiorch", "multipooler"] as const;

/** Name of a component's internal certificate: its DNS name, its Certificate and its Secret. */
export function internalCertificateName(
  component: string,
  { cluster, namespace }: { readonly cluster: string; readonly namespace: string },
): string {
  return `${component}.${cluster}.${namespace}.multigres.internal`;
}

/**
 * Secret with the certificate that a cluster's gateways show to clients. Each cluster has its own: one name for a whole
 * namespace would hand the certificate of one cluster to another.
 */
export function publicCertificateSecretName(cluster: string): string {
  return `${cluster}-multigateway-tls`;
}

/** Secret with the authority of a cluster: `ca.crt` is for everybody, `ca.key` for the operator alone. */
export function clusterAuthoritySecretName(cluster: string): string {
  return `${cluster}-ca`;
}

/** A name as the common name of a certificate: as it is, or cut and told apart by the hash of the whole. */
export function certificateCommonName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length <= maxCommonNameBytes) return name;
  // Streaming leaves out a character that was cut in two.
  const kept = new TextDecoder().decode(bytes.subarray(0, keptBytes), { stream: true });
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${kept}-${hash}`;
}
