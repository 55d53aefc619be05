/** What must never be done to a shard, judged by the world as it is, not as it was seen. */
import assert from "node:assert/strict";
import type { LifeAction } from "../../../controllers/shard/life/actions.ts";
import { KEPT_CLAIMS } from "../../../controllers/shard/life/bounds.ts";
import { suffices } from "../../../controllers/shard/life/durability.ts";
import type { LifeShard, Slot } from "../../../controllers/shard/life/model.ts";
import { isSameGroup, slotKey } from "../../../controllers/shard/life/view.ts";
import { isServing, leaderOf } from "./turn.ts";
import { groupKey, type World, type WorldPod } from "./world.ts";

type Deletion = Extract<LifeAction, { kind: "deletePod" }>;

/** @throws AssertionError when the action breaks a rule. */
export function assertAllowed(world: World, shard: LifeShard, action: LifeAction): void {
  switch (action.kind) {
    case "deletePod":
      return podMayGo(world, shard, action);
    case "deleteClaim":
      return claimMayGo(world, action);
    case "switchPrimary":
      return mayResign(world, action.pod);
    case "createClaim":
    case "createPod":
      return slotMayBeFilled(world, action.slot);
    case "growClaim":
      return assert.ok(action.bytes > (world.claims.get(action.claim)?.bytes ?? 0), "claims only grow");
    case "markOrphan":
      return orphanMayBe(world, action.claim);
    case "markShutdown":
      return assert.ok(!world.pods.has(action.pooler), "only poolers without pod are marked as stopped");
    case "stopOrchestrators":
      return assert.ok(world.removal !== undefined, "orchestrators stay while the shard does");
    case "clearOrphan":
    case "setOwner":
    case "clearOwner":
    case "stampDrain":
    case "clearDrain":
    case "reloadConfig":
      return;
  }
}

function slotMayBeFilled(world: World, slot: Slot): void {
  assert.equal(world.removal, undefined, "nothing is made for a shard that is removed");
  const wanted = [...world.wanted.replicas.values()].reduce((sum, replicas) => sum + replicas, 0);
  if (wanted < world.need.instances || world.need.cells > 1 || leaderOf(world) === undefined) return;
  assert.ok(slot.index < mostSlots(world, slot), "only wanted slots are filled");
}

/** Replicas and stand-ins: the most slots that a pool can have in a cell. */
function mostSlots(world: World, slot: Slot): number {
  return 2 * (world.wanted.replicas.get(groupKey(slot)) ?? 0);
}

function podMayGo(world: World, shard: LifeShard, action: Deletion): void {
  const pod = world.pods.get(action.pod);
  if (pod === undefined || pod.deletedAt !== undefined) return;
  if (action.reason === "removal") {
    assert.ok(world.removal !== undefined && !world.orchestrators.present, "orchestrators go before pods");
    const standby = [...world.pods.values()].find((other) =>
      other !== pod && other.deletedAt === undefined && other !== leaderOf(world)
    );
    return assert.ok(pod !== leaderOf(world) || standby === undefined, "the primary goes last");
  }
  assert.equal(world.removal, undefined);
  if (!isServing(world, pod)) return;
  assert.ok(
    action.reason === "rollout" || action.reason === "resize" || action.reason === "scaleDown",
    `an instance that serves is not deleted as ${action.reason}`,
  );
  servingMayGo(world, shard, pod, action.reason === "scaleDown");
}

function servingMayGo(world: World, shard: LifeShard, pod: WorldPod, forGood: boolean): void {
  const others = [...world.pods.values()].filter((other) => other !== pod);
  assert.ok(leaderOf(world) !== pod || others.length === 0, "the primary hands over before it goes");
  const down = [...world.downByUs.keys()].filter((key) => key !== slotKey(pod));
  assert.deepEqual(down, [], "one pod of the shard at a time is down by our hand");
  const left = others.filter((other) => isServing(world, other));
  if (suffices(world.need, left)) return;
  const wanted = shard.pools.flatMap(({ pool, cell, replicas }) =>
    Array.from({ length: replicas }, (_, index) => ({ pool, cell, index }))
  );
  if (forGood) {
    const attainable = suffices(world.need, [...wanted, ...world.pods.values()]);
    return assert.ok(!attainable, "scaling down never goes below what durability needs");
  }
  const possible = wanted.filter((slot) => slotKey(slot) !== slotKey(pod) && !isAside(world, slot));
  assert.ok(!suffices(world.need, possible), "durability is kept where it can be kept");
  assert.ok(
    possible.every((slot) => left.some((each) => slotKey(each) === slotKey(slot))),
    "writes are interrupted only when all else is well",
  );
}

function isAside(world: World, slot: Slot): boolean {
  return [...world.pods.values()].some((pod) =>
    slotKey(pod) === slotKey(slot) && (pod.drained || pod.quarantined)
  );
}

function claimMayGo(world: World, action: Extract<LifeAction, { kind: "deleteClaim" }>): void {
  const claim = world.claims.get(action.claim);
  if (claim === undefined || claim.deleted) return;
  const { slot } = claim;
  if (action.reason === "removal") {
    assert.equal(world.removal?.kind, "delete");
    assert.equal(world.wanted.policy.whenDeleted, "Delete");
    return assert.equal(world.pods.size > 0 && !stuckOnly(world), false, "claims go after pods");
  }
  assert.ok(slot !== undefined, "the claim for backups stays");
  const pod = [...world.pods.values()].find((each) => slotKey(each) === slotKey(slot));
  if (world.records.size > 0) {
    assert.ok(isSafeElsewhere(world, pod), "data is given up only where others have it");
  }
  if (action.reason === "rebuild") {
    assert.ok(pod?.quarantined, "only quarantined instances are rebuilt");
    return assert.ok(!world.faults.backupUnhealthy, "an instance is rebuilt only from a recent backup");
  }
  assert.equal(world.wanted.policy.whenScaled, "Delete");
  const kept = [...world.claims.values()].filter((each) =>
    each !== claim && each.slot !== undefined && isSameGroup(each.slot, slot) && !each.deleted && !each.lost
  );
  assert.ok(kept.length >= KEPT_CLAIMS, "the last volumes survive scaling down");
}

function isSafeElsewhere(world: World, pod: WorldPod | undefined): boolean {
  const leader = leaderOf(world);
  if (leader !== undefined) return leader !== pod;
  const members = [...world.cohort].filter((name) => name !== pod?.name);
  return members.length > 0 && members.every((name) => world.pods.get(name)?.process !== undefined);
}

function stuckOnly(world: World): boolean {
  return [...world.pods.values()].every(({ deletedAt }) =>
    deletedAt !== undefined && world.now - deletedAt >= 90
  );
}

function orphanMayBe(world: World, name: string): void {
  const claim = world.claims.get(name);
  assert.ok(claim?.slot !== undefined, "the claim for backups is no orphan");
  const replicas = world.wanted.replicas.get(groupKey(claim.slot)) ?? 0;
  assert.ok(claim.slot.index >= replicas, "a claim that is used is no orphan");
}

function mayResign(world: World, name: string): void {
  const pod = world.pods.get(name);
  if (pod === undefined || pod !== leaderOf(world)) return;
  const successor = [...world.pods.values()].some((other) => other !== pod && isServing(world, other));
  assert.ok(successor, "the primary resigns only when another instance can take over");
}
