/** The operator's own Deployment, with which its Secrets go. */
import { nameLabel, operatorName } from "../../api/multigres/labels.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Deployment, Deployments } from "../../kube/kinds.ts";
import type { OwnerReference } from "../../kube/types.ts";

/**
 * Finds it by its label; the oldest when there are several.
 * @returns undefined when there is none: the operator runs outside the cluster, or as something else.
 */
export async function operatorDeployment(
  client: KubeClient,
  namespace: string,
): Promise<Deployment | undefined> {
  const found = await client.listAll(Deployments, { namespace, labels: `${nameLabel}=${operatorName}` });
  const age = ({ metadata }: Deployment) => `${metadata.creationTimestamp} ${metadata.name}`;
  return found.sort((a, b) => age(a) < age(b) ? -1 : 1)[0];
}

/** A reference to it that does not hold up its deletion. */
export function ownerReferenceTo(deployment: Deployment | undefined): OwnerReference | undefined {
  const { name, uid } = deployment?.metadata ?? {};
  if (name === undefined || uid === undefined) return undefined;
  return { apiVersion: "apps/v1", kind: "Deployment", name, uid, controller: true };
}
