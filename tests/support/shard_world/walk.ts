/** A walk: a shard is made, things happen to it, then nothing does any more, and it has to come to rest as it should be. */
import assert from "node:assert/strict";
import { suffices } from "../../../controllers/shard/life/durability.ts";
import { durabilityOf, type Slot } from "../../../controllers/shard/life/model.ts";
import { slotKey } from "../../../controllers/shard/life/view.ts";
import { happen, heal, type WorldEvent } from "./events.ts";
import { Operator } from "./operator.ts";
import { isServing, turn } from "./turn.ts";
import { type Group, groupKey, podName, World } from "./world.ts";

export interface Walk {
  readonly seed: number;
  readonly policy: "AT_LEAST_2" | "MULTI_CELL_AT_LEAST_2";
  /** Without one, pods are Ready and nothing registers, as on fake nodes. */
  readonly dataPlane: boolean;
  readonly groups: readonly Group[];
  /** Seconds until each event, from the one before. */
  readonly events: readonly { readonly after: number; readonly event: WorldEvent }[];
  readonly end: "stays" | "removed" | "deleted";
  readonly whenDeleted: "Retain" | "Delete";
}

/** A shard comes to rest within this time after the last fault: slow switchovers are tried once an hour. */
const MOST_SECONDS = 6 * 3600;

/** It has come to rest when nothing happens for this time. */
const REST_SECONDS = 240;

/** One life of a shard with its operator. */
export class Life {
  readonly world: World;
  readonly operator: Operator;
  #seen = -1;
  #nextLook = 0;
  #quiet = 0;
  #pending = true;

  constructor({ seed, policy, dataPlane, groups, whenDeleted }: Walk) {
    this.world = new World(groups, dataPlane, seed, durabilityOf(policy));
    this.world.wanted.policy = { whenDeleted, whenScaled: "Delete" };
    this.operator = new Operator(this.world);
  }

  /** Seconds pass; the operator looks when something changed, or when it wanted to. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second++) this.#second();
  }

  #second(): void {
    const { world, operator } = this;
    turn(world);
    const deaf = world.now < operator.deafUntil;
    if (!deaf) operator.listen();
    if (!deaf && world.changes === this.#seen && world.now < this.#nextLook) return;
    this.#seen = world.changes;
    const { actions, wait } = operator.pass();
    const idle = wait === undefined || isLeaderless(world);
    this.#pending = actions.length > 0 || !idle;
    this.#nextLook = wait === undefined ? Infinity : world.now + wait.seconds;
  }

  /** Until nothing is left to do. */
  rest(): void {
    const { world } = this;
    const start = world.now;
    this.#quiet = start;
    while (world.now - this.#quiet < REST_SECONDS) {
      this.#second();
      if (this.#pending) this.#quiet = world.now;
      if (world.now - start < MOST_SECONDS) continue;
      assert.fail(`the shard does not come to rest: ${JSON.stringify(this.operator.pass())}`);
    }
  }
}

/** Instances that can never satisfy their policy get no leader for good; that they wait for it is all that can be said. */
function isLeaderless(world: World): boolean {
  const places = new Map(
    [...wantedSlots(world), ...world.pods.values()].map((slot) => [slotKey(slot), slot]),
  );
  for (const pod of world.pods.values()) if (pod.quarantined) places.delete(slotKey(pod));
  return world.dataPlane && !suffices(world.need, [...places.values()]);
}

function wantedSlots({ groups, wanted }: World): Slot[] {
  return groups.flatMap(({ pool, cell }) =>
    Array.from({ length: wanted.replicas.get(groupKey({ pool, cell })) ?? 0 }, (_, index) => ({
      pool,
      cell,
      index,
    }))
  );
}

/** Lives a walk, and checks how it ends. @throws AssertionError with the last actions. */
export function live(walk: Walk): Life {
  const life = new Life(walk);
  const { world, operator } = life;
  try {
    life.pass(90);
    for (const { after, event } of walk.events) {
      life.pass(after);
      happen(world, operator, event);
    }
    heal(world);
    operator.deafUntil = 0;
    operator.endsAfter = undefined;
    if (walk.end === "stays") {
      life.rest();
      atRest(life);
    } else remove(life, walk.end);
  } catch (error) {
    if (error instanceof Error) error.message += `\nlast actions:\n${operator.log.slice(-16).join("\n")}`;
    throw error;
  }
  return life;
}

function atRest({ world, operator }: Life): void {
  if (isLeaderless(world)) return;
  const { facts } = operator.pass();
  const wanted = wantedSlots(world);
  for (const slot of wanted) {
    const pod = world.pods.get(podName(slot));
    assert.ok(pod !== undefined && pod.phase === "ready", `${podName(slot)} is Ready`);
    assert.ok(isServing(world, pod), `${podName(slot)} serves`);
    assert.equal(pod.drain, undefined);
    assert.equal(pod.made.user, world.wanted.generations.user, `${podName(slot)} runs what is wanted`);
    if (world.dataPlane) assert.equal(pod.reloaded, world.wanted.reload);
    const claim = world.claimOf(slot);
    assert.equal(claim?.orphan, false, `the claim of ${podName(slot)} has no mark`);
    assert.equal(claim?.owned, world.wanted.policy.whenDeleted === "Delete");
  }
  assert.equal(facts.rollingUpdate.reason, "PodsUpToDate");
  const keys = new Set(wanted.map(slotKey));
  const excess = [...world.pods.values()].filter((pod) => !keys.has(slotKey(pod)));
  const refused = facts.findings.some(({ reason }) => reason === "ScaleDownBlocked");
  if (!refused) assert.deepEqual(excess.map(({ name }) => name), [], "nothing is too many");
  assert.ok(facts.counts.ready >= wanted.length);
}

function remove(life: Life, end: "removed" | "deleted"): void {
  const { world, operator } = life;
  if (end === "removed") {
    world.removal = { kind: "prepare", at: world.now };
    world.changes++;
    life.rest();
    assert.equal(operator.pass().facts.removal?.done, true);
    assert.ok(
      [...world.records.values()].every(({ shutdown }) => shutdown),
      "all poolers are marked as stopped",
    );
  }
  world.removal = { kind: "delete", at: world.now };
  world.changes++;
  life.rest();
  assert.equal(operator.pass().facts.removal?.done, true);
  assert.equal(world.pods.size, 0);
  const left = [...world.claims.values()];
  if (world.wanted.policy.whenDeleted === "Delete") return assert.deepEqual(left, []);
  assert.ok(left.length > 0 && left.every(({ owned }) => !owned), "claims that stay have no owner");
}
