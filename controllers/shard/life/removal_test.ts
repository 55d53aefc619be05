import assert from "node:assert/strict";
import { claim, place, pod, shard, withPods } from "../../../tests/support/shard_models.ts";
import { decideLife } from "./decide.ts";
import type { LifeShard } from "./model.ts";

const prepare = { kind: "prepare", sinceSeconds: 5 } as const;
const deletion = { kind: "delete", sinceSeconds: 5 } as const;
const gone = { orchestrators: { kind: "gone" } } as const;
const dark = { topology: { kind: "unreachable", why: "refused" } } as const;

Deno.test("orchestrators end before any pod does, but not for ever", () => {
  for (const removal of [prepare, deletion]) {
    assert.deepEqual(decideLife(shard({ removal })).actions, [{ kind: "stopOrchestrators" }]);
    const ending = (sinceSeconds: number) =>
      shard({ removal, orchestrators: { kind: "ending", sinceSeconds } });
    assert.deepEqual(decideLife(ending(59)).actions, []);
    assert.equal(decideLife(ending(60)).actions[0]?.kind, "deletePod");
  }
});

Deno.test("standbys go first and together, then the primary", () => {
  const all = shard({ removal: prepare, ...gone });
  assert.deepEqual(decideLife(all).actions, [
    { kind: "deletePod", pod: "pod-1", reason: "removal" },
    { kind: "deletePod", pod: "pod-2", reason: "removal" },
  ]);
  const last = { ...all, pods: [pod(0)] };
  assert.deepEqual(decideLife(last).actions, [{ kind: "deletePod", pod: "pod-0", reason: "removal" }]);
});

Deno.test("a pod that is stuck counts as gone, and is told", () => {
  const state = { kind: "terminating", sinceSeconds: 90, graceSeconds: 30 } as const;
  const stuck = shard({ removal: deletion, ...gone, pods: [pod(0, { state })] });
  const { actions, facts } = decideLife(stuck);
  assert.deepEqual(actions.map(({ kind }) => kind), ["deleteClaim", "deleteClaim", "deleteClaim"]);
  assert.deepEqual(facts.findings.map(({ reason }) => reason), ["StuckTerminating"]);
});

Deno.test("nothing is made, grown or rolled while a shard is removed", () => {
  const claims = [claim(0, { wantedBytes: 20 }), claim(1, { orphan: true })];
  const whole = withPods({ 1: { drift: "user" } }, { removal: prepare, ...gone, claims });
  assert.ok(decideLife({ ...whole, pods: [pod(0)] }).actions.every(({ kind }) => kind === "deletePod"));
});

Deno.test("a removal that is prepared ends with all poolers marked, and leaves the claims as they are", () => {
  const strays = [{ id: "p-0", slot: { ...place, index: 0 } }];
  const marked = shard({ removal: prepare, ...gone, pods: [], strays });
  const first = decideLife(marked);
  assert.deepEqual(first.actions, [{ kind: "markShutdown", pooler: "p-0" }]);
  assert.equal(first.facts.removal?.done, false);
  const { actions, wait, facts } = decideLife({ ...marked, strays: [] });
  assert.deepEqual([actions, wait, facts.removal], [[], undefined, { done: true }]);
});

Deno.test("without the topology a preparation waits five minutes, then goes on and tells", () => {
  const without = (sinceSeconds: number) =>
    decideLife(shard({ removal: { kind: "prepare", sinceSeconds }, ...gone, ...dark, pods: [] }));
  assert.deepEqual([without(299).wait?.reason, without(299).facts.removal?.done], [
    "TopologyUnreachable",
    false,
  ]);
  assert.deepEqual(without(300).facts.findings.map(({ reason }) => reason), ["TopologyNotMarked"]);
  assert.equal(without(300).facts.removal?.done, true);
});

Deno.test("deletion with policy Delete leaves nothing: neither data, nor orphans, nor the claim for backups", () => {
  const { slot: _none, ...backup } = claim(9, { name: "backup" });
  const claims = [claim(0), claim(7, { orphan: true, owned: false }), backup];
  const whole: LifeShard = shard({ removal: deletion, ...gone, ...dark, pods: [], claims });
  const { actions, facts } = decideLife(whole);
  assert.deepEqual(
    actions,
    ["claim-0", "claim-7", "backup"].map((name) => ({
      kind: "deleteClaim",
      claim: name,
      reason: "removal",
    })),
  );
  assert.equal(facts.removal?.done, false);
  const ending = claims.map((each) => ({ ...each, terminating: true }));
  assert.deepEqual(decideLife({ ...whole, claims: ending }).facts.removal, { done: true });
});

Deno.test("deletion with policy Retain lets the claims go, without owner or new mark", () => {
  const policy = { whenDeleted: "Retain", whenScaled: "Delete" } as const;
  const whole = shard({
    removal: deletion,
    ...gone,
    pods: [],
    policy,
    pools: [{ ...place, replicas: 3, policy }],
    claims: [claim(0), claim(1, { owned: false })],
  });
  assert.deepEqual(decideLife(whole).actions, [{ kind: "clearOwner", claim: "claim-0" }]);
});
