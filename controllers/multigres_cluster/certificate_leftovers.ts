/** Certificates that a cluster does not need any more. */
import { componentLabel } from "../../api/multigres/labels.ts";
import { type Certificate, certificateNameAnnotation, Certificates } from "../../certs/cert_manager.ts";
import { certificatesComponent } from "../../certs/secrets.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { Secrets } from "../../kube/kinds.ts";
import { remove, type Step, tell } from "../../kube/plan.ts";
import type { Frozen } from "../../kube/types.ts";
import type { ClusterView } from "./view.ts";

/** Names that are still wanted. */
export interface WantedNames {
  readonly secrets: readonly string[];
  readonly certificates: readonly string[];
}

type Tools = Pick<ReconcileContext, "cache" | "client">;

/**
 * Steps that remove what was made for the cluster and is not wanted. To be carried out when nothing mounts it any more, so
 * after the steps that change pods.
 */
export async function leftoverSteps(view: ClusterView, wanted: WantedNames, tools: Tools): Promise<Step[]> {
  const steps = ownSecrets(view, wanted, tools);
  for (const certificate of tools.cache.children(Certificates, view.owner.metadata.uid)) {
    const { name, deletionTimestamp } = certificate.metadata;
    if (wanted.certificates.includes(name) || deletionTimestamp !== undefined) continue;
    steps.push(...await issuedSecret(certificate, wanted, tools), remove(Certificates, certificate));
    steps.push(tell("Normal", "Deleted", `Certificate ${name} is not wanted any more and is deleted`));
  }
  return steps;
}

/** Secrets that the operator itself wrote. */
function ownSecrets({ owner }: ClusterView, wanted: WantedNames, { cache }: Tools): Step[] {
  const unwanted = cache.children(Secrets, owner.metadata.uid).filter(({ metadata }) =>
    metadata.labels?.[componentLabel] === certificatesComponent &&
    metadata.deletionTimestamp === undefined && !wanted.secrets.includes(metadata.name)
  );
  return unwanted.flatMap((secret) => [
    remove(Secrets, secret),
    tell("Normal", "Deleted", `Secret ${secret.metadata.name} is not wanted any more and is deleted`),
  ]);
}

/**
 * The Secret that cert-manager wrote for a Certificate, which it would leave behind. It goes first: without the Certificate
 * nobody could tell whose it was. One that does not say that it was written for this Certificate is left alone, and so is one
 * that has a controller: cert-manager sets none, so it was the operator's before.
 */
async function issuedSecret(
  certificate: Frozen<Certificate>,
  wanted: WantedNames,
  { client }: Tools,
): Promise<Step[]> {
  const { name, namespace = "" } = certificate.metadata;
  const secretName = certificate.spec?.secretName;
  if (secretName === undefined) return [];
  const secret = await client.find(Secrets, { namespace, name: secretName });
  const issuedFor = secret?.metadata.annotations?.[certificateNameAnnotation];
  const isControlled = secret?.metadata.ownerReferences?.some(({ controller }) => controller) ?? false;
  if (secret === undefined || issuedFor !== name || isControlled) return [];
  const isUsed = wanted.certificates.length > 0 && wanted.secrets.includes(secretName);
  return isUsed ? [] : [remove(Secrets, secret)];
}
