/** An installation as its manifests make it, on a control plane of a test's own. */
import { type Overlay, renderOverlay } from "../../deploy/kustomize.ts";
import { usualInstallation } from "../../manifests/rbac/roles.ts";
import { parseAllDocuments } from "yaml";
import type { GroundClient, Manifest } from "../ground/client.ts";
import { ground } from "../ground/ground.ts";
import { conditionStatus, isRecord, stringAt } from "../ground/json.ts";
import { waitUntil } from "../ground/wait_for.ts";

export const { namespace, accounts } = usualInstallation;

/** Kinds of others that some flavours use, with schemas that let everything through. */
const foreign = [
  ["cert-manager.io", "v1", "Issuer", "issuers"],
  ["cert-manager.io", "v1", "Certificate", "certificates"],
  ["monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"],
  ["monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"],
] as const;

/** The objects of one flavour. */
export async function objectsOf(overlay: Overlay): Promise<Manifest[]> {
  const documents = parseAllDocuments(
    await renderOverlay(ground().binaries.kubectl ?? "kubectl", overlay),
  );
  const objects = Array.isArray(documents) ? documents.map((document) => document.toJS()) : [];
  return objects.filter(isRecord);
}

/** Installs the kinds of others. */
export async function installForeignKinds(client: GroundClient): Promise<void> {
  for (const [group, version, kind, plural] of foreign) {
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await applyAll(client, [{
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: { kind, plural },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    }]);
  }
}

/** Applies objects in the order in which they stand; definitions are waited for. */
export async function applyAll(client: GroundClient, objects: readonly Manifest[]): Promise<void> {
  const isDefinition = (object: Manifest) => object["kind"] === "CustomResourceDefinition";
  for (const object of objects) await client.apply(object);
  for (const object of objects.filter(isDefinition)) {
    const path = await client.pathOf(object);
    await waitUntil(
      `${stringAt(object, "metadata", "name")} to be served`,
      () => client.get(path),
      (seen) => conditionStatus(seen, "Established") === "True",
    );
  }
}

/** A token of one of the ServiceAccounts, as a pod of it is given. */
export async function tokenOf(client: GroundClient, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const token = stringAt(await client.request("POST", path, body), "status", "token");
  if (token === undefined) throw new Error(`Cannot be ${account} as the API server issued no token`);
  return token;
}
