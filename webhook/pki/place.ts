/** Where the webhook's certificates are kept, and what they are for. The names are those that existing installations have. */
import { certificateCommonName } from "../../api/multigres/certificate_names.ts";
import { componentLabel, managedByLabel, nameLabel, operatorName } from "../../api/multigres/labels.ts";
import type { CertificateSet } from "../../certs/observe.ts";
import type { ReadCertificate } from "../../certs/read.ts";
import type { OwnerReference } from "../../kube/types.ts";

/** Secret with the authority: `ca.crt`, `ca.key`. */
export const authoritySecretName = "multigres-operator-ca-secret";

/** Secret with the certificate that is shown to API servers: `tls.crt`, `tls.key`, and `ca.crt` that it leads to. */
export const servingSecretName = "multigres-webhook-certs";

const ORGANIZATION = "Multigres Operator";

/** The Service by which API servers find the webhook, and whose namespace holds the Secrets. */
export interface Place {
  readonly namespace: string;
  readonly serviceName: string;
}

/** Names under which API servers call the Service. */
export function servingNames({ namespace, serviceName }: Place): string[] {
  const name = `${serviceName}.${namespace}.svc`;
  return [name, `${name}.cluster.local`];
}

/**
 * The authority of the webhook and its one certificate.
 * @param owner the operator's Deployment; undefined when there is none.
 * @param inUse authorities that API servers trust now
 */
export function webhookCertificates(
  place: Place,
  owner: OwnerReference | undefined,
  inUse: readonly ReadCertificate[],
): CertificateSet {
  return {
    namespace: place.namespace,
    owner,
    labels: {
      [nameLabel]: operatorName,
      [componentLabel]: "webhook",
      [managedByLabel]: operatorName,
    },
    authority: {
      secretName: authoritySecretName,
      profile: { organization: ORGANIZATION, commonName: `${ORGANIZATION} CA` },
    },
    leaves: [{
      secretName: servingSecretName,
      wanted: {
        organization: ORGANIZATION,
        commonName: certificateCommonName(place.serviceName),
        dnsNames: servingNames(place),
        usages: ["server"],
      },
    }],
    inUse,
  };
}
