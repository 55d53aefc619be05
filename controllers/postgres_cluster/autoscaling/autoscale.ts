/**
 * Who says how many members there are.
 *
 * | `spec.scaling`                          | KEDA     | who                                                          |
 * | --------------------------------------- | -------- | ------------------------------------------------------------ |
 * | absent, or without room above replicas  | any      | `spec.replicas`                                              |
 * | active                                  | served   | KEDA, through the StatefulSet's scale; ours follows it       |
 * | active                                  | absent   | this operator, by the same targets, windows and rates        |
 */
import type { Background } from "../../../kube/background.ts";
import type { BackoffPolicy } from "../../../kube/backoff.ts";
import type { Statement } from "../../../kube/conditions.ts";
import type { Notice } from "../../../kube/events.ts";
import type { ReconcileContext } from "../../../kube/controller.ts";
import type { Cache } from "../../../kube/cache.ts";
import { apply, type Plan, remove } from "../../../kube/plan.ts";
import { qualifiedName } from "../../../kube/resource.ts";
import { isStored } from "../../../kube/stored.ts";
import type { SqlClient } from "../../../postgres/sql/sql_client.ts";
import { type Evidence, reportOf } from "../evidence.ts";
import { lagLimit } from "../lag.ts";
import type { Observation } from "../observe.ts";
import type { Cluster } from "../shape.ts";
import {
  decide,
  type Decision,
  freshHistory,
  type History,
  isActive,
  type Load,
  type LoadFinding,
} from "./decide.ts";
import {
  desiredScaledObject,
  desiredTriggerAuthentication,
  ScaledObjects,
  TriggerAuthentications,
} from "./keda.ts";
import { measuresOf, readLoad } from "./load.ts";

/** Condition that tells why the number of members follows the load, or does not; absent without scaling. */
export const AUTOSCALING = "AutoscalingActive";

/** The load is measured so often, in milliseconds, as KEDA does it. */
const FRESH_MS = 30_000;
export const LOAD_BACKOFF: BackoffPolicy = { firstMs: 5_000, capMs: 60_000, jitter: 0.1 };

/** A load, and a number that tells it from others. */
export interface Sample {
  readonly load: Load;
  readonly id: number;
}

export interface AutoscaleTools {
  readonly background: Background<Sample>;
  readonly histories: Map<string, History>;
  readonly sql: SqlClient;
  /** Of the cluster. */
  readonly key: string;
}

export type Autoscaling =
  | { readonly kind: "off"; readonly members: number }
  | { readonly kind: "keda"; readonly members: number; readonly paused: boolean }
  | {
    readonly kind: "own";
    readonly members: number;
    readonly decision: Decision;
    /** Nothing was measured yet: what was said before still holds as far as anybody knows. */
    readonly isMeasuring: boolean;
    /** When to look again at the latest, in seconds. */
    readonly dueSeconds: number;
  };

type Context = Pick<ReconcileContext, "cache" | "client" | "clock" | "signal">;

/** Decides how many members there are to be, and begins what measures the load. Returns at once. */
export function autoscale(
  seen: Observation,
  evidence: Evidence,
  tools: AutoscaleTools,
  context: Context,
): Autoscaling {
  const { cluster, statefulSet } = seen;
  const { scaling, replicas } = cluster.spec;
  if (!isActive(scaling, replicas)) {
    forgetLoad(tools);
    return { kind: "off", members: replicas };
  }
  const current = statefulSet?.spec?.replicas ?? replicas;
  const lagging = isLagging(cluster, evidence);
  if (isKedaServed(context.cache)) {
    forgetLoad(tools);
    return { kind: "keda", members: current, paused: lagging };
  }
  const now = context.clock.monotonic() / 1_000;
  const history = tools.histories.get(tools.key) ?? freshHistory(now);
  const { load, dueSeconds, isMeasuring } = findLoad(seen, tools, context);
  const decision = decide({ scaling, replicas, current, load, lagging, history, now });
  tools.histories.set(tools.key, decision.history);
  return { kind: "own", members: decision.members, decision, isMeasuring, dueSeconds };
}

/** Drops what is kept for a cluster. */
export function forgetLoad({ background, histories, key }: AutoscaleTools): void {
  background.forget(key);
  histories.delete(key);
}

function isLagging({ spec }: Cluster, evidence: Evidence): boolean {
  const limit = lagLimit(spec.scaling);
  return reportOf(evidence)?.members.some(({ lagBytes }) => lagBytes !== undefined && lagBytes > limit) ??
    false;
}

const MEASURING: LoadFinding = { kind: "unknown", message: "The load is being measured" };

interface Measured {
  readonly load: LoadFinding;
  readonly dueSeconds: number;
  readonly isMeasuring: boolean;
}

function findLoad(seen: Observation, tools: AutoscaleTools, context: Context): Measured {
  const { cluster, members } = seen;
  if (!members.some(({ ready }) => ready)) return { load: MEASURING, dueSeconds: 0, isMeasuring: true };
  const progress = tools.background.look(tools.key, {
    id: JSON.stringify(measuresOf(cluster.spec.scaling)),
    freshMs: () => FRESH_MS,
    run: async (signal) => {
      const load = await readLoad(cluster, members, { client: context.client, sql: tools.sql, signal });
      return { load, id: context.clock.monotonic() };
    },
  }, context);
  const dueSeconds = progress.dueMs / 1_000;
  const isMeasuring = progress.kind === "pending";
  switch (progress.kind) {
    case "pending":
      return { load: MEASURING, dueSeconds, isMeasuring };
    case "failed":
      return { load: { kind: "unknown", message: progress.error.message }, dueSeconds, isMeasuring };
    case "done":
      return { load: { kind: "known", ...progress.result }, dueSeconds, isMeasuring };
  }
}

function isKedaServed(cache: Cache): boolean {
  const standings = cache.standings().filter(({ resource }) => resource === qualifiedName(ScaledObjects));
  return standings.length > 0 && standings.every(({ state }) => state.kind === "synced");
}

/** KEDA's objects: those that are wanted are made, others of ours removed. */
export function kedaPlan({ cluster }: Observation, autoscaling: Autoscaling, cache: Cache): Plan {
  if (!isKedaServed(cache)) return [];
  const authentication = autoscaling.kind === "keda" ? desiredTriggerAuthentication(cluster) : undefined;
  const { uid } = cluster.metadata;
  return [
    ...(authentication === undefined
      ? cache.children(TriggerAuthentications, uid).filter(isStored).map((each) =>
        remove(TriggerAuthentications, each)
      )
      : [apply(TriggerAuthentications, authentication)]),
    ...(autoscaling.kind === "keda"
      ? [apply(ScaledObjects, desiredScaledObject(cluster, autoscaling.paused))]
      : cache.children(ScaledObjects, uid).filter(isStored).map((each) => remove(ScaledObjects, each))),
  ];
}

/** Measured numbers change all the time; what is said changes with its reason only. */
export function autoscalingStatement(cluster: Cluster, autoscaling: Autoscaling): Statement[] {
  const statement = statementOf(autoscaling);
  if (statement === undefined) return [];
  const said = cluster.status?.conditions?.find(({ type }) => type === AUTOSCALING);
  if (said === undefined || !isSaid(said, statement, autoscaling)) return [statement];
  const { type, status, reason, message } = said;
  return [{ type, status, reason, message }];
}

function isSaid(said: Statement, statement: Statement, autoscaling: Autoscaling): boolean {
  if (autoscaling.kind !== "own") return false;
  if (autoscaling.isMeasuring) return true;
  const { reason } = statement;
  return said.reason === reason && !isScaled(autoscaling) && reason !== "NoMetrics";
}

/** Whether another number of members was decided on just now. */
export function isScaled(autoscaling: Autoscaling): boolean {
  return autoscaling.kind === "own" && CHANGES.has(autoscaling.decision.reason);
}

const CHANGES: ReadonlySet<string> = new Set(["OutOfBounds", "ScaledOut", "ScaledIn"]);

/** What people are told of it: changes, and that a pause is over. Pauses themselves are conditions that turn False. */
export function autoscalingNotices(cluster: Cluster, autoscaling: Autoscaling): Notice[] {
  const said = cluster.status?.conditions?.find(({ type }) => type === AUTOSCALING);
  const [now] = autoscalingStatement(cluster, autoscaling);
  const isOver = said?.reason === "ScaleOutPaused" && now !== undefined && now.reason !== "ScaleOutPaused";
  const notices: Notice[] = [];
  if (isOver) {
    notices.push({ type: "Normal", reason: "ScaleOutResumed", message: "No standby lags any more" });
  }
  if (autoscaling.kind === "own" && isScaled(autoscaling)) {
    const { reason, message } = autoscaling.decision;
    notices.push({ type: "Normal", reason, message });
  }
  return notices;
}

function statementOf(autoscaling: Autoscaling): Statement | undefined {
  const type = AUTOSCALING;
  switch (autoscaling.kind) {
    case "off":
      return undefined;
    case "keda": {
      const message = "KEDA says how many members there are";
      if (!autoscaling.paused) return { type, status: "True", reason: "ByKeda", message };
      return {
        type,
        status: "False",
        reason: "ScaleOutPaused",
        message: "KEDA adds nobody while a standby lags",
      };
    }
    case "own": {
      const { reason, message } = autoscaling.decision;
      if (autoscaling.isMeasuring) return { type, status: "Unknown", reason: "Measuring", message };
      const isHeld = reason === "NoMetrics" || reason === "ScaleOutPaused";
      return { type, status: isHeld ? "False" : "True", reason, message };
    }
  }
}
