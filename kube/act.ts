/** Carries out a plan, step by step, and stops at the first wait or failure. */
import { type Applier, NameTakenError } from "./apply.ts";
import type { Cache } from "./cache.ts";
import type { KubeClient } from "./client.ts";
import { ApiError, isAborted, isAlreadyExists, isConflict, isFenced } from "./errors.ts";
import type { Notice } from "./events.ts";
import { Pods } from "./kinds.ts";
import type { CreateStep, DeleteStep, EvictStep, Plan, ResizeStep, RpcStep, Step, WaitStep } from "./plan.ts";
import { keyOf } from "./store.ts";

/** What became of a plan. `written` lists the steps that changed something, in order. */
export type ActResult =
  | { readonly kind: "done"; readonly written: readonly Step[] }
  | { readonly kind: "waiting"; readonly wait: WaitStep; readonly written: readonly Step[] }
  | {
    readonly kind: "failed";
    readonly step: Step;
    readonly error: Error;
    readonly written: readonly Step[];
  };

/** Carries out a call to another system. @returns a wait when it has to be made again later. */
export type Caller = (step: RpcStep) => Promise<WaitStep | undefined>;

export interface Tools {
  readonly client: KubeClient;
  readonly cache: Cache;
  readonly applier: Applier;
  /** Tells an event about the object that is reconciled. */
  readonly record: (notice: Notice) => void;
  /** Carries out calls to other systems, where the plan has any. */
  readonly rpc?: Caller;
}

/** A budget is asked again after this many seconds; its status change may wake us before. */
const EVICTION_RETRY_SECONDS = 10;
/** A conflict means that the cache was behind; the watch event that clears it is usually here within this time. */
const CONFLICT_RETRY_SECONDS = 1;

/** A stranger's object carries no label that a watch could select, so its name is looked at again after so many seconds. */
const NAME_TAKEN_RETRY_SECONDS = 30;

/** Reason of the wait after a conflict. */
export const CONFLICT = "Conflict";
/** Reason of the wait while an object of somebody else bears a name that is needed. */
export const NAME_TAKEN = "NameTaken";

/** What a step did: `true` for a change, `false` for none, or a wait. */
type Effect = boolean | WaitStep;

/**
 * Carries out a plan. A failing request becomes a result, so that the status can tell of it.
 * @throws TransportError when this process may not write any more, or is stopping: then there is no status to write.
 */
export async function act(plan: Plan, tools: Tools): Promise<ActResult> {
  const written: Step[] = [];
  for (const step of plan) {
    try {
      const effect = await perform(step, tools);
      if (typeof effect === "object") return { kind: "waiting", wait: effect, written };
      if (effect) written.push(step);
    } catch (error) {
      if (isFenced(error) || isAborted(error)) throw error;
      return { ...failureOf(step, error), written };
    }
  }
  return { kind: "done", written };
}

type Failure =
  | { readonly kind: "waiting"; readonly wait: WaitStep }
  | { readonly kind: "failed"; readonly step: Step; readonly error: Error };

function failureOf(step: Step, error: unknown): Failure {
  if (isConflict(error)) return { kind: "waiting", wait: conflict(step) };
  if (error instanceof NameTakenError) {
    const afterSeconds = NAME_TAKEN_RETRY_SECONDS;
    return {
      kind: "waiting",
      wait: { kind: "wait", reason: NAME_TAKEN, message: error.message, afterSeconds },
    };
  }
  return { kind: "failed", step, error: error instanceof Error ? error : new Error(String(error)) };
}

async function perform(step: Step, tools: Tools): Promise<Effect> {
  const { client, cache, applier } = tools;
  switch (step.kind) {
    case "apply":
      return await applier.apply(step.resource, step.object);
    case "create":
      return await createOnce(step, tools);
    case "patch":
      cache.store(step.resource).putWritten(
        await client.patch(step.resource, step.key, withVersion(step.patch, step.resourceVersion)),
      );
      return true;
    case "delete":
      return await end(step, tools);
    case "evict":
      return await evict(step, client);
    case "resize":
      return await resize(step, tools);
    case "rpc":
      return await call(step, tools);
    case "event":
      tools.record({ type: step.level, reason: step.reason, message: step.message });
      return false;
    case "wait":
      return step;
  }
}

async function createOnce(step: CreateStep, tools: Tools): Promise<Effect> {
  try {
    tools.cache.store(step.resource).putWritten(await tools.client.create(step.resource, step.object));
    return true;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return step.existing === "welcome" ? false : conflict(step);
  }
}

/** What is done next knows that the object ends, or is gone, even if its watch is behind. */
async function end(step: DeleteStep, { client, cache }: Tools): Promise<boolean> {
  const ended = await client.end(step.resource, step.key, step);
  // What was found by a live read alone is of a kind that nobody watches.
  if (!cache.isWatched(step.resource)) return ended.kind !== "absent";
  const store = cache.store(step.resource);
  if (ended.kind === "ending") store.putWritten(ended.object);
  if (ended.kind === "gone") store.remove(keyOf(step.key), step.precondition.resourceVersion);
  return ended.kind !== "absent";
}

async function evict(step: EvictStep, client: KubeClient): Promise<Effect> {
  try {
    await client.evict(Pods, step.key, step.precondition);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status.code !== 429) throw error;
    return {
      kind: "wait",
      reason: "DisruptionBudget",
      message: `Pod ${keyOf(step.key)} may not be evicted now: ${error.status.message}`,
      afterSeconds: EVICTION_RETRY_SECONDS,
    };
  }
}

async function resize(step: ResizeStep, tools: Tools): Promise<boolean> {
  const containers = Object.entries(step.resources).map(([name, resources]) => ({ name, resources }));
  const patch = withVersion({ spec: { containers } }, step.resourceVersion);
  const { resource = Pods } = step;
  tools.cache.store(resource).putWritten(
    await tools.client.patchStrategic(resource, step.key, patch, "resize"),
  );
  return true;
}

async function call(step: RpcStep, tools: Tools): Promise<Effect> {
  if (tools.rpc === undefined) {
    throw new TypeError(`Cannot call ${step.method} of ${step.target} as no caller was handed in`);
  }
  return await tools.rpc(step) ?? true;
}

function withVersion(
  patch: Readonly<Record<string, unknown>>,
  resourceVersion: string,
): Record<string, unknown> {
  const metadata = patch["metadata"];
  return { ...patch, metadata: { ...(typeof metadata === "object" ? metadata : {}), resourceVersion } };
}

function conflict(step: Step): WaitStep {
  return {
    kind: "wait",
    reason: CONFLICT,
    message: `${describeStep(step)} met a newer object; looking again`,
    afterSeconds: CONFLICT_RETRY_SECONDS,
  };
}

/** A step in a few words, for messages and logs: `apply StatefulSet a/b`. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "apply":
    case "create":
      return `${step.kind} ${step.resource.kind} ${keyOf(step.object.metadata)}`;
    case "patch":
    case "delete":
      return `${step.kind} ${step.resource.kind} ${keyOf(step.key)}`;
    case "evict":
    case "resize":
      return `${step.kind} Pod ${keyOf(step.key)}`;
    case "rpc":
      return `call ${step.method} of ${step.target}`;
    case "event":
    case "wait":
      return `${step.kind} ${step.reason}`;
  }
}
