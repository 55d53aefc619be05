/**
 * The claim to bootstrap a shard. Whoever wrote it goes on with it; one whose writer does not come back keeps the shard from
 * ever getting a primary, and nobody in the data plane removes it.
 */
import { componentLabel } from "../../api/multigres/labels.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { Pods } from "../../kube/kinds.ts";
import { type Step, tell } from "../../kube/plan.ts";
import type { Look } from "./data_plane.ts";
import { desiredOrchestrators } from "./desired_orchestrator.ts";
import { calls } from "./life_steps.ts";
import type { Observation } from "./observe.ts";
import { namespaceOf, shardLabels } from "./view.ts";

/** The orchestrators' pods are read live first: one that was made a moment ago may be the claim's writer. */
export async function claimSteps(
  { view, orchestratorPods }: Observation,
  look: Look | undefined,
  { client }: ReconcileContext,
): Promise<Step[]> {
  if (look?.claim === undefined || look.poolers.unreachable.size > 0) return [];
  const { isStranded } = await import("../../topology/records/claims.ts");
  const { poolers } = look.poolers;
  if (!isStranded(look.claim, poolers, desiredOrchestrators(view, orchestratorPods))) return [];
  const labels = Object.entries(shardLabels(view, "multiorch"))
    .filter(([key]) => key.startsWith("multigres.com/") || key === componentLabel)
    .map(([key, value]) => `${key}=${value}`).join(",");
  const live = await client.listAll(Pods, { namespace: namespaceOf(view), labels });
  if (!isStranded(look.claim, poolers, desiredOrchestrators(view, live))) return [];
  return [
    { kind: "rpc", target: look.claim.key, method: calls.releaseClaim, payload: {} },
    tell(
      "Warning",
      "BootstrapClaimReleased",
      "The claim to bootstrap the shard was of an orchestrator that is gone",
    ),
  ];
}
