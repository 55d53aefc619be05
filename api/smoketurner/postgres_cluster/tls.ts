/** `spec.tls` of a PostgresCluster: server certificates, issued by cert-manager. */
import { defaulted, optional, type Output, required, struct } from "../../schema/fields.ts";
import { flag, listOf, oneOf, text } from "../../schema/values.ts";

const issuerRef = struct({
  name: required(text(), "Name of the issuer."),
  kind: defaulted(
    oneOf("Issuer", "ClusterIssuer"),
    "ClusterIssuer",
    "Issuer of the cluster's namespace, or ClusterIssuer for all namespaces.",
  ),
  group: defaulted(text(), "cert-manager.io", "API group of the issuer; external issuers have their own."),
});

export const tls = struct({
  enabled: defaulted(flag(), true, "Whether servers and poolers speak TLS."),
  issuerRef: optional(issuerRef, "Issuer that signs the certificates; needed while TLS is enabled."),
  additionalDnsNames: optional(
    listOf(text()),
    "Host names that the server certificate holds besides those of the cluster's Services.",
  ),
  duration: optional(text(), "Lifetime of a certificate, such as 2160h; the issuer's default otherwise."),
  renewBefore: optional(text(), "How long before its end a certificate is renewed, such as 360h."),
});
export type TlsSpec = Output<typeof tls>;
