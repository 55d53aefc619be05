/** Carries out the calls of a plan to poolers and to their records. */
import type { Caller } from "../../kube/act.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { isRecord } from "../../kube/errors.ts";
import { type RpcStep, wait, type WaitStep } from "../../kube/plan.ts";
import type { Settings } from "../../postgres/settings_file.ts";
import { addressOf, type PoolerAddress } from "../../topology/poolers/address.ts";
import { fencedPoolerClient } from "../../topology/poolers/pooler_client.ts";
import type { StoredPooler } from "../../topology/records/poolers.ts";
import type { Services } from "../services.ts";
import { type DataPlaneAddress, type Look, Places } from "./data_plane.ts";
import { calls } from "./life_steps.ts";

export interface CallTools {
  readonly address: DataPlaneAddress;
  readonly services: Pick<Services, "stores" | "poolers">;
  readonly context: ReconcileContext;
  /** The latest look; calls go only to addresses that poolers registered. */
  readonly look: Look | undefined;
  /** What a server that has read its settings must show. */
  readonly expected: Settings | undefined;
}

/** A reload is asked for again after so many seconds: the kubelet brings a changed file within about a minute. */
const RELOAD_SECONDS = 10;
const SHUTDOWN_MS = 5_000;

export function callerOf(tools: CallTools): Caller {
  return async (step) => {
    switch (step.method) {
      case calls.resign:
        await resign(step, tools);
        return undefined;
      case calls.reload:
        return await reload(step, tools);
      case calls.markShutdown:
        await markShutdown(step, tools);
        return undefined;
      case calls.releaseClaim:
        await release(tools);
        return undefined;
      default:
        throw new TypeError(`Cannot call ${step.method} as nobody knows how`);
    }
  };
}

async function resign(step: RpcStep, tools: CallTools): Promise<void> {
  const { address, client } = await reach(step, tools);
  const seconds = isRecord(step.payload) ? step.payload["timeoutSeconds"] : undefined;
  const limit = typeof seconds === "number" ? { timeoutMs: seconds * 1_000 } : {};
  await client.resignLeadership(address, { ...limit, signal: tools.context.signal });
}

async function reload(step: RpcStep, tools: CallTools): Promise<WaitStep | undefined> {
  if (tools.expected === undefined) {
    return wait("ConfigReload", "The settings are being put together", RELOAD_SECONDS);
  }
  const { address, client } = await reach(step, tools);
  const verdict = await client.reloadConfig(address, Object.fromEntries(tools.expected), {
    signal: tools.context.signal,
  });
  switch (verdict.kind) {
    case "applied":
      return undefined;
    case "not_yet":
      return wait("ConfigReload", `The new settings have not reached pod ${step.target} yet`, RELOAD_SECONDS);
    case "restart_needed": {
      const message = `Pod ${step.target} has to be restarted for ${
        verdict.settings.join(", ")
      }: ${verdict.reason}`;
      return wait(RESTART_NEEDED, message, RELOAD_SECONDS);
    }
  }
}

/** Reason of the wait when a setting was taken for one that is reloaded, and the server says that it takes a restart. */
export const RESTART_NEEDED = "ConfigReloadNeedsRestart";

async function reach({ target }: RpcStep, { look, services, context, address }: CallTools) {
  const { podOf } = await import("../../topology/records/poolers.ts");
  const found = look?.poolers.poolers.find(({ record }) => podOf(record, [target]) !== undefined);
  const pooler = existing(found, target);
  const places = new Places(address, services.stores, context);
  if (address.tls !== undefined) await places.refresh(context.signal);
  const reached: PoolerAddress = addressOf(pooler, places.tls);
  return { address: reached, client: fencedPoolerClient(services.poolers, context.fence) };
}

function existing(pooler: StoredPooler | undefined, name: string): StoredPooler {
  if (pooler !== undefined) return pooler;
  throw new Error(`Cannot ask the pooler of ${name} as it is not in the topology`);
}

/** A record that somebody wrote since it was read is left alone: whoever did so lives. */
async function markShutdown(
  { target }: RpcStep,
  { look, services, context, address }: CallTools,
): Promise<void> {
  const { planShutdownMarks } = await import("../../topology/records/shutdown_marks.ts");
  const { carryOut } = await import("../../topology/records/step.ts");
  const { fencedStore } = await import("../../topology/limited_store.ts");
  const { poolersPrefix } = await import("../../topology/keys.ts");
  const pooler = existing(look?.poolers.poolers.find(({ key }) => key === target), target);
  const places = new Places(address, services.stores, context);
  await places.refresh(context.signal);
  await places.withStores(async (_global, cells) => {
    const place = cells.find(({ cell, root }) =>
      cell === pooler.record.id?.cell && target.startsWith(poolersPrefix(root))
    );
    if (place === undefined) throw new Error(`Cannot mark ${target} as stopped as its cell is not known`);
    const store = fencedStore(place.store, context.fence);
    const steps = planShutdownMarks([pooler], [], context.clock.now());
    await carryOut(store, steps, { timeoutMs: SHUTDOWN_MS, signal: context.signal });
  });
}

/** Only the claim that was looked at: a new one is somebody's who lives. */
async function release({ look, services, context, address }: CallTools): Promise<void> {
  if (look?.claim === undefined) return;
  const { removalOf } = await import("../../topology/records/claims.ts");
  const { carryOut } = await import("../../topology/records/step.ts");
  const { fencedStore } = await import("../../topology/limited_store.ts");
  const steps = [removalOf(look.claim)];
  const places = new Places(address, services.stores, context);
  await places.refresh(context.signal);
  await places.withStores(async (global) => {
    const store = fencedStore(global, context.fence);
    await carryOut(store, steps, { timeoutMs: SHUTDOWN_MS, signal: context.signal });
  });
}
