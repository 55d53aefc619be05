/** What API servers trust: `caBundle` of each hook in the two webhook configurations. */
import { certStrategyAnnotation } from "../../api/multigres/annotations.ts";
import { isSameTrust } from "../../certs/observe.ts";
import { fromData, joinCertificates, toData } from "../../certs/pem.ts";
import { readBundle, type ReadCertificate } from "../../certs/read.ts";
import type { Applied } from "../../kube/client.ts";
import { type FieldTree, ownedFields, parseFieldTree } from "../../kube/owned_fields.ts";
import { defineResource, type Resource } from "../../kube/resource.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { present } from "../../resolve/present.ts";
import { mutatingConfigurationName, validatingConfigurationName } from "../configurations.ts";
import { registrations } from "../registrations.ts";

/** Owner of `caBundle` and of the annotation that says so, and of nothing else: the rest is the installation's. */
export const bundleManager = "multigres-operator-cert";

/** Value of the annotation while the operator fills in `caBundle`. */
const OWN_STRATEGY = "self-signed";

/** A configuration, as far as it is read and written here. */
export interface HookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[];
}

function configurations(kind: string, plural: string): Resource<HookConfiguration> {
  return defineResource<HookConfiguration>({
    group: "admissionregistration.k8s.io",
    version: "v1",
    kind,
    plural,
    namespaced: false,
    fieldManager: bundleManager,
  });
}

/** Both configurations: their kinds and names. */
export const hookConfigurations = [
  {
    resource: configurations("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    name: mutatingConfigurationName,
  },
  {
    resource: configurations("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    name: validatingConfigurationName,
  },
] as const;

/** Set by users: cert-manager then fills in `caBundle`. */
const CERT_MANAGER_ANNOTATIONS = [
  "cert-manager.io/inject-ca-from",
  "cert-manager.io/inject-ca-from-secret",
  "cert-manager.io/inject-apiserver-ca",
];

const ourHooks: ReadonlySet<string> = new Set(registrations.map(({ name }) => name));

type Seen = Frozen<HookConfiguration>;

/** What API servers trust for one hook. */
export interface HookTrust {
  readonly hook: string;
  readonly trusted: readonly ReadCertificate[];
}

/** Objects of a store never change, so each is read once. */
const trusts = new WeakMap<Seen, readonly HookTrust[]>();

/** Hooks that others added to the configuration are none of ours, and left out. */
export function trustOf(configuration: Seen): readonly HookTrust[] {
  const known = trusts.get(configuration);
  if (known !== undefined) return known;
  // All hooks usually trust the same.
  const bundles = new Map<string, readonly ReadCertificate[]>();
  const read = (caBundle = "") => {
    const certificates = bundles.get(caBundle) ?? readBundle(fromData(caBundle) ?? "").certificates;
    bundles.set(caBundle, certificates);
    return certificates;
  };
  const trust = hooksOf(configuration).map(({ name, clientConfig }) => ({
    hook: name,
    trusted: read(clientConfig.caBundle),
  }));
  trusts.set(configuration, trust);
  return trust;
}

function hooksOf({ webhooks = [] }: Seen) {
  return webhooks.filter(({ name }) => ourHooks.has(name));
}

/** Whether cert-manager was told to fill in `caBundle`: two that do would undo each other's work for ever. */
export function isAskedOfCertManager({ metadata }: Seen): boolean {
  return CERT_MANAGER_ANNOTATIONS.some((name) => metadata.annotations?.[name] !== undefined);
}

/** Whether every hook trusts just these authorities, and the configuration says that it has them from the operator. */
export function isInjected(configuration: Seen, authorities: readonly ReadCertificate[]): boolean {
  return configuration.metadata.annotations?.[certStrategyAnnotation] === OWN_STRATEGY &&
    trustOf(configuration).every(({ trusted }) => isSameTrust(trusted, authorities));
}

/** Fields to apply so that {@link isInjected} holds. Refused when the configuration is not as it was seen any more. */
export function injection(
  configuration: Seen,
  authorities: readonly ReadCertificate[],
): Applied<HookConfiguration> {
  const caBundle = toData(joinCertificates(authorities.map(({ pem }) => pem)));
  return {
    metadata: { ...identityOf(configuration), annotations: { [certStrategyAnnotation]: OWN_STRATEGY } },
    webhooks: hooksOf(configuration).map(({ name }) => ({ name, clientConfig: { caBundle } })),
  };
}

/** An apply of nothing: gives up all that {@link injection} owns. */
export function release(configuration: Seen): Applied<HookConfiguration> {
  return { metadata: identityOf(configuration) };
}

/** With its UID: an apply to what is gone would else make it anew. */
function identityOf(
  { metadata: { name, uid, resourceVersion } }: Seen,
): Applied<HookConfiguration>["metadata"] {
  return { name, ...present({ uid, resourceVersion }) };
}

/** What of a configuration is the operator's: nothing, something, or a `caBundle` that nobody has changed since. */
export type Ownership = "none" | "some" | "bundle";

/** @param configuration with its `managedFields`. */
export function ownershipOf(configuration: HookConfiguration): Ownership {
  return ownershipIn(parseFieldTree(ownedFields(configuration, bundleManager).main));
}

/** @param owned the fields that were applied by {@link bundleManager}. */
export function ownershipIn(owned: FieldTree | undefined): Ownership {
  if (owned === undefined || Object.keys(owned).length === 0) return "none";
  const hooks = Object.values(owned["f:webhooks"] ?? {});
  return hooks.some((hook) => hook["f:clientConfig"]?.["f:caBundle"] !== undefined) ? "bundle" : "some";
}
