/** From what was decided about pods and claims to steps. Each is made right before it is carried out, from what is then known. */
import { drainRequestedAtAnnotation, drainStateAnnotation } from "../../api/multigres/annotations.ts";
import { orphanSinceLabel, orphanSinceValue } from "../../api/multigres/labels.ts";
import { timestamp } from "../../kube/conditions.ts";
import { Deployments, PersistentVolumeClaims, Pods } from "../../kube/kinds.ts";
import { controllerReference } from "../../kube/owner.ts";
import { create, patch, remove, type Step, tell } from "../../kube/plan.ts";
import type { OwnerReference } from "../../kube/types.ts";
import { backupClaimSize, dataClaimSize, desiredDataClaim } from "./desired_claims.ts";
import { desiredPod } from "./desired_pod.ts";
import type { DeleteReason, LifeAction } from "./life/actions.ts";
import type { Slot } from "./life/model.ts";
import { drainStateText } from "./life_model.ts";
import type { Observation, SeenClaim, SeenPod } from "./observe.ts";
import { type PoolView, poolViews } from "./view.ts";

/** Calls that plans make to poolers and to the topology. */
export const calls = {
  resign: "ResignLeadership",
  reload: "ReloadConfig",
  markShutdown: "MarkShutdown",
  releaseClaim: "ReleaseClaim",
} as const;

interface Known {
  readonly seen: Observation;
  /** Wall clock. */
  readonly now: Date;
}

/** Nothing when what it is about is gone. */
export function stepsOf(action: LifeAction, known: Known): Step[] {
  switch (action.kind) {
    case "createClaim":
    case "createPod":
      return creation(action, known);
    case "growClaim":
    case "markOrphan":
    case "clearOrphan":
    case "setOwner":
    case "clearOwner":
    case "deleteClaim":
      return claimSteps(action, known);
    case "deletePod":
    case "stampDrain":
    case "clearDrain":
    case "switchPrimary":
    case "reloadConfig":
      return podSteps(action, known);
    case "markShutdown":
      return [{ kind: "rpc", target: action.pooler, method: calls.markShutdown, payload: {} }];
    case "stopOrchestrators":
      return known.seen.orchestrators.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map((deployment) => remove(Deployments, deployment));
  }
}

type Creation = Extract<LifeAction, { kind: "createClaim" | "createPod" }>;
type ClaimAction = Extract<LifeAction, { readonly claim: string }>;
type PodAction = Extract<LifeAction, { readonly pod: string }>;

function creation({ kind, slot }: Creation, { seen }: Known): Step[] {
  const pool = poolOf(slot, seen);
  if (pool === undefined) return [];
  if (kind === "createClaim") return [create(PersistentVolumeClaims, desiredDataClaim(pool, slot.index))];
  const built = desiredPod(pool, slot.index);
  if (!built.ok) return [];
  return [create(Pods, built.pod)];
}

function poolOf(slot: Pick<Slot, "pool" | "cell">, { view }: Observation): PoolView | undefined {
  return poolViews(view).find(({ name, cell }) => name === slot.pool && cell === slot.cell);
}

function claimSteps(action: ClaimAction, { seen, now }: Known): Step[] {
  const claim = seen.claims.find(({ metadata }) => metadata.name === action.claim);
  if (claim === undefined) return [];
  const { name } = claim.metadata;
  switch (action.kind) {
    case "growClaim": {
      const storage = wantedSize(claim, seen) ?? String(action.bytes);
      return [
        patch(PersistentVolumeClaims, claim, { spec: { resources: { requests: { storage } } } }),
        tell("Normal", "PVCExpanded", `Claim ${name} is to grow to ${storage}`),
      ];
    }
    case "markOrphan":
      return [patchClaim(claim, { labels: { [orphanSinceLabel]: orphanSinceValue(now) } })];
    case "clearOrphan":
      return [patchClaim(claim, { labels: { [orphanSinceLabel]: null } })];
    case "setOwner":
      return [
        patchClaim(claim, {
          ownerReferences: [...otherOwners(claim, seen), controllerReference(seen.view.owner)],
        }),
      ];
    case "clearOwner":
      return [patchClaim(claim, { ownerReferences: otherOwners(claim, seen) })];
    case "deleteClaim":
      return [
        remove(PersistentVolumeClaims, claim),
        tell("Normal", "PVCDeleted", `Claim ${name} is deleted: ${deletions[action.reason]}`),
      ];
  }
}

const deletions: Readonly<Record<Extract<LifeAction, { kind: "deleteClaim" }>["reason"], string>> = {
  scaleDown: "its instance is not wanted any more, and whenScaled is Delete",
  rebuild: "its instance is restored from a backup",
  removal: "the shard goes, and whenDeleted is Delete",
};

function patchClaim(claim: SeenClaim, metadata: Readonly<Record<string, unknown>>): Step {
  return patch(PersistentVolumeClaims, claim, { metadata });
}

/** As the user wrote it, where the claim belongs to somebody. */
function wantedSize(claim: SeenClaim, seen: Observation): string | undefined {
  if (claim.metadata.name === seen.backupClaim?.metadata.name) return backupClaimSize(seen.view);
  const { labels = {} } = claim.metadata;
  const pool = poolOf(
    { pool: labels["multigres.com/pool"] ?? "", cell: labels["multigres.com/cell"] ?? "" },
    seen,
  );
  return pool === undefined ? undefined : dataClaimSize(pool);
}

function otherOwners({ metadata }: SeenClaim, { view }: Observation): OwnerReference[] {
  return (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== view.owner.metadata.uid);
}

const reasons: Readonly<Record<DeleteReason, string>> = {
  ended: "it ended by itself",
  broken: "it does no work and differs from what is wanted",
  rollout: "it differs from what is wanted",
  resize: "its file system grows when it starts",
  scaleDown: "fewer instances are wanted",
  rebuild: "its data is given up and restored from a backup",
  removal: "the shard goes",
};

function podSteps(action: PodAction, { seen, now }: Known): Step[] {
  const pod = seen.pods.find(({ metadata }) => metadata.name === action.pod);
  if (pod === undefined) return [];
  const { name } = pod.metadata;
  switch (action.kind) {
    case "deletePod":
      return [
        remove(Pods, pod),
        tell("Normal", "PodDeleted", `Pod ${name} is deleted: ${reasons[action.reason]}`),
      ];
    case "stampDrain":
      return [
        patchPod(pod, {
          [drainStateAnnotation]: drainStateText(action.state),
          [drainRequestedAtAnnotation]: timestamp(now),
        }),
        ...(action.state === "requested" ? [tell("Normal", "DrainStarted", `Pod ${name} is to go`)] : []),
      ];
    case "clearDrain":
      return [
        patchPod(pod, { [drainStateAnnotation]: null, [drainRequestedAtAnnotation]: null }),
        tell("Normal", "DrainCancelled", `Pod ${name} stays after all`),
      ];
    case "switchPrimary":
      return [
        tell("Normal", "SwitchPrimary", `The primary in pod ${name} is asked to hand over`),
        {
          kind: "rpc",
          target: name,
          method: calls.resign,
          payload: { timeoutSeconds: action.timeoutSeconds },
        },
      ];
    case "reloadConfig":
      return [{ kind: "rpc", target: name, method: calls.reload, payload: {} }];
  }
}

function patchPod(pod: SeenPod, annotations: Readonly<Record<string, string | null>>): Step {
  return patch(Pods, pod, { metadata: { annotations } });
}
