/** The part of cert-manager that the API server sees: its Certificates, and Secrets as its controller leaves them. */
import type { Certificate } from "../../certs/cert_manager.ts";
import { Certificates } from "../../certs/cert_manager.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Definitions } from "../../kube/definition.ts";
import { Secrets } from "../../kube/kinds.ts";
import { waitFor } from "../ground/wait_for.ts";

/** Installs the definition, without the checks that the real one makes. It stays. */
export async function installCertificates(client: KubeClient): Promise<void> {
  const { group, version, kind, plural } = Certificates;
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  const versions = [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }];
  const spec = { group, scope: "Namespaced", names: { kind, plural }, versions };
  await client.apply(Definitions, { metadata: { name: `${plural}.${group}` }, ...{ spec } });
  await waitFor("Certificates to be served", async () => {
    await client.listAll(Certificates, { namespace: "default" });
    return true;
  });
}

/** Plays cert-manager's controller for one Certificate: writes its Secret and says so. */
export async function issue(client: KubeClient, certificate: Certificate): Promise<void> {
  const { namespace = "", name, generation } = certificate.metadata;
  const secretName = certificate.spec?.secretName ?? "";
  const annotations = { "cert-manager.io/certificate-name": name };
  await client.apply(Secrets, {
    metadata: { namespace, name: secretName, annotations, ...certificate.spec?.secretTemplate },
    type: "kubernetes.io/tls",
    data: { "tls.crt": btoa("issued"), "tls.key": btoa("key") },
  });
  const ready = {
    type: "Ready",
    status: "True",
    reason: "Ready",
    message: "Certificate is up to date",
    observedGeneration: generation,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  await client.patch(Certificates, { namespace, name }, { status: { conditions: [ready] } }, "status");
}
