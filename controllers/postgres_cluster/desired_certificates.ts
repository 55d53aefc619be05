/** The certificates of a cluster: which there are, and for what names. */
import { type LabelSet, type PoolerTarget, standardLabels } from "../../api/smoketurner/labels.ts";
import { annotations } from "../../api/smoketurner/annotations.ts";
import { FIELD_MANAGER } from "../../api/smoketurner/group.ts";
import { managedByLabel, operatorName } from "../../api/multigres/labels.ts";
import { componentLabel } from "../../api/multigres/labels.ts";
import type { CertificateSet } from "../../certs/observe.ts";
import { certificatesComponent } from "../../certs/secrets.ts";
import type { Usage } from "../../certs/authority.ts";
import type { Applied } from "../../kube/client.ts";
import { controllerReference } from "../../kube/owner.ts";
import { poolerNames, wantedPoolers } from "./desired_pooler.ts";
import type { MemberCertificate } from "./kinds.ts";
import { childMetadata, type Cluster, nameOf, namesOf, namespaceOf, tlsSecrets } from "./shape.ts";

/** A certificate that a cluster needs, whoever issues it. */
export interface WantedCertificate {
  /** Also the name of the Certificate, where cert-manager issues it. */
  readonly secretName: string;
  readonly component: "tls" | "pgbouncer-tls" | "pgbouncer-replica-tls";
  readonly dnsNames: readonly string[];
  readonly usages: readonly Usage[];
}

/** Key of RSA for certificates by cert-manager, in bits. */
const RSA_BITS = 4096;

/** Longest common name in a certificate, in characters. */
const COMMON_NAME_MAX = 64;

export function wantedCertificates(cluster: Cluster): WantedCertificate[] {
  return [
    membersCertificate(cluster),
    ...wantedPoolers(cluster).map((target) => poolerCertificate(cluster, target)),
  ];
}

function membersCertificate(cluster: Cluster): WantedCertificate {
  const names = namesOf(cluster);
  const services = [names.primaryService, names.replicaService, names.headlessService];
  const namespace = namespaceOf(cluster);
  const all = [
    ...services.flatMap((service) => serviceNames(service, namespace)),
    `*.${names.headlessService}.${namespace}.svc.cluster.local`,
    ...cluster.spec.tls.additionalDnsNames ?? [],
  ];
  return {
    secretName: tlsSecrets(cluster).members,
    component: "tls",
    dnsNames: [...new Set(all)],
    usages: ["server", "client"],
  };
}

function poolerCertificate(cluster: Cluster, target: PoolerTarget): WantedCertificate {
  const { service, secret } = poolerNames(cluster, target);
  return {
    secretName: secret,
    component: target === "primary" ? "pgbouncer-tls" : "pgbouncer-replica-tls",
    dnsNames: serviceNames(service, namespaceOf(cluster)),
    usages: ["server"],
  };
}

/** The four ways to write the name of a Service. */
function serviceNames(service: string, namespace: string): string[] {
  const host = `${service}.${namespace}`;
  return [service, host, `${host}.svc`, `${host}.svc.cluster.local`];
}

/** Labels of a cluster's Secrets with certificates, by which the keeper of authorities finds them. */
export function certificateLabels(cluster: string): LabelSet {
  return {
    ...standardLabels(cluster, "tls"),
    [managedByLabel]: operatorName,
    [componentLabel]: certificatesComponent,
  };
}

/** What the operator's own authority keeps. */
export function certificateSet(cluster: Cluster): CertificateSet {
  const name = nameOf(cluster);
  const organization = FIELD_MANAGER;
  return {
    namespace: namespaceOf(cluster),
    owner: controllerReference(cluster),
    labels: certificateLabels(name),
    authority: {
      secretName: namesOf(cluster).authority,
      profile: { organization, commonName: `${name}.${namespaceOf(cluster)}`.slice(0, COMMON_NAME_MAX) },
    },
    leaves: wantedCertificates(cluster).map(({ secretName, dnsNames, usages }) => ({
      secretName,
      wanted: {
        organization,
        commonName: commonName(dnsNames),
        dnsNames,
        usages,
      },
    })),
  };
}

function commonName(dnsNames: readonly string[]): string {
  return (dnsNames[0] ?? "").slice(0, COMMON_NAME_MAX);
}

/** What cert-manager is asked for. */
export function desiredCertificates(cluster: Cluster): Applied<MemberCertificate>[] {
  const { issuerRef, duration, renewBefore } = cluster.spec.tls;
  if (issuerRef === undefined) return [];
  return wantedCertificates(cluster).map(({ secretName, component, dnsNames, usages }) => {
    const labels = { ...standardLabels(nameOf(cluster), component) };
    return {
      metadata: {
        ...childMetadata(cluster, secretName, labels),
        annotations: { [annotations.managedBy]: FIELD_MANAGER },
      },
      spec: {
        secretName,
        dnsNames: [...dnsNames],
        usages: [...usages.map((usage) => `${usage} auth`), "digital signature", "key encipherment"],
        privateKey: { algorithm: "RSA", size: RSA_BITS, encoding: "PKCS8", rotationPolicy: "Always" },
        ...(duration === undefined ? {} : { duration }),
        ...(renewBefore === undefined ? {} : { renewBefore }),
        issuerRef: { name: issuerRef.name, kind: issuerRef.kind, group: issuerRef.group },
        secretTemplate: { labels },
      },
    };
  });
}
