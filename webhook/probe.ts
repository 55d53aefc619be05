/**
 * A question that the operator has the API server ask: whether it reaches the webhook. It is a cluster that nobody wants,
 * and its refusal tells that both configurations lead here, whoever answers.
 */
import { MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { apiVersionOf } from "../kube/resource.ts";
import type { AdmissionRequest, Verdict } from "./review.ts";

const probeName = "matriarch-webhook-probe";

/** The hook that refuses it. The defaults, which are filled in before that, let it through. */
export const probedHook = "vmultigrescluster.kb.io";

/** What the refusal says. */
export const probeAnswer =
  `Cannot create a cluster called ${probeName} as this name only asks whether the webhook is reached: it is.`;

/** The cluster: its schema must accept it. */
export const probeCluster = {
  apiVersion: apiVersionOf(MultigresClusters.resource),
  kind: MultigresClusters.resource.kind,
  metadata: { name: probeName },
  spec: {
    postgresPasswordSecretRef: { name: probeName, key: "password" },
    cells: [{ name: "probe", zoneId: "probe" }],
  },
} as const;

export function isProbe({ kind, name, operation }: AdmissionRequest): boolean {
  return name === probeName && kind === probeCluster.kind && operation === "CREATE";
}

export const probeVerdict: Verdict = {
  allowed: false,
  warnings: [],
  code: 403,
  message: probeAnswer,
  mayPass: false,
};
