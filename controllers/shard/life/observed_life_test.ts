/** What was seen of real shards, lived again in the simulated world: each has to come out better than it did. */
import assert from "node:assert/strict";
import { happen, heal, type WorldEvent } from "../../../tests/support/shard_world/events.ts";
import { leaderOf, turn } from "../../../tests/support/shard_world/turn.ts";
import { Life, type Walk } from "../../../tests/support/shard_world/walk.ts";

const three: Walk = {
  seed: 7,
  policy: "AT_LEAST_2",
  dataPlane: true,
  groups: [{ pool: "main", cell: "a", replicas: 3 }],
  events: [],
  end: "stays",
  whenDeleted: "Delete",
};

function settled(changes: Partial<Walk> = {}): Life {
  const life = new Life({ ...three, ...changes });
  life.rest();
  return life;
}

function tell(life: Life, event: WorldEvent): void {
  happen(life.world, life.operator, event);
}

/** Actions of a kind since the log had that many lines. */
function done(life: Life, kind: string, from = 0): string[] {
  return life.operator.log.slice(from).filter((line) => line.includes(`"kind":"${kind}"`));
}

/** Whether the primary accepts writes: it leads, and somebody in its cohort streams. */
function accepts({ world }: Life): boolean {
  const leader = leaderOf(world);
  return leader !== undefined && leader.deletedAt === undefined &&
    [...world.pods.values()].some((pod) => pod.process?.streaming === true && world.cohort.has(pod.name));
}

/** Lives on for that many seconds. @returns the longest time without writes, and all of it. */
function gaps(life: Life, seconds: number): { longest: number; total: number } {
  let [longest, total, current] = [0, 0, 0];
  for (let second = 0; second < seconds; second++) {
    life.pass(1);
    current = accepts(life) ? 0 : current + 1;
    if (current > 0) total++;
    longest = Math.max(longest, current);
  }
  return { longest, total };
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

/** Of a new primary: an election takes up to 25 s in this world, and its first standby up to 10 s to stream. */
const ONE_ELECTION_SECONDS = 36;

Deno.test("a setting that needs a restart costs one planned election, not one of all instances", () => {
  for (const seed of seeds) {
    const life = settled({ seed });
    const before = life.operator.log.length;
    tell(life, { do: "change" });
    const { longest, total } = gaps(life, 600);
    assert.ok(longest <= ONE_ELECTION_SECONDS, `seed ${seed}: ${longest} s without writes`);
    assert.equal(done(life, "deletePod", before).length, 3);
    const switches = done(life, "switchPrimary", before).length;
    assert.ok(total <= switches * ONE_ELECTION_SECONDS, `seed ${seed}: ${total} s, ${switches} switchovers`);
    assert.ok([...life.world.pods.values()].every(({ made }) => made.user === 2));
  }
});

Deno.test("an operator that is away in the middle of a roll goes on where it was", () => {
  for (const seed of seeds) {
    const life = settled({ seed });
    tell(life, { do: "change" });
    life.pass(3 + seed);
    for (let second = 0; second < 20; second++) turn(life.world);
    const before = life.operator.log.length;
    const { longest } = gaps(life, 600);
    assert.ok(longest <= ONE_ELECTION_SECONDS, `seed ${seed}: ${longest} s without writes`);
    assert.ok(done(life, "deletePod", before).length <= 3);
    assert.ok([...life.world.pods.values()].every(({ made }) => made.user === 2));
  }
});

Deno.test("a pod that is deleted by hand, primary or not, is made again, and no drain is begun on it", () => {
  for (const at of [0, 1, 2]) {
    const life = settled();
    const before = life.operator.log.length;
    tell(life, { do: "delete", at });
    life.rest();
    assert.deepEqual(life.operator.log.slice(before).map((line) => /"kind":"(\w+)"/.exec(line)?.[1]), [
      "createPod",
    ]);
  }
});

Deno.test("a primary that was killed is not settled until another one leads and all stream", () => {
  const life = settled();
  tell(life, { do: "kill", at: [...life.world.pods.keys()].indexOf(leaderOf(life.world)?.name ?? "") });
  const { actions, wait, facts } = life.operator.pass();
  assert.deepEqual(actions, []);
  assert.equal(wait?.reason, "NoPrimary");
  assert.equal(facts.primary, undefined);
  life.rest();
  assert.equal(life.operator.pass().facts.counts.serving, 3);
});

Deno.test("a lost node is named, and its pod is neither deleted nor replaced", () => {
  const life = settled();
  const before = life.operator.log.length;
  tell(life, { do: "loseNode", at: 0 });
  life.pass(120);
  assert.match(life.operator.pass().wait?.message ?? "", /its node node does not report/);
  assert.deepEqual(life.operator.log.slice(before), []);
  heal(life.world);
  life.rest();
});

Deno.test("a fourth instance counts when it streams, and goes again with its volume, without a pause in writes", () => {
  const life = settled();
  tell(life, { do: "scale", at: 0, to: 4 });
  life.pass(8);
  const early = life.operator.pass();
  assert.deepEqual([early.facts.counts.ready, early.facts.counts.serving], [4, 3]);
  assert.equal(early.wait?.reason, "InstanceNotSettled");
  life.rest();
  assert.equal(life.operator.pass().facts.counts.serving, 4);
  const leads = leaderOf(life.world)?.index === 3;
  tell(life, { do: "scale", at: 0, to: 3 });
  const { longest } = gaps(life, 300);
  assert.ok(leads || longest === 0);
  assert.deepEqual([...life.world.claims.keys()].sort(), [
    "backup",
    "data-main-a-0",
    "data-main-a-1",
    "data-main-a-2",
  ]);
});

Deno.test("a class that cannot grow is told, and a roll goes on beside it", () => {
  const life = settled();
  tell(life, { do: "rigidClass" });
  tell(life, { do: "grow" });
  tell(life, { do: "change" });
  life.rest();
  const { actions, wait, facts } = life.operator.pass();
  assert.deepEqual([actions, wait], [[], undefined]);
  assert.equal(facts.findings.filter(({ reason }) => reason === "StorageCannotGrow").length, 4);
  assert.ok([...life.world.pods.values()].every(({ made }) => made.user === 2));
});

Deno.test("a topology that is out of reach is said so at the next look", () => {
  const life = settled();
  tell(life, { do: "topology" });
  life.pass(1);
  assert.equal(life.operator.pass().wait?.reason, "TopologyUnreachable");
});

Deno.test("a shard that is made again on what an older one left takes the marks off all its claims", () => {
  const life = new Life(three);
  const left = ["data-main-a-0", "data-main-a-1"].map((name, index) =>
    life.world.newClaim(name, { pool: "main", cell: "a", index })
  );
  for (const claim of left) life.world.claims.set(claim.name, claim);
  for (const claim of life.world.claims.values()) claim.orphan = true;
  life.rest();
  assert.deepEqual([...life.world.claims.values()].map(({ orphan, owned }) => [orphan, owned]), [
    [false, true],
    [false, true],
    [false, true],
    [false, true],
  ]);
});

Deno.test("a shard at rest stays at rest: another look does nothing and waits for nothing", () => {
  const life = settled();
  const before = life.operator.log.length;
  life.pass(3600);
  assert.equal(life.operator.log.length, before);
  assert.equal(life.operator.pass().wait, undefined);
});
