/** What is done about the members in one look: their number first, then what they run with. */
import type { ActResult, Caller } from "../../kube/act.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { type Plan, wait } from "../../kube/plan.ts";
import type { Autoscaling } from "./autoscaling/autoscale.ts";
import { stepsOf } from "./carry_out.ts";
import { type AwaitedChange, type Change, type ChangeInput, nextChange } from "./change.ts";
import { type HandOver, handOver, type HandOverTools } from "./hand_over.ts";
import { type Observation, observe } from "./observe.ts";
import { membership } from "./plan.ts";
import { holdReplicas, replicasHolder } from "./replicas_owner.ts";
import { scaling } from "./scale.ts";
import { type Cluster, namesOf } from "./shape.ts";
import { awaitedSettings, type StoreTools } from "./store_settings.ts";

export interface Turn {
  readonly plan: Plan;
  /** What is then done to one member, once pods are made as the plan wants them: see {@link carryOutTurn}. */
  readonly then: Plan;
  /** For the plan's calls. */
  readonly rpc?: Caller;
  readonly change: Change;
  readonly handOver: HandOver | undefined;
}

export interface TurnInput extends ChangeInput {
  readonly autoscaling: Autoscaling;
}

export interface TurnTools {
  readonly handOver: HandOverTools;
  readonly store: StoreTools;
}

/** A wake tells when Patroni has answered; this is for the case that it does not. */
const STORE_SECONDS = 10;

export function turnOf(
  seen: Observation,
  input: TurnInput,
  tools: TurnTools,
  context: ReconcileContext,
): Turn {
  if (input.autoscaling.kind === "keda" && seen.statefulSet !== undefined) {
    const turn = turnWith(seen, input, tools, context);
    return {
      ...turn,
      plan: [...holdReplicas(seen, context), ...turn.plan],
      rpc: replicasHolder(seen, context),
    };
  }
  return turnWith(seen, input, tools, context);
}

function turnWith(
  seen: Observation,
  input: TurnInput,
  tools: TurnTools,
  context: ReconcileContext,
): Turn {
  const { replicas, before } = scaling(input, seen.statefulSet);
  const isOthers = input.autoscaling.kind === "keda" && seen.statefulSet !== undefined;
  const members = (count: number) => membership(seen, isOthers ? undefined : count);
  const change = before.kind === "none" ? nextChange(input) : before;
  const awaited = awaitedBefore(change, input, tools.store, context);
  if (awaited !== undefined) {
    const plan = [...members(replicas), wait("SettingsNotStored", awaited.message, STORE_SECONDS)];
    return { plan, then: [], change: awaited, handOver: undefined };
  }
  if (change.kind !== "hand-over") {
    return { plan: members(replicas), then: stepsOf(change, seen.cluster), change, handOver: undefined };
  }
  const progress = handOver(change, tools.handOver, context);
  if (progress.kind === "waiting") {
    const seconds = Math.max(1, progress.dueSeconds);
    return {
      plan: [...members(replicas), wait("HandingOver", progress.message, seconds)],
      then: [],
      change,
      handOver: progress,
    };
  }
  // Whoever goes as surplus is told to go; whoever is to be restarted is restarted.
  if (before.kind === "hand-over") {
    return { plan: members(input.desired), then: [], change, handOver: progress };
  }
  const forced: Change = { kind: "restart", member: change.leader, why: progress.message };
  return { plan: members(replicas), then: stepsOf(forced, seen.cluster), change, handOver: progress };
}

/** The StatefulSet's controller tells by a change of the status; this is for the case that it does not run. */
const BEHIND_SECONDS = 30;

/**
 * Carries out a turn. A pod that goes before the StatefulSet's controller has taken up the latest template comes back as it
 * was, and would be restarted a second time: so that is waited for.
 */
export async function carryOutTurn(
  { plan, rpc, then }: Turn,
  cluster: Cluster,
  context: ReconcileContext,
): Promise<ActResult[]> {
  const prepared = await context.act(plan, rpc);
  if (prepared.kind !== "done" || then.length === 0) return [prepared];
  const { statefulSet } = observe(cluster, context);
  const { generation = 0 } = statefulSet?.metadata ?? {};
  if ((statefulSet?.status?.observedGeneration ?? 0) >= generation) {
    return [prepared, await context.act(then)];
  }
  const message = `The StatefulSet controller has not yet taken up generation ${generation} of StatefulSet ` +
    `${
      namesOf(cluster).statefulSet
    }, so a member that is restarted now would come back as it was. If this lasts, look at ` +
    "kube-controller-manager.";
  return [prepared, await context.act([wait("StatefulSetBehind", message, BEHIND_SECONDS)])];
}

/** What has to be written before a member is restarted for its settings. Without Patroni's word there is no store to write. */
function awaitedBefore(
  change: Change,
  { cluster, members, evidence }: TurnInput,
  tools: StoreTools,
  context: ReconcileContext,
): AwaitedChange | undefined {
  const restarted = change.kind === "restart"
    ? change.member
    : change.kind === "hand-over"
    ? change.leader
    : undefined;
  if (evidence.kind !== "good" || !restarted?.outdated) return undefined;
  return awaitedSettings(cluster, members, tools, context);
}
