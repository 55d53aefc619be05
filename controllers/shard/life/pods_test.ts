import assert from "node:assert/strict";
import { claim, place, pod, shard, standby, withPods } from "../../../tests/support/shard_models.ts";
import { decideLife } from "./decide.ts";
import type { LifePod, LifeShard } from "./model.ts";

const healthy = { whenDeleted: "Delete", whenScaled: "Delete" } as const;

function findings(whole: LifeShard): string[] {
  return decideLife(whole).facts.findings.map(({ reason }) => reason);
}

Deno.test("an evicted pod is deleted when it is ten seconds old, and made again", () => {
  const evicted = (ageSeconds: number) =>
    withPods({ 1: { state: { kind: "failed", why: "Evicted" }, evidence: { kind: "stale" }, ageSeconds } });
  assert.deepEqual(decideLife(evicted(10)).actions, [{ kind: "deletePod", pod: "pod-1", reason: "ended" }]);
  const young = decideLife(evicted(4));
  assert.deepEqual([young.actions, young.wait?.seconds], [[], 6]);
  const gone = shard({ pods: [pod(0), pod(2)] });
  assert.deepEqual(decideLife(gone).actions, [{ kind: "createPod", slot: { ...place, index: 1 } }]);
});

Deno.test("a pod that fits no node, starts or loops is left to itself while it is what is wanted", () => {
  const states: LifePod["state"][] = [
    { kind: "pending", unschedulable: true, seconds: 900 },
    { kind: "starting", seconds: 900 },
    { kind: "crashLooping", vital: true, why: "container postgres", seconds: 900 },
    { kind: "notReady", seconds: 900 },
  ];
  for (const state of states) {
    const { actions, wait } = decideLife(withPods({ 1: { state, evidence: { kind: "stale" } } }));
    assert.deepEqual(actions, [], state.kind);
    assert.equal(wait?.stalled, true);
    assert.match(wait?.message ?? "", /^Instance pod-1 /);
  }
});

Deno.test("an ending pod is waited for, stuck a minute after its grace, and never forced", () => {
  const ending = (sinceSeconds: number, lostNode?: string) =>
    withPods({
      1: {
        state: { kind: "terminating", sinceSeconds, graceSeconds: 30 },
        ...(lostNode === undefined ? {} : { lostNode }),
      },
    });
  assert.deepEqual(findings(ending(89)), []);
  assert.equal(decideLife(ending(20)).wait?.reason, "PodEnding");
  const { actions, wait, facts } = decideLife(ending(90, "node-7"));
  assert.deepEqual(actions, []);
  assert.equal(wait?.reason, "PodStuck");
  assert.match(facts.findings[0]?.message ?? "", /node-7 does not report.*out-of-service/);
});

Deno.test("a pod on a lost node is waited for, and its node is named", () => {
  const lost = withPods({
    0: { evidence: { kind: "stale", claim: { term: 3n, subterm: 0n } }, lostNode: "node-7" },
  }, { withoutPrimarySeconds: 30 });
  const { actions, wait } = decideLife(lost);
  assert.deepEqual(actions, []);
  assert.match(
    wait?.message ?? "",
    /pod-0 said last that it is primary, but does not answer; its node node-7 does not report/,
  );
});

Deno.test("Ready is not serving: a shard is not settled before all stream in the cohort", () => {
  for (const evidence of [{ ...standby, streaming: false }, { ...standby, inCohort: false }]) {
    const { actions, wait, facts } = decideLife(withPods({ 2: { evidence } }));
    assert.deepEqual(actions, []);
    assert.equal(wait?.reason, "InstanceNotSettled");
    assert.deepEqual([facts.counts.ready, facts.counts.serving], [3, 2]);
  }
});

Deno.test("of two that say they lead the higher term counts, answered for or not", () => {
  const term = { term: 4n, subterm: 0n };
  const two = withPods({ 1: { evidence: { ...standby, role: "primary", streaming: false, term } } });
  assert.equal(decideLife(two).facts.primary, "pod-1");
  const silent = withPods({ 1: { evidence: { kind: "stale", claim: term } } });
  const { wait, facts } = decideLife(silent);
  assert.equal(facts.primary, undefined);
  assert.match(wait?.message ?? "", /pod-1 said last that it is primary, but does not answer/);
});

Deno.test("an instance that was drained keeps its volume, and another one stands in for it", () => {
  const drained = withPods({ 1: { aside: "drained" } });
  const { actions, facts } = decideLife(drained);
  const slot = { ...place, index: 3 };
  assert.deepEqual(actions, [{ kind: "createClaim", slot }, { kind: "createPod", slot }]);
  assert.deepEqual(facts.findings.map(({ reason }) => reason), ["PodSetAside"]);
  assert.equal(facts.counts.wanted, 3);
});

Deno.test("a stand-in that is set aside has no stand-in", () => {
  const aside = { aside: "quarantined", ageSeconds: 5 } as const;
  const pods = [pod(0), pod(1, aside), pod(2), pod(3, aside)];
  const whole = shard({ pods, claims: [0, 1, 2, 3].map((index) => claim(index)) });
  assert.deepEqual(decideLife(whole).actions, []);
});

Deno.test("a drained instance that came back sends its stand-in away, when all others serve", () => {
  const pods = [0, 1, 2, 3].map((index) => pod(index));
  const whole = shard({ pods, claims: [0, 1, 2, 3].map((index) => claim(index)) });
  assert.deepEqual(decideLife(whole).actions, [{ kind: "stampDrain", pod: "pod-3", state: "requested" }]);
});

const quarantined = { 1: { aside: "quarantined" } } as const;

function withStandIn(whole: LifeShard): LifeShard {
  return { ...whole, pods: [...whole.pods, pod(3)], claims: [...whole.claims, claim(3)] };
}

Deno.test("a quarantined instance is rebuilt when a backup is recent and the others are Ready", () => {
  assert.deepEqual(decideLife(withStandIn(withPods(quarantined))).actions, [
    { kind: "deleteClaim", claim: "claim-1", reason: "rebuild" },
    { kind: "deletePod", pod: "pod-1", reason: "rebuild" },
  ]);
});

Deno.test("each gate holds a quarantined instance back, and says why", () => {
  const held: [string | undefined, LifeShard][] = [
    ["QuarantineRemediationBlocked", withStandIn(withPods(quarantined, { backupHealthy: false }))],
    [undefined, withStandIn(withPods({ 1: { aside: "quarantined", ageSeconds: 179 } }))],
    [
      "QuarantineRemediationDeferred",
      withStandIn(withPods({ ...quarantined, 2: { state: { kind: "notReady", seconds: 5 } } })),
    ],
    [
      "QuarantineRemediationBlocked",
      withStandIn(withPods({ ...quarantined, 0: { evidence: standby } }, { withoutPrimarySeconds: 60 })),
    ],
  ];
  for (const [reason, whole] of held) {
    const { actions, wait, facts } = decideLife(whole);
    assert.deepEqual(actions, []);
    assert.ok(wait !== undefined);
    assert.deepEqual(facts.findings.map((finding) => finding.reason), reason === undefined ? [] : [reason]);
  }
  const leads = withStandIn(withPods({ 0: { aside: "quarantined" } }));
  assert.deepEqual(decideLife(leads).actions, []);
});

Deno.test("rebuilding goes on after a crash between its two steps", () => {
  const whole = withStandIn(withPods(quarantined, {
    claims: [claim(0), claim(1, { terminating: true }), claim(2)],
    backupHealthy: false,
  }));
  assert.deepEqual(decideLife(whole).actions, [{ kind: "deletePod", pod: "pod-1", reason: "rebuild" }]);
});

Deno.test("without a primary a quarantined instance is rebuilt only where its data is surely elsewhere too", () => {
  const leaderless = (changes: Partial<LifeShard>, last: Partial<LifePod> = {}) =>
    withStandIn(withPods({ ...quarantined, 0: { evidence: standby }, 2: last }, {
      withoutPrimarySeconds: 400,
      ...changes,
    }));
  assert.equal(decideLife(leaderless({})).actions.at(-1)?.kind, "deletePod");
  const unsafe = [
    leaderless({ strays: [{ id: "p-9" }] }),
    leaderless({}, { evidence: { kind: "stale" } }),
    leaderless({}, { aside: "quarantined" }),
  ];
  for (const whole of unsafe) {
    assert.ok(!decideLife(whole).actions.some(({ kind }) => kind === "deleteClaim"));
    assert.ok(findings(whole).includes("QuarantineRemediationBlocked"));
  }
});

Deno.test("a pooler without pod is marked as stopped only when its slot is not filled again", () => {
  const strays = [{ id: "p-1", slot: { ...place, index: 1 } }, { id: "p-8", slot: { ...place, index: 8 } }, {
    id: "p-x",
  }];
  const marks = (whole: LifeShard) =>
    decideLife(whole).actions.flatMap((action) => action.kind === "markShutdown" ? [action.pooler] : []);
  const absent = shard({ strays, pods: [pod(0), pod(2)] });
  assert.deepEqual(marks(absent), ["p-8", "p-x"]);
  const lost = { ...absent, claims: [claim(0), claim(1, { lost: true }), claim(2)] };
  assert.deepEqual(marks(lost), ["p-1", "p-8", "p-x"]);
  assert.deepEqual(marks({ ...absent, topology: { kind: "unreachable", why: "refused" } }), []);
});

Deno.test("pods of a pool that is not wanted any more are too many, and go one after the other", () => {
  const other = { pool: "old", cell: "a" } as const;
  const whole = shard({
    pools: [{ ...place, replicas: 3, policy: healthy }],
    pods: [...shard().pods, pod(0, { ...other, name: "old-0", evidence: standby })],
  });
  assert.deepEqual(decideLife(whole).actions, [{ kind: "stampDrain", pod: "old-0", state: "requested" }]);
});
