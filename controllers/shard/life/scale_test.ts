import assert from "node:assert/strict";
import {
  adrift,
  claim,
  place,
  pod,
  primary,
  shard,
  sized,
  standby,
  withoutDataPlane,
} from "../../../tests/support/shard_models.ts";
import { decideLife } from "./decide.ts";
import type { LifePod, LifeShard } from "./model.ts";

/** Three wanted of four, or of as many pods as are given. */
function four(
  changes: Readonly<Record<number, Partial<LifePod>>> = {},
  rest: Partial<LifeShard> = {},
): LifeShard {
  const pods = [0, 1, 2, 3].map((index) => pod(index, changes[index]));
  return shard({ pods, claims: [0, 1, 2, 3].map((index) => claim(index)), ...rest });
}

const going = { drain: { state: "requested", sinceSeconds: 1 } } as const;

Deno.test("scaling up fills all slots at once", () => {
  const whole = sized(5);
  assert.deepEqual(
    decideLife(whole).actions.map(({ kind }) => kind),
    ["createClaim", "createPod", "createClaim", "createPod"],
  );
});

Deno.test("scaling down marks the pod with the highest number, and no second one", () => {
  const { actions } = decideLife(sized(1, { pods: four().pods, claims: four().claims, durability: one }));
  assert.deepEqual(actions, [{ kind: "stampDrain", pod: "pod-3", state: "requested" }]);
});

/** A policy that a single instance satisfies, to see more pods go. */
const one = { policy: "AT_LEAST_1", instances: 1, cells: 1 };

Deno.test("the fate of the claim is sealed before the pod goes: of four volumes one is deleted, the last three are not", () => {
  assert.deepEqual(decideLife(four({ 3: going })).actions, [
    { kind: "stampDrain", pod: "pod-3", state: "readyForDeletion" },
    { kind: "deleteClaim", claim: "claim-3", reason: "scaleDown" },
    { kind: "deletePod", pod: "pod-3", reason: "scaleDown" },
  ]);
  const three = sized(2, { pods: [pod(0), pod(1), pod(2, going)] });
  assert.deepEqual(decideLife(three).actions.slice(1), [
    { kind: "markOrphan", claim: "claim-2" },
    { kind: "clearOwner", claim: "claim-2" },
    { kind: "deletePod", pod: "pod-2", reason: "scaleDown" },
  ]);
});

Deno.test("claims that are to be retained stay without a mark", () => {
  const policy = { whenDeleted: "Delete", whenScaled: "Retain" } as const;
  const whole = four({ 3: going }, { pools: [{ ...place, replicas: 3, policy }], policy });
  assert.deepEqual(decideLife(whole).actions.map(({ kind }) => kind), ["stampDrain", "deletePod"]);
});

Deno.test("orphans, lost volumes and those of pods that go do not count among the last three", () => {
  const claims = (changes: object) => [claim(0), claim(1), claim(2, changes), claim(3)];
  for (const changes of [{ orphan: true }, { lost: true }, { terminating: true }]) {
    const pods = [pod(0), pod(1), pod(3, { drain: { state: "readyForDeletion", sinceSeconds: 1 } })];
    const whole = sized(2, { pods, claims: claims(changes) });
    assert.ok(
      decideLife(whole).actions.some((action) => action.kind === "markOrphan" && action.claim === "claim-3"),
    );
  }
});

Deno.test("a primary that is too many hands over first, and goes last", () => {
  const lead = { 0: { evidence: standby }, 3: { evidence: primary } };
  assert.deepEqual(decideLife(four({ ...lead, 3: { ...lead[3], ...going } })).actions, [
    { kind: "stampDrain", pod: "pod-3", state: "draining" },
    { kind: "switchPrimary", pod: "pod-3", timeoutSeconds: 30 },
  ]);
  const two = sized(2, { pods: four(lead).pods, claims: four().claims });
  assert.deepEqual(decideLife(two).actions, [{ kind: "stampDrain", pod: "pod-2", state: "requested" }]);
});

Deno.test("scaling down waits while an instance that is wanted is not well, and says so", () => {
  const { actions, wait, facts } = decideLife(four({ 1: { evidence: adrift } }));
  assert.deepEqual(actions, []);
  assert.equal(wait?.reason, "InstanceNotSettled");
  assert.deepEqual(facts.findings.map(({ reason, subject }) => [reason, subject]), [
    ["ScaleDownBlocked", "pod-3"],
  ]);
  assert.match(facts.findings[0]?.message ?? "", /pod-1 is Ready, but does not stream/);
});

Deno.test("a shard does not become smaller than durability allows: the instance is held, and still cared for", () => {
  const pair = { pods: [pod(0), pod(1)], claims: [claim(0), claim(1)] };
  const { actions, wait, facts } = decideLife(sized(1, pair));
  assert.deepEqual([actions, wait], [[], undefined]);
  assert.deepEqual(facts.findings.map(({ reason }) => reason), ["ScaleDownBlocked"]);
  assert.match(facts.findings[0]?.message ?? "", /Cannot scale down to 1 instances .* raise replicasPerCell/);
  const evicted = sized(1, { ...pair, pods: [pod(0)] });
  assert.deepEqual(decideLife(evicted).actions, [{ kind: "createPod", slot: { ...place, index: 1 } }]);
  const drifted = sized(1, { ...pair, pods: [pod(0), pod(1, { drift: "user" })] });
  assert.deepEqual(decideLife(drifted).actions, [{ kind: "stampDrain", pod: "pod-1", state: "requested" }]);
});

Deno.test("of two cells the last instance of the second one is held, whatever its number", () => {
  const policy = { whenDeleted: "Delete", whenScaled: "Delete" } as const;
  const cell = (name: string, index: number) => ({ pool: "main", cell: name, index });
  const whole = shard({
    durability: { policy: "MULTI_CELL_AT_LEAST_2", instances: 2, cells: 2 },
    pools: [{ ...place, replicas: 2, policy }, { pool: "main", cell: "b", replicas: 0, policy }],
    pods: [pod(0), pod(1), pod(0, { ...cell("b", 0), name: "pod-b", evidence: standby })],
    claims: [claim(0), claim(1), claim(0, { name: "claim-b", slot: cell("b", 0) })],
  });
  const { actions, facts } = decideLife(whole);
  assert.deepEqual(actions, []);
  assert.match(facts.findings[0]?.message ?? "", /2 instances in 2 cells/);
});

Deno.test("an excess pod that does no work goes at once, even while others are not well", () => {
  const homeless = {
    state: { kind: "pending", unschedulable: true, seconds: 9 },
    evidence: { kind: "none" },
  } as const;
  const { actions } = decideLife(four({ 1: { state: { kind: "starting", seconds: 9 } }, 3: homeless }));
  assert.ok(actions.some((action) => action.kind === "deletePod" && action.pod === "pod-3"));
});

Deno.test("a dead excess instance stays while its vote may be needed", () => {
  const dead = { state: { kind: "notReady", seconds: 900 }, evidence: { kind: "stale" } } as const;
  const short = { 1: { evidence: adrift }, 2: { evidence: adrift } };
  assert.deepEqual(decideLife(four({ ...short, 3: dead })).actions, []);
  assert.equal(decideLife(four({ 3: dead })).actions.at(-1)?.kind, "deletePod");
  const leaderless = four({ 0: { evidence: adrift }, 3: dead }, { withoutPrimarySeconds: 20 });
  assert.deepEqual(decideLife(leaderless).actions, []);
});

Deno.test("where nobody leads for long, everyone with a vote is brought back, and nobody goes", () => {
  const whole = four({ 0: { evidence: adrift } }, {
    withoutPrimarySeconds: 400,
    pods: [0, 1, 2].map((index) => pod(index, { evidence: adrift })),
    strays: [{ id: "p-3", slot: { ...place, index: 3 } }],
  });
  assert.deepEqual(decideLife(whole).actions, [{ kind: "createPod", slot: { ...place, index: 3 } }]);
});

Deno.test("without a data plane scaling down goes by readiness", () => {
  assert.deepEqual(decideLife(withoutDataPlane(four())).actions, [
    { kind: "stampDrain", pod: "pod-3", state: "requested" },
  ]);
  const unready = withoutDataPlane(four({ 0: { state: { kind: "starting", seconds: 3 } } }));
  assert.deepEqual(decideLife(unready).actions, []);
});

Deno.test("two excess pods are never taken at once, and none while another one ends", () => {
  const ending = { state: { kind: "terminating", sinceSeconds: 5, graceSeconds: 30 } } as const;
  const whole = sized(2, { pods: four({ 3: ending }).pods, claims: four().claims });
  const { actions, wait } = decideLife(whole);
  assert.deepEqual(actions, []);
  assert.equal(wait?.reason, "PodEnding");
});

Deno.test("scaling up again lets a marked pod off", () => {
  const whole = sized(4, { pods: four({ 3: going }).pods, claims: four().claims });
  assert.deepEqual(decideLife(whole).actions, [{ kind: "clearDrain", pod: "pod-3" }]);
});

Deno.test("a pod whose volume is on its way out goes, even if it is wanted again", () => {
  const last = { drain: { state: "readyForDeletion", sinceSeconds: 1 } } as const;
  const claims = [claim(0), claim(1), claim(2), claim(3, { terminating: true })];
  const whole = sized(4, { pods: four({ 3: last }).pods, claims });
  assert.deepEqual(decideLife(whole).actions, [{ kind: "deletePod", pod: "pod-3", reason: "rollout" }]);
});

Deno.test("a cache that has not seen the last deletion leads to no second one, and counts no volume twice", () => {
  const last = { drain: { state: "readyForDeletion", sinceSeconds: 1 } } as const;
  const homeless = {
    state: { kind: "pending", unschedulable: true, seconds: 9 },
    evidence: { kind: "none" },
  } as const;
  const pods = [pod(0), pod(1), pod(2), pod(3, homeless), pod(4, { ...homeless, ...last })];
  const claims = [0, 1, 2, 3, 4].map((index) => claim(index));
  const { actions } = decideLife(sized(3, { pods, claims }));
  assert.deepEqual(actions.at(-1), { kind: "deletePod", pod: "pod-4", reason: "scaleDown" });
  assert.ok(!actions.some((action) => action.kind === "deletePod" && action.pod === "pod-3"));
  const both = pods.map((each) => each.index === 3 ? { ...each, ...last } : each);
  const without = <T extends { readonly name: string }>(all: readonly T[]) =>
    all.filter(({ name }) => !name.endsWith("-2"));
  const fates = decideLife(sized(2, { pods: without(both), claims: without(claims) })).actions;
  assert.deepEqual(fates.filter(({ kind }) => kind === "deleteClaim" || kind === "markOrphan"), [
    { kind: "markOrphan", claim: "claim-3" },
  ]);
});

Deno.test("an excess pod that is coming up is waited for before another one goes", () => {
  const young = { evidence: adrift, ageSeconds: 20 } as const;
  const marked = four({ 2: young, 3: going });
  const whole = sized(2, { pods: marked.pods, claims: marked.claims });
  const { actions, wait } = decideLife(whole);
  assert.deepEqual(actions, []);
  assert.match(wait?.message ?? "", /pod-2, which is too many, is Ready, but does not stream/);
});
