/** Children of a cluster are the operator's alone: a change by hand would be undone, or would not be. */
import { type AdmissionRequest, allowed, type Verdict } from "./review.ts";

/** Who the operator is to the API server. */
export interface OperatorAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** ServiceAccount of the operator where it is not told its own. */
const usualAccount = "multigres-operator";

/**
 * Controllers of Kubernetes that delete objects along with their owner or namespace, and take finalizers off. A controller
 * manager without an account for each controller does it under its own name.
 */
export const housekeepers = [
  "system:serviceaccount:kube-system:generic-garbage-collector",
  "system:serviceaccount:kube-system:namespace-controller",
  "system:kube-controller-manager",
] as const;

/** The user name of the operator's ServiceAccount. */
export function operatorUser({ namespace, serviceAccount }: OperatorAccount): string {
  return `system:serviceaccount:${namespace}:${serviceAccount === "" ? usualAccount : serviceAccount}`;
}

/** Lets the operator and the housekeepers through, and nobody else, be it an administrator. */
export function guardChild(request: AdmissionRequest, account: OperatorAccount): Verdict {
  const { kind, name, namespace, operation, username } = request;
  if ([operatorUser(account), ...housekeepers].includes(username)) return allowed;
  return {
    allowed: false,
    warnings: [],
    code: 403,
    message:
      `Cannot ${operation.toLowerCase()} ${kind} ${namespace}/${name} as user ${
        JSON.stringify(username)
      }: it is ` +
      "managed by the operator for its parent MultigresCluster. Change the MultigresCluster instead.",
    mayPass: false,
  };
}
