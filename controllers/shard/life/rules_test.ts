/** The rules of the simulated world see what they must see, and the walks come upon what they are about. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { freshCache, observe } from "../../../tests/support/shard_world/observe.ts";
import { assertAllowed } from "../../../tests/support/shard_world/rules.ts";
import { leaderOf } from "../../../tests/support/shard_world/turn.ts";
import { Life, live, type Walk } from "../../../tests/support/shard_world/walk.ts";
import { walks } from "../../../tests/support/shard_world/arbitrary_walks.ts";
import type { LifeAction } from "./actions.ts";

const three: Walk = {
  seed: 3,
  policy: "AT_LEAST_2",
  dataPlane: true,
  groups: [{ pool: "main", cell: "a", replicas: 3 }],
  events: [],
  end: "stays",
  whenDeleted: "Delete",
};

function refused(life: Life, action: LifeAction, rule: RegExp): void {
  const { world } = life;
  assert.throws(() => assertAllowed(world, observe(world, freshCache(world), 0), action), { message: rule });
}

Deno.test("each rule refuses what it forbids", () => {
  const life = new Life(three);
  life.rest();
  const { world } = life;
  const leader = leaderOf(world);
  const others = [...world.pods.values()].filter((pod) => pod !== leader);
  const [first, second] = others;
  if (leader === undefined || first === undefined || second === undefined) {
    throw new Error("three pods are there");
  }
  const slot = { pool: "main", cell: "a", index: 0 };
  const gone = (pod: { name: string }, reason: "rollout" | "broken" | "scaleDown" | "removal") =>
    ({ kind: "deletePod", pod: pod.name, reason }) as const;
  refused(life, gone(leader, "rollout"), /hands over/);
  refused(life, gone(first, "broken"), /not deleted as broken/);
  refused(life, gone(first, "removal"), /orchestrators go before pods/);
  refused(life, { kind: "stopOrchestrators" }, /orchestrators stay/);
  refused(life, { kind: "markOrphan", claim: "data-main-a-0" }, /used is no orphan/);
  refused(life, { kind: "markOrphan", claim: "backup" }, /backups is no orphan/);
  refused(life, { kind: "deleteClaim", claim: "backup", reason: "scaleDown" }, /backups stays/);
  refused(life, { kind: "deleteClaim", claim: `data-${first.name}`, reason: "rebuild" }, /only quarantined/);
  refused(
    life,
    { kind: "deleteClaim", claim: `data-${first.name}`, reason: "scaleDown" },
    /last volumes survive/,
  );
  refused(
    life,
    { kind: "deleteClaim", claim: `data-${leader.name}`, reason: "rebuild" },
    /where others have it/,
  );
  refused(life, { kind: "growClaim", claim: "backup", bytes: 1 }, /only grow/);
  refused(life, { kind: "createPod", slot: { ...slot, index: 6 } }, /only wanted slots/);
  refused(life, { kind: "markShutdown", pooler: first.name }, /only poolers without pod/);
  world.downByUs.set("main/a/9", { ...slot, index: 9 });
  refused(life, gone(first, "rollout"), /one pod of the shard at a time/);
  world.downByUs.clear();
  second.process = undefined;
  refused(life, gone(first, "rollout"), /durability is kept/);
  refused(life, gone(first, "scaleDown"), /never goes below/);
  first.process = undefined;
  refused(life, { kind: "switchPrimary", pod: leader.name, timeoutSeconds: 1 }, /can take over/);
  world.removal = { kind: "prepare", at: world.now };
  refused(life, { kind: "createPod", slot }, /nothing is made/);
});

Deno.test("the random walks come upon every kind of action, and every reason to delete", () => {
  const seen = new Set<string>();
  for (const walk of fc.sample(walks, { seed: 20_261_121, numRuns: 400 })) {
    for (const line of live(walk).operator.log) {
      for (const [, word] of line.matchAll(/"(?:kind|reason|state)":"(\w+)"/g)) seen.add(word ?? "");
    }
  }
  const expected = [
    ...["createClaim", "growClaim", "markOrphan", "clearOrphan", "setOwner", "clearOwner", "deleteClaim"],
    ...[
      "createPod",
      "deletePod",
      "stampDrain",
      "clearDrain",
      "switchPrimary",
      "reloadConfig",
      "markShutdown",
    ],
    ...["stopOrchestrators", "ended", "broken", "rollout", "resize", "scaleDown", "rebuild", "removal"],
    ...["requested", "draining", "acknowledged", "readyForDeletion"],
  ];
  assert.deepEqual(expected.filter((word) => !seen.has(word)), []);
});
