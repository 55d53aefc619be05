/** The certificates of a cluster: what they are to say, and the objects that ask cert-manager for them. */
import {
  certificateCommonName,
  clusterAuthoritySecretName,
  internalCertificateName,
  internalTlsComponents,
  publicCertificateSecretName,
} from "../../api/multigres/certificate_names.ts";
import type { Usage } from "../../certs/authority.ts";
import { type Certificate, Certificates, type IssuerRef } from "../../certs/cert_manager.ts";
import type { CertificateSet } from "../../certs/observe.ts";
import { certificatesComponent } from "../../certs/secrets.ts";
import type { Applied } from "../../kube/client.ts";
import { controllerReference } from "../../kube/owner.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

/** One certificate of a cluster. */
export interface WantedCertificate {
  /** What it is for, before that is cut to a common name. */
  readonly name: string;
  /** Name of the Certificate that asks cert-manager for it: the same where that can be. */
  readonly objectName: string;
  readonly secretName: string;
  readonly dnsNames: readonly string[];
  readonly usages: readonly Usage[];
}

const ORGANIZATION = "Multigres";

const DNS_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";

/** A DNS name, of which `*.` may be the first label. */
const DNS_NAME = new RegExp(`^(\\*\\.)?${DNS_LABEL}(\\.${DNS_LABEL})*$`, "i");

/** What a Kubernetes object may be called. */
const OBJECT_NAME = new RegExp(`^${DNS_LABEL}(\\.${DNS_LABEL})*$`);

const LONGEST_NAME = 253;

/** What begins the name of the host that clients connect to, and stands for the whole domain as well. */
const PUBLIC_PREFIX = "db.";

/**
 * | certificate       | while                  | for                                      | shown to             |
 * | ----------------- | ---------------------- | ---------------------------------------- | -------------------- |
 * | public            | `certCommonName` given | that name, and it without a leading `db.` | clients of gateways  |
 * | one per component | `internalTLS.enabled`  | its internal name; the gateway's also for | the other components |
 * |                   |                        | the poolers'                              |                      |
 */
export function wantedCertificates({ parent }: ClusterView): WantedCertificate[] {
  const { certCommonName = "", internalTLS } = parent.cluster.settings;
  return [
    ...(isDnsName(certCommonName) ? [publicCertificate(parent.name, certCommonName)] : []),
    ...(internalTLS?.enabled ? internalTlsComponents : []).map((component) =>
      internalCertificate(component, parent)
    ),
  ];
}

/** Whether a certificate can be for this name: others cannot be written into one. */
export function isDnsName(name: string): boolean {
  return name.length <= LONGEST_NAME && DNS_NAME.test(name);
}

function publicCertificate(cluster: string, commonName: string): WantedCertificate {
  const bare = commonName.startsWith(PUBLIC_PREFIX) ? [commonName.slice(PUBLIC_PREFIX.length)] : [];
  const secretName = publicCertificateSecretName(cluster);
  return {
    name: commonName,
    objectName: OBJECT_NAME.test(commonName) ? commonName : secretName,
    secretName,
    dnsNames: [commonName, ...bare],
    usages: ["server"],
  };
}

function internalCertificate(
  component: typeof internalTlsComponents[number],
  { name, namespace }: ClusterView["parent"],
): WantedCertificate {
  const identity = (whose: string) => internalCertificateName(whose, { cluster: name, namespace });
  const own = identity(component);
  return {
    name: own,
    objectName: own,
    secretName: own,
    dnsNames: component === "multigateway" ? [own, identity("multipooler")] : [own],
    usages: ["server", "client"],
  };
}

/** The cluster's own authority, and all that it is to sign. */
export function certificateSet(view: ClusterView): CertificateSet {
  const { owner, parent } = view;
  return {
    namespace: parent.namespace,
    owner: controllerReference(owner),
    labels: labelsOf(view, certificatesComponent),
    authority: {
      secretName: clusterAuthoritySecretName(parent.name),
      profile: {
        organization: ORGANIZATION,
        commonName: certificateCommonName(`${parent.name}.${parent.namespace} CA`),
      },
    },
    leaves: wantedCertificates(view).map(({ name, secretName, dnsNames, usages }) => ({
      secretName,
      wanted: { organization: ORGANIZATION, commonName: certificateCommonName(name), dnsNames, usages },
    })),
  };
}

/** What an installation says of the certificates that it has cert-manager issue. */
export interface CertManagerSettings {
  /** Who signs where a cluster names nobody. */
  readonly issuer: IssuerRef;
  /** Subject (RFC 4514) before the common name. */
  readonly subject: string;
  /** Lifetime, as cert-manager writes durations. */
  readonly duration: string;
}

/** What the Go operator always asked for, word for word: another subject would have every certificate issued anew. */
export const CERT_MANAGER_DEFAULTS: CertManagerSettings = {
  issuer: { group: Certificates.group, kind: "ClusterIssuer", name: "supabase-issuer" },
  subject: "C=US, ST=Delware, L=New Castle,O=Supabase Inc",
  duration: "44640h0m0s",
};

const usageNames: Readonly<Record<Usage, string>> = { server: "server auth", client: "client auth" };

export function desiredCertificates(
  view: ClusterView,
  { issuer, subject, duration }: CertManagerSettings,
): Applied<Certificate>[] {
  return wantedCertificates(view).map(({ name, objectName, secretName, dnsNames, usages }) => ({
    metadata: childMetadata(view, { name: objectName, labels: labelsOf(view, certificatesComponent) }),
    spec: {
      secretName,
      // By these the operator sees the Secret, and takes new pods when the certificate is renewed.
      secretTemplate: { labels: labelsOf(view, certificatesComponent) },
      dnsNames: [...dnsNames],
      duration,
      issuerRef: { ...issuer },
      literalSubject: `${subject}, CN=${escaped(certificateCommonName(name))}`,
      privateKey: { algorithm: "RSA", size: 2048 },
      usages: ["digital signature", "key encipherment", ...usages.map((usage) => usageNames[usage])],
    },
  }));
}

/** A value of a distinguished name, so that none of its characters is taken for syntax (RFC 4514). */
function escaped(value: string): string {
  return value.replaceAll(/[,+"\\<>;=]/g, (character) => `\\${character}`);
}
