/** Certificates by which the pgBackRest servers of a shard meet: each shows the same one, as server and as client. */
import { pgbackrestAuthoritySecretName, pgbackrestCertificateSecretName } from "../api/multigres/names.ts";
import type { WantedLeaf } from "./authority.ts";
import type { CertificateSet } from "./observe.ts";
import type { Holder } from "./secrets.ts";

const ORGANIZATION = "Multigres";
const COMMON_NAME = "pgbackrest";

/**
 * The certificate that all pods of a shard share.
 * @param poolServices names of the headless Services of its pools: pods call each other by their names below these.
 */
export function pgBackRestCertificate(
  { namespace, poolServices }: { readonly namespace: string; readonly poolServices: readonly string[] },
): WantedLeaf {
  const hosts = [COMMON_NAME, ...poolServices.map((service) => `*.${service}`)];
  return {
    organization: ORGANIZATION,
    commonName: COMMON_NAME,
    dnsNames: hosts.flatMap((host) => [`${host}.${namespace}.svc`, `${host}.${namespace}.svc.cluster.local`]),
    usages: ["server", "client"],
  };
}

/**
 * The authority of a shard and its one certificate, for `keepCertificates`. A user who brings a Secret of his own needs
 * neither.
 * @param holder labels with component `pgbackrest-tls`
 */
export function pgBackRestSet(
  holder: Holder,
  { shardObject, poolServices }: { readonly shardObject: string; readonly poolServices: readonly string[] },
): CertificateSet {
  return {
    ...holder,
    authority: {
      secretName: pgbackrestAuthoritySecretName(shardObject),
      profile: { organization: ORGANIZATION, commonName: `${ORGANIZATION} CA` },
    },
    leaves: [{
      secretName: pgbackrestCertificateSecretName(shardObject),
      wanted: pgBackRestCertificate({ namespace: holder.namespace, poolServices }),
    }],
  };
}
