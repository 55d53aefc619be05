import assert from "node:assert/strict";
import {
  adrift,
  claim,
  pod,
  primary,
  shard,
  sized,
  standby,
  withoutDataPlane,
  withPods,
} from "../../../tests/support/shard_models.ts";
import type { LifeAction } from "./actions.ts";
import { decideLife } from "./decide.ts";
import type { LifePod, LifeShard } from "./model.ts";

const user = { drift: "user" } as const;
const all = { 0: user, 1: user, 2: user };

function actions(whole: LifeShard): readonly LifeAction[] {
  return decideLife(whole).actions;
}

function reason(whole: LifeShard): string | undefined {
  return decideLife(whole).wait?.reason;
}

Deno.test("a shard that is as it should be asks for nothing", () => {
  const { actions, wait, facts } = decideLife(shard());
  assert.deepEqual(actions, []);
  assert.equal(wait, undefined);
  assert.equal(facts.rollingUpdate.reason, "PodsUpToDate");
  assert.equal(facts.primary, "pod-0");
  assert.deepEqual(facts.counts, {
    wanted: 3,
    ready: 3,
    serving: 3,
    due: 0,
    outdated: 0,
    draining: 0,
    aside: 0,
  });
});

Deno.test("of three pods that differ the first standby is marked, and no other", () => {
  assert.deepEqual(actions(withPods(all)), [{ kind: "stampDrain", pod: "pod-1", state: "requested" }]);
});

Deno.test("a marked standby is deleted when all others serve", () => {
  const marked = withPods({ ...all, 1: { ...user, drain: { state: "requested", sinceSeconds: 1 } } });
  assert.deepEqual(actions(marked), [
    { kind: "stampDrain", pod: "pod-1", state: "readyForDeletion" },
    { kind: "deletePod", pod: "pod-1", reason: "rollout" },
  ]);
});

Deno.test("the next pod waits until the last one is Ready, streams, and is in the cohort", () => {
  const next = { 0: user, 2: user };
  const unsettled: [string, Partial<LifePod>][] = [
    ["is starting", { state: { kind: "starting", seconds: 5 } }],
    ["has not registered", { evidence: { kind: "none" } }],
    ["does not answer", { evidence: { kind: "stale" } }],
    ["does not stream", { evidence: adrift }],
    ["not in the cohort", { evidence: { ...standby, inCohort: false } }],
    ["not active", { evidence: { ...standby, active: false } }],
    ["is not Ready", { state: { kind: "notReady", seconds: 5 } }],
    ["is being deleted", { state: { kind: "terminating", sinceSeconds: 1, graceSeconds: 30 } }],
  ];
  for (const [lack, change] of unsettled) {
    const { actions, wait } = decideLife(withPods({ ...next, 1: change }));
    assert.deepEqual(actions, [], lack);
    assert.match(wait?.message ?? "", new RegExp(`${lack}|is being deleted`));
  }
  assert.equal(actions(withPods(next)).length, 1);
});

Deno.test("what stands still for ten minutes is said to, is looked at seldom, and nothing is forced", () => {
  const stuck = withPods({ 0: user, 2: user, 1: { state: { kind: "starting", seconds: 600 } } });
  const { actions, wait, facts } = decideLife(stuck);
  assert.deepEqual(actions, []);
  assert.equal(wait?.stalled, true);
  assert.equal(wait?.seconds, 30);
  assert.equal(facts.rollingUpdate.reason, "RolloutStalled");
  assert.match(facts.rollingUpdate.message, /2 of 3 pods .*pod-1 is starting/);
});

Deno.test("the primary is last, and is asked to resign before it is deleted", () => {
  const last = (drain?: LifePod["drain"]) => withPods({ 0: drain === undefined ? user : { ...user, drain } });
  assert.deepEqual(actions(last()), [{ kind: "stampDrain", pod: "pod-0", state: "requested" }]);
  assert.deepEqual(actions(last({ state: "requested", sinceSeconds: 2 })), [
    { kind: "stampDrain", pod: "pod-0", state: "draining" },
    { kind: "switchPrimary", pod: "pod-0", timeoutSeconds: 30 },
  ]);
});

Deno.test("while a primary resigns, and until a new one is seen, nothing is done", () => {
  const drain = { state: "draining", sinceSeconds: 5 } as const;
  const resigning = withPods({ 0: { ...user, drain, evidence: { ...primary, resigning: true } } });
  assert.deepEqual([actions(resigning), reason(resigning)], [[], "SwitchingPrimary"]);
  const nobody = withPods({ 0: { ...user, drain, evidence: adrift } }, { withoutPrimarySeconds: 4 });
  assert.deepEqual([actions(nobody), reason(nobody)], [[], "NoPrimary"]);
});

Deno.test("an old primary goes when a higher term is seen elsewhere and it is not missed", () => {
  const drain = { state: "draining", sinceSeconds: 12 } as const;
  const newer = { ...primary, term: { term: 4n, subterm: 0n } };
  const handed = withPods({ 0: { ...user, drain, evidence: standby }, 1: { evidence: newer } });
  assert.deepEqual(actions(handed).at(-1), { kind: "deletePod", pod: "pod-0", reason: "rollout" });
  // Its own record still says that it leads, as after a crash: the higher term counts.
  const stale = { kind: "stale", claim: { term: 3n, subterm: 7n } } as const;
  const crashed = withPods({ 0: { ...user, drain, evidence: stale }, 1: { evidence: newer } });
  assert.deepEqual(actions(crashed).at(-1), { kind: "deletePod", pod: "pod-0", reason: "rollout" });
  // The new primary leads, but the rest does not follow yet: it is remembered, and waited for.
  const early = withPods({
    0: { ...user, drain, evidence: standby },
    1: { evidence: newer },
    2: { evidence: adrift },
  });
  assert.deepEqual(actions(early), [{ kind: "stampDrain", pod: "pod-0", state: "acknowledged" }]);
  assert.equal(reason(early), "InstanceNotSettled");
});

Deno.test("a lower term seen elsewhere is no successor", () => {
  const drain = { state: "draining", sinceSeconds: 12 } as const;
  const older = { ...primary, term: { term: 2n, subterm: 9n } };
  const stale = { kind: "stale", claim: { term: 3n, subterm: 0n } } as const;
  const split = withPods({ 0: { ...user, drain, evidence: stale }, 1: { evidence: older } });
  assert.deepEqual([actions(split), reason(split)], [[], "NoPrimary"]);
});

Deno.test("a primary without anybody to follow it is not asked to resign", () => {
  const far = { ...standby, lagBytes: 2 ** 30 };
  const behind = withPods({ 0: user, 1: { evidence: far }, 2: { evidence: far } });
  assert.deepEqual([actions(behind), reason(behind)], [[], "NoSuccessor"]);
  assert.match(decideLife(behind).wait?.message ?? "", /bytes behind/);
});

Deno.test("a primary that will not go is asked again in rare windows only", () => {
  const asked = (sinceSeconds: number) =>
    actions(withPods({ 0: { ...user, drain: { state: "draining", sinceSeconds } } }))
      .some(({ kind }) => kind === "switchPrimary");
  const windows = [0, 59, 300, 900, 2100, 4500, 8100, 11_700];
  for (const age of windows) assert.ok(asked(age), `${age} s`);
  for (const age of [60, 299, 360, 899, 1000, 4000, 8000, 11_699]) assert.ok(!asked(age), `${age} s`);
  const { wait } = decideLife(withPods({ 0: { ...user, drain: { state: "draining", sinceSeconds: 61 } } }));
  assert.deepEqual([wait?.reason, wait?.seconds, wait?.stalled], ["SwitchoverFailed", 239, true]);
});

Deno.test("with two instances a roll interrupts writes: it is done, and it is said", () => {
  const pair = sized(2, { pods: [pod(0, user), pod(1, user)], claims: [claim(0), claim(1)] });
  const { actions, facts } = decideLife(pair);
  assert.deepEqual(actions, [{ kind: "stampDrain", pod: "pod-1", state: "requested" }]);
  assert.deepEqual(facts.findings.map(({ reason }) => reason), ["WritesInterrupted"]);
  assert.match(facts.findings[0]?.message ?? "", /AT_LEAST_2 needs 2 instances/);
});

Deno.test("of two cells the only instance in one is rolled at a cost, the others without", () => {
  const pods = [pod(0), pod(1, user), pod(0, { cell: "b", name: "pod-b", evidence: standby, ...user })];
  const policy = { whenDeleted: "Delete", whenScaled: "Delete" } as const;
  const whole = shard({
    durability: { policy: "MULTI_CELL_AT_LEAST_2", instances: 2, cells: 2 },
    pods,
    pools: [{ pool: "main", cell: "a", replicas: 2, policy }, {
      pool: "main",
      cell: "b",
      replicas: 1,
      policy,
    }],
  });
  const first = decideLife(whole);
  assert.ok(first.actions.some((action) => action.kind === "stampDrain" && action.pod === "pod-1"));
  assert.deepEqual(first.facts.findings, []);
  const second = decideLife({
    ...whole,
    pods: pods.map((each) => each.index === 1 ? { ...each, drift: "none" } : each),
  });
  assert.ok(second.actions.some((action) => action.kind === "stampDrain" && action.pod === "pod-b"));
  assert.deepEqual(second.facts.findings.map(({ reason }) => reason), ["WritesInterrupted"]);
});

Deno.test("without a data plane pods are rolled one at a time by readiness", () => {
  assert.deepEqual(actions(withoutDataPlane(withPods(all))), [
    { kind: "stampDrain", pod: "pod-0", state: "requested" },
  ]);
  const second = withoutDataPlane(withPods({ 1: user, 0: { state: { kind: "starting", seconds: 2 } } }));
  assert.deepEqual([actions(second), reason(second)], [[], "InstanceNotSettled"]);
});

Deno.test("while the topology cannot be read nothing that serves is touched", () => {
  const stale = { evidence: { kind: "stale" } } as const;
  const dark = withPods({ 0: { ...user, ...stale }, 1: { ...user, ...stale }, 2: stale }, {
    topology: { kind: "unreachable", why: "timed out" },
  });
  const { actions, wait } = decideLife(dark);
  assert.deepEqual(actions, []);
  assert.match(wait?.message ?? "", /timed out/);
});

Deno.test("pods that never came up are all replaced at once by a change that mends them", () => {
  const looping = {
    ...user,
    state: { kind: "crashLooping", vital: true, why: "container postgres", seconds: 70 },
    evidence: { kind: "stale" },
  } as const;
  const broken = withPods({ 0: looping, 1: looping, 2: looping }, { withoutPrimarySeconds: 100 });
  assert.deepEqual(
    actions(broken),
    [0, 1, 2].map((index) => ({ kind: "deletePod", pod: `pod-${index}`, reason: "broken" })),
  );
});

Deno.test("a looping exporter is no reason to take an instance that serves", () => {
  const looping = {
    ...user,
    state: { kind: "crashLooping", vital: false, why: "container postgres-exporter", seconds: 700 },
  } as const;
  const noisy = withPods({ 0: looping, 1: looping, 2: looping });
  assert.deepEqual(actions(noisy), [{ kind: "stampDrain", pod: "pod-1", state: "requested" }]);
});

Deno.test("a newer template of the operator restarts nothing without consent", () => {
  const older = { 0: { drift: "operator" }, 1: { drift: "operator" } } as const;
  const { actions: none, facts } = decideLife(withPods(older));
  assert.deepEqual(none, []);
  assert.equal(facts.counts.outdated, 2);
  assert.match(facts.rollingUpdate.message, /2 of them/);
  assert.equal(actions(withPods(older, { adoptOperatorChanges: true })).length, 1);
});

Deno.test("a file system that waits for two minutes is a reason to restart, once", () => {
  const waits = (fileSystemPendingSeconds: number, ageSeconds = 86_400) =>
    decideLife(withPods({ 1: { fileSystemPendingSeconds, ageSeconds } }));
  assert.deepEqual([waits(100).actions, waits(100).wait?.seconds], [[], 20]);
  assert.deepEqual(waits(120).actions, [{ kind: "stampDrain", pod: "pod-1", state: "requested" }]);
  assert.deepEqual([waits(500, 400).actions, waits(500, 400).wait], [[], undefined]);
});

Deno.test("a mark whose reason has gone is taken back", () => {
  const drain = { state: "acknowledged", sinceSeconds: 3 } as const;
  assert.deepEqual(actions(withPods({ 1: { drain } })), [{ kind: "clearDrain", pod: "pod-1" }]);
});

Deno.test("settings are reloaded where the pooler answers, and waited for where it does not", () => {
  const reload = { drift: "config-reload" } as const;
  const some = withPods({ 0: reload, 1: { ...reload, evidence: { kind: "stale" } } });
  assert.deepEqual(actions(some), [{ kind: "reloadConfig", pod: "pod-0" }]);
  assert.deepEqual(actions(withoutDataPlane(withPods({ 0: reload }))), []);
});

Deno.test("while a pod is being deleted, a marked one keeps waiting, even if it could go", () => {
  const drain = { state: "requested", sinceSeconds: 2 } as const;
  const state = { kind: "terminating", sinceSeconds: 3, graceSeconds: 30 } as const;
  const pods = [pod(0), pod(1, { ...user, drain }), pod(2), pod(3, { state })];
  const { actions, wait } = decideLife(shard({ pods, claims: [0, 1, 2, 3].map((index) => claim(index)) }));
  assert.deepEqual([actions, wait?.reason], [[], "PodEnding"]);
});

Deno.test("a shard that gets no primary is rolled by readiness, and each new pod has its time to change that", () => {
  const lost = (age: number) =>
    withPods({
      0: { evidence: adrift, ageSeconds: age },
      1: { ...user, evidence: adrift },
      2: { evidence: adrift },
    }, {
      withoutPrimarySeconds: 180,
    });
  assert.deepEqual(actions(lost(90)), [{ kind: "stampDrain", pod: "pod-1", state: "requested" }]);
  assert.deepEqual([actions(lost(89)), reason(lost(89))], [[], "NoPrimary"]);
  assert.deepEqual(actions({ ...lost(90), withoutPrimarySeconds: 179 }), []);
});

Deno.test("a silent instance is not rolled while a broken one that is too many may still have a vote", () => {
  const dead = { state: { kind: "notReady", seconds: 90 }, evidence: { kind: "stale" } } as const;
  const silent = { ...user, evidence: { kind: "stale" } } as const;
  const marked = pod(1, { ...silent, drain: { state: "requested", sinceSeconds: 1 } });
  const { actions, wait } = decideLife(sized(2, { pods: [pod(0), marked, pod(2, dead)] }));
  assert.deepEqual(actions, []);
  assert.match(wait?.message ?? "", /pod-2, which is too many, is not Ready/);
});

Deno.test("a drained instance that was evicted is waited for, as it comes back like any other", () => {
  const evicted = {
    aside: "drained",
    state: { kind: "failed", why: "Evicted" },
    evidence: { kind: "stale" },
  } as const;
  const pods = [pod(0), pod(1, { ...evicted, ageSeconds: 4 }), pod(2, user), pod(3)];
  const whole = shard({ pods, claims: [0, 1, 2, 3].map((index) => claim(index)) });
  assert.deepEqual([actions(whole), reason(whole)], [[], "InstanceNotSettled"]);
});
