/** Who issues the certificates of a cluster. */
import { certificateIssuerAnnotation } from "../../api/multigres/annotations.ts";
import {
  Certificates,
  type CertManagerStanding,
  certManagerStanding,
  type IssuerRef,
} from "../../certs/cert_manager.ts";
import { clusterAuthoritySecretName } from "../../api/multigres/certificate_names.ts";
import type { Cache } from "../../kube/cache.ts";
import { Secrets } from "../../kube/kinds.ts";
import type { CertManagerSettings } from "./desired_certificates.ts";
import type { ClusterView } from "./view.ts";

export type IssuerChoice =
  | { readonly kind: "operator" }
  | { readonly kind: "cert-manager"; readonly settings: CertManagerSettings }
  /** The annotation says nothing that we understand. */
  | { readonly kind: "unreadable"; readonly value: string }
  /** It depends on Certificates, which nobody knows yet. */
  | { readonly kind: "unknown" };

/**
 * | annotation on the cluster             | Certificates of the cluster | issuer                                       |
 * | ------------------------------------- | --------------------------- | -------------------------------------------- |
 * | `operator`                            | any                         | the operator                                 |
 * | `cert-manager`                        | any                         | cert-manager, by the installation's issuer   |
 * | `Issuer/<name>`, `ClusterIssuer/<name>` | any                         | cert-manager, by this one                    |
 * | none                                  | some                        | cert-manager: the cluster comes from the Go  |
 * |                                       |                             | operator, and goes on with what it has       |
 * | none                                  | none                        | the operator                                 |
 * | none                                  | not known yet               | the operator where its authority is there,   |
 * |                                       |                             | otherwise that is waited for                 |
 */
export function issuerOf(view: ClusterView, cache: Cache, settings: CertManagerSettings): IssuerChoice {
  const value = view.owner.metadata.annotations?.[certificateIssuerAnnotation];
  return value === undefined ? implicitIssuer(view, cache, settings) : namedIssuer(value, settings);
}

function namedIssuer(value: string, settings: CertManagerSettings): IssuerChoice {
  if (value === "operator") return { kind: "operator" };
  if (value === "cert-manager") return { kind: "cert-manager", settings };
  const [, kind, name] = /^(ClusterIssuer|Issuer)\/(.+)$/.exec(value) ?? [];
  if (kind === undefined || name === undefined) return { kind: "unreadable", value };
  const issuer: IssuerRef = { group: Certificates.group, kind, name };
  return { kind: "cert-manager", settings: { ...settings, issuer } };
}

function implicitIssuer(
  { owner, parent }: ClusterView,
  cache: Cache,
  settings: CertManagerSettings,
): IssuerChoice {
  if (cache.children(Certificates, owner.metadata.uid).length > 0) return { kind: "cert-manager", settings };
  const authority = { namespace: parent.namespace, name: clusterAuthoritySecretName(parent.name) };
  const known: CertManagerStanding = certManagerStanding(cache);
  if (known !== "unknown" || cache.get(Secrets, authority) !== undefined) return { kind: "operator" };
  return { kind: "unknown" };
}
