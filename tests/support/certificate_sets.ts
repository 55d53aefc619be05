/** Sets of certificates for tests. */
import type { WantedLeaf } from "../../certs/authority.ts";
import type { CertificateSet } from "../../certs/observe.ts";

/** A leaf for one DNS name, for servers and clients. */
export function leafFor(name: string): WantedLeaf {
  return { organization: "Multigres", commonName: name, dnsNames: [name], usages: ["server", "client"] };
}

/** A set whose leaves are called after their Secrets. */
export function setOf(...leaves: readonly string[]): CertificateSet {
  return {
    namespace: "ns",
    owner: {
      apiVersion: "multigres.com/v1alpha1",
      kind: "MultigresCluster",
      name: "orders",
      uid: "uid-of-orders",
      controller: true,
      blockOwnerDeletion: true,
    },
    labels: {
      "app.kubernetes.io/managed-by": "multigres-operator",
      "app.kubernetes.io/component": "certificates",
    },
    authority: {
      secretName: "orders-ca",
      profile: { organization: "Multigres", commonName: "orders.ns CA" },
    },
    leaves: leaves.map((name) => ({ secretName: name, wanted: leafFor(name) })),
  };
}
