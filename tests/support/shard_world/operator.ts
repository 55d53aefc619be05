/** An operator at work in a world: it decides, carries out, and may end between any two of its actions. */
import type { LifeAction } from "../../../controllers/shard/life/actions.ts";
import { decideLife, type LifeDecision } from "../../../controllers/shard/life/decide.ts";
import type { LifeShard, Slot } from "../../../controllers/shard/life/model.ts";
import { slotKey } from "../../../controllers/shard/life/view.ts";
import { assertAllowed } from "./rules.ts";
import { type Cache, freshCache, observe } from "./observe.ts";
import { isServing, leaderOf } from "./turn.ts";
import { podName, type World, type WorldClaim, type WorldPod } from "./world.ts";

export class Operator {
  #cache: Cache;
  #primarySeenAt: number;
  /** Actions until it ends in the middle of a plan; undefined while it lives on. */
  endsAfter: number | undefined;
  /** It hears of nothing but its own writes until then. */
  deafUntil = 0;
  readonly log: string[] = [];

  constructor(readonly world: World) {
    this.#cache = freshCache(world);
    this.#primarySeenAt = world.now;
  }

  /** Hears of everything that happened. */
  listen(): void {
    this.#cache = freshCache(this.world);
  }

  /** Looks, decides, and carries out; what is not carried out is decided anew the next time. */
  pass(): LifeDecision {
    const { world } = this;
    const primary = leaderOf(world);
    if (primary !== undefined) this.#primarySeenAt = world.now;
    const shard = observe(world, this.#cache, primary === undefined ? world.now - this.#primarySeenAt : 0);
    const decision = decideLife(shard);
    for (const action of decision.actions) {
      if (this.endsAfter === 0) {
        this.endsAfter = undefined;
        this.listen();
        break;
      }
      if (this.endsAfter !== undefined) this.endsAfter--;
      this.log.push(`${world.now} ${JSON.stringify(action)}`);
      assertAllowed(world, shard, action);
      const done = this.#act(action, shard);
      if (!done) this.log.push("  refused");
      if (!done) break;
    }
    return decision;
  }

  /** @returns whether the API server, or the instance, did it; false for a conflict or a call that failed. */
  #act(action: LifeAction, shard: LifeShard): boolean {
    switch (action.kind) {
      case "createClaim":
        return this.#createClaim(action.slot);
      case "createPod":
        return this.#createPod(action.slot);
      case "deletePod":
        return this.#deletePod(action.pod, action.reason);
      case "deleteClaim":
        return this.#deleteClaim(action.claim);
      case "growClaim":
        return this.#grow(action.claim, action.bytes);
      case "markOrphan":
      case "clearOrphan":
        return this.#patchClaim(action.claim, (claim) => claim.orphan = action.kind === "markOrphan");
      case "setOwner":
      case "clearOwner":
        return this.#patchClaim(action.claim, (claim) => claim.owned = action.kind === "setOwner");
      case "stampDrain":
        return this.#patchPod(action.pod, (pod) => {
          pod.drain = { state: action.state, at: this.world.now };
        });
      case "clearDrain":
        return this.#patchPod(action.pod, (pod) => pod.drain = undefined);
      case "switchPrimary":
        return this.#switchPrimary(action.pod);
      case "reloadConfig":
        return this.#patchPod(action.pod, (pod) => pod.reloaded = this.world.wanted.reload);
      case "markShutdown":
        return this.#markShutdown(action.pooler, shard);
      case "stopOrchestrators":
        this.world.orchestrators = { present: false, endingAt: this.world.now };
        return true;
    }
  }

  #createClaim(slot: Slot): boolean {
    const { world } = this;
    const claim = world.newClaim(`data-${podName(slot)}`, slot);
    if (!world.claims.has(claim.name)) world.claims.set(claim.name, claim);
    this.#cache.claims.set(claim.name, { ...world.claims.get(claim.name) ?? claim });
    return true;
  }

  #createPod(slot: Slot): boolean {
    const { world } = this;
    const pod = world.newPod({ pool: slot.pool, cell: slot.cell, index: slot.index });
    if (world.pods.has(pod.name)) return false;
    world.pods.set(pod.name, pod);
    this.#cache.pods.set(pod.name, { ...pod });
    return true;
  }

  #deletePod(name: string, reason: string): boolean {
    const { world } = this;
    const pod = world.pods.get(name);
    const seen = this.#cache.pods.get(name);
    if (pod === undefined || pod.uid !== seen?.uid || pod.version !== seen.version) return false;
    if (pod.deletedAt !== undefined) return true;
    const counts = isServing(world, pod) && !world.isLost(pod) && reason !== "removal";
    if (counts) world.downByUs.set(slotKey(pod), pod);
    if (pod.phase === "failed" || pod.phase === "pending") world.pods.delete(name);
    else pod.deletedAt = world.now;
    world.touch(pod);
    return true;
  }

  #deleteClaim(name: string): boolean {
    const claim = this.world.claims.get(name);
    const seen = this.#cache.claims.get(name);
    if (claim === undefined || claim.uid !== seen?.uid || claim.version !== seen.version) return false;
    claim.deleted = true;
    this.world.touch(claim);
    return true;
  }

  #grow(name: string, bytes: number): boolean {
    const { world } = this;
    return this.#patchClaim(name, (claim) => {
      claim.bytes = bytes;
      const pod = claim.slot === undefined ? undefined : world.pods.get(podName(claim.slot));
      if (pod !== undefined && world.random() < 0.3) {
        pod.fileSystemPendingAt = world.now;
        pod.version++;
      }
    });
  }

  #patchClaim(name: string, change: (claim: WorldClaim) => void): boolean {
    return this.#patch(this.world.claims, this.#cache.claims, name, change);
  }

  #patchPod(name: string, change: (pod: WorldPod) => void): boolean {
    return this.#patch(this.world.pods, this.#cache.pods, name, change);
  }

  /** Changes an object that has not changed since it was seen; the answer goes into the cache. */
  #patch<T extends { version: number; uid: number }>(
    objects: Map<string, T>,
    cached: Map<string, T>,
    name: string,
    change: (object: T) => void,
  ): boolean {
    const object = objects.get(name);
    const seen = cached.get(name);
    if (object === undefined || object.uid !== seen?.uid || object.version !== seen.version) return false;
    change(object);
    this.world.touch(object);
    cached.set(name, { ...object });
    return true;
  }

  /** The call may fail before or after it took effect. */
  #switchPrimary(name: string): boolean {
    const { world } = this;
    const pod = world.pods.get(name);
    const process = pod?.process;
    if (pod === undefined || process?.term === undefined || pod !== leaderOf(world)) return false;
    if (world.faults.callsFail && world.random() < 0.5) return false;
    process.term = undefined;
    world.resigned = name;
    process.initializedAt = world.now + 3;
    return !world.faults.callsFail;
  }

  #markShutdown(name: string, shard: LifeShard): boolean {
    const record = this.world.records.get(name);
    if (record === undefined || !shard.strays.some(({ id }) => id === name)) return false;
    record.shutdown = true;
    record.term = undefined;
    this.world.changes++;
    return true;
  }
}
