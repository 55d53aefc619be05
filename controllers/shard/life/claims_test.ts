import assert from "node:assert/strict";
import { claim, place, pod, shard, sized, withPods } from "../../../tests/support/shard_models.ts";
import { decideLife } from "./decide.ts";
import type { LifeClaim, LifeShard } from "./model.ts";

const looping = {
  state: { kind: "crashLooping", vital: true, why: "container postgres", seconds: 9 },
} as const;

function withClaim(changes: Partial<LifeClaim>, rest: Partial<LifeShard> = {}): LifeShard {
  return shard({ claims: [claim(0), claim(1, changes), claim(2)], ...rest });
}

Deno.test("a claim grows while its pod is down and the topology is away", () => {
  const down = withPods({ 1: looping }, {
    claims: [claim(0), claim(1, { wantedBytes: 20 }), claim(2)],
    topology: { kind: "unreachable", why: "refused" },
  });
  assert.deepEqual(decideLife(down).actions, [{ kind: "growClaim", claim: "claim-1", bytes: 20 }]);
});

Deno.test("the claim for backups grows like any other", () => {
  const { slot: _none, ...backup } = claim(9, { name: "backup", wantedBytes: 20 });
  const whole = shard({ claims: [...shard().claims, backup] });
  assert.deepEqual(decideLife(whole).actions, [{ kind: "growClaim", claim: "backup", bytes: 20 }]);
});

Deno.test("a class that cannot grow is a refusal with a remedy, and all else goes on", () => {
  const whole = withClaim({ wantedBytes: 20, growable: false }, {
    pods: withPods({ 2: { drift: "user" } }).pods,
  });
  const { actions, facts } = decideLife(whole);
  assert.deepEqual(actions, [{ kind: "stampDrain", pod: "pod-2", state: "requested" }]);
  assert.deepEqual(facts.findings.map(({ reason, subject }) => [reason, subject]), [
    ["StorageCannotGrow", "claim-1"],
  ]);
  assert.match(facts.findings[0]?.message ?? "", /10 bytes, wanted are 20; set allowVolumeExpansion/);
});

Deno.test("a claim is never shrunk", () => {
  const { actions, wait, facts } = decideLife(withClaim({ wantedBytes: 5 }));
  assert.deepEqual([actions, wait], [[], undefined]);
  assert.deepEqual(facts.findings.map(({ reason }) => reason), ["StorageShrinkRefused"]);
});

Deno.test("lost and ending claims are neither grown nor judged", () => {
  const lost = withClaim({ wantedBytes: 20, lost: true });
  assert.ok(!decideLife(lost).actions.some(({ kind }) => kind === "growClaim"));
  assert.deepEqual(decideLife(withClaim({ wantedBytes: 5, terminating: true })).facts.findings, []);
});

Deno.test("a claim in use loses its mark, the one for backups too", () => {
  const { slot: _none, ...backup } = claim(9, { name: "backup", orphan: true });
  const whole = shard({ claims: [claim(0, { orphan: true }), claim(1), claim(2), backup] });
  assert.deepEqual(decideLife(whole).actions, [
    { kind: "clearOrphan", claim: "claim-0" },
    { kind: "clearOrphan", claim: "backup" },
  ]);
});

Deno.test("an orphan whose slot is wanted again is taken back before its pod is made", () => {
  const whole = sized(4, {
    claims: [claim(0), claim(1), claim(2), claim(3, { orphan: true, owned: false })],
  });
  assert.deepEqual(decideLife(whole).actions, [
    { kind: "clearOrphan", claim: "claim-3" },
    { kind: "setOwner", claim: "claim-3" },
    { kind: "createPod", slot: { ...place, index: 3 } },
  ]);
});

Deno.test("claims are owned exactly when they go with the shard", () => {
  const retain = { whenDeleted: "Retain", whenScaled: "Delete" } as const;
  const whole = shard({ pools: [{ ...place, replicas: 3, policy: retain }] });
  assert.deepEqual(
    decideLife(whole).actions,
    [0, 1, 2].map((index) => ({
      kind: "clearOwner",
      claim: `claim-${index}`,
    })),
  );
  assert.deepEqual(decideLife(withClaim({ owned: false })).actions, [{ kind: "setOwner", claim: "claim-1" }]);
});

Deno.test("a claim whose pod went some other way is marked, never deleted, and only while a primary leads", () => {
  const left = (changes: Partial<LifeShard> = {}) =>
    shard({ claims: [0, 1, 2, 3, 4].map((i) => claim(i)), ...changes });
  const marks = decideLife(left()).actions.filter(({ kind }) => kind === "markOrphan");
  assert.deepEqual(marks, [{ kind: "markOrphan", claim: "claim-3" }, {
    kind: "markOrphan",
    claim: "claim-4",
  }]);
  const stray = left({ strays: [{ id: "p-3", slot: { ...place, index: 3 } }] });
  assert.deepEqual(decideLife(stray).actions.filter(({ kind }) => kind !== "clearOwner"), [
    { kind: "markOrphan", claim: "claim-4" },
    { kind: "markShutdown", pooler: "p-3" },
  ]);
  const dark = left({ topology: { kind: "unreachable", why: "refused" } });
  assert.deepEqual(decideLife(dark).actions, []);
});

Deno.test("a lost volume is told and left to people; nothing is made on it", () => {
  const whole = shard({ pods: [pod(0), pod(2)], claims: [claim(0), claim(1, { lost: true }), claim(2)] });
  const { actions, facts } = decideLife(whole);
  assert.deepEqual(actions, []);
  assert.deepEqual(facts.findings.map(({ reason, subject }) => [reason, subject]), [[
    "VolumeLost",
    "claim-1",
  ]]);
});

Deno.test("a claim that ends is waited for, and then made again with its pod", () => {
  const ending = shard({
    pods: [pod(0), pod(2)],
    claims: [claim(0), claim(1, { terminating: true }), claim(2)],
  });
  const waited = decideLife(ending);
  assert.deepEqual([waited.actions, waited.wait?.reason], [[], "ClaimEnding"]);
  const gone = decideLife(shard({ pods: [pod(0), pod(2)], claims: [claim(0), claim(2)] }));
  assert.deepEqual(gone.actions.map(({ kind }) => kind), ["createClaim", "createPod"]);
});
