/** Certificates in Secrets: the public half alone is looked at. */
import {
  clusterAuthoritySecretName,
  internalCertificateName,
  internalTlsComponents,
  publicCertificateSecretName,
} from "../api/multigres/certificate_names.ts";
import type { MultigresCluster } from "../api/multigres/multigres_cluster.ts";
import { pgbackrestAuthoritySecretName, pgbackrestCertificateSecretName } from "../api/multigres/names.ts";
import { clusterNames } from "../api/smoketurner/names.ts";
import { certificateKeys } from "../api/smoketurner/secret_keys.ts";
import { readBundle } from "../certs/read.ts";
import { timestamp } from "../kube/conditions.ts";
import type { Secret } from "../kube/kinds.ts";
import type { CertificatePicture } from "./picture.ts";

/** Secrets in which a Multigres cluster may have certificates; those that it does not use are not there. */
export function multigresCertificateSecrets(
  { metadata: { name, namespace = "" } }: MultigresCluster,
  shardObjects: readonly string[],
): string[] {
  return [
    clusterAuthoritySecretName(name),
    publicCertificateSecretName(name),
    ...internalTlsComponents.map((each) => internalCertificateName(each, { cluster: name, namespace })),
    ...shardObjects.flatMap((shard) => [
      pgbackrestAuthoritySecretName(shard),
      pgbackrestCertificateSecretName(shard),
    ]),
  ];
}

/** The same for a PostgresCluster: its own authority's, and those of cert-manager. */
export function postgresCertificateSecrets(cluster: string): string[] {
  const names = clusterNames(cluster);
  return [
    names.authority,
    names.ownTls,
    names.ownPoolerTls,
    names.ownReplicaPoolerTls,
    names.tls,
    names.poolerTls,
    names.replicaPoolerTls,
  ];
}

/** A Secret with a certificate of its own is told by that, others by the authority that they hold. */
export function certificatesOf(secrets: readonly Secret[], now: Date): CertificatePicture[] {
  return secrets.flatMap(({ metadata, data = {} }) => {
    const keys = [certificateKeys.certificate, certificateKeys.authority];
    const key = keys.find((each) => data[each] !== undefined && data[each] !== "");
    return key === undefined ? [] : [{ secret: metadata.name, key, ...readPem(data[key] ?? "", now) }];
  });
}

function readPem(base64: string, now: Date): Omit<CertificatePicture, "secret" | "key"> {
  const [first] = bundleIn(base64);
  if (first === undefined) {
    return { subject: null, expiresAt: null, problem: "it holds no certificate that can be read" };
  }
  const { notBefore, notAfter, x509 } = first;
  const expired = notAfter <= now ? "it has expired" : null;
  return {
    subject: x509.subject?.replaceAll("\n", ", ") ?? null,
    expiresAt: timestamp(notAfter),
    problem: notBefore > now ? "it is not valid yet" : expired,
  };
}

function bundleIn(base64: string) {
  try {
    return readBundle(atob(base64)).certificates;
  } catch {
    return [];
  }
}
