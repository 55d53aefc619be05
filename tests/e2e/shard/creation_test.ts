import assert from "node:assert/strict";
import { waitUntil } from "../../ground/wait_for.ts";
import { SETTLED_MS } from "../../support/quiet.ts";
import { asked, conditionOf, shardTest, untilQuiet } from "./support.ts";

const conditions = ["Available", "Ready", "PrimaryAvailable"] as const;

shardTest(
  "a shard is Healthy when its primary accepts writes and all others stream, and not before",
  {},
  async (stage) => {
    const { plane } = stage;
    await stage.apply();
    await using operator = stage.operator();
    const early: string[] = [];
    const seen = await stage.until("Healthy", ({ status }) => {
      const phase = status?.phase ?? "none";
      if (!plane.writable()) early.push(phase);
      return phase === "Healthy";
    });
    assert.ok(plane.writable());
    assert.ok(!early.includes("Healthy"), early.join());
    assert.deepEqual(conditions.map((type) => conditionOf(seen, type)), [
      "True/PrimarySeen",
      "True/AllServing",
      "True/PrimarySeen",
    ]);
    const roles = Object.entries(seen.status?.podRoles ?? {});
    assert.equal(roles.length, 3);
    assert.deepEqual(roles.filter(([, role]) => role === "PRIMARY").map(([pod]) => pod), [plane.primary()]);
    assert.deepEqual([seen.status?.readyReplicas, seen.status?.poolsReady, seen.status?.orchReady], [
      3,
      true,
      true,
    ]);
    await untilQuiet(operator, SETTLED_MS);
    const before = asked(operator).length;
    await untilQuiet(operator, SETTLED_MS);
    assert.deepEqual(asked(operator).slice(before), []);
  },
);

shardTest(
  "a settled shard costs no request, and an operator that starts anew writes nothing",
  {},
  async (stage) => {
    await stage.apply();
    {
      await using operator = stage.operator();
      await stage.untilSettled();
      await untilQuiet(operator, SETTLED_MS);
    }
    await using second = stage.operator();
    await waitUntil("its first lists", () => second.manager.readiness().ready, (ready) => ready);
    await untilQuiet(second, SETTLED_MS);
    assert.deepEqual(second.transport.writes, []);
  },
);

shardTest("volumes are asked for before anything else is made", {}, async (stage) => {
  await stage.apply();
  await using operator = stage.operator();
  await stage.untilSettled();
  const { writes } = operator.transport;
  const others = writes.findIndex((write) =>
    /\/(configmaps|secrets|services|deployments|poddisruptionbudgets|pods)\b/.test(write)
  );
  const claims = writes.slice(0, others).filter((write) => write.includes("/persistentvolumeclaims"));
  assert.equal(claims.length, 4, `three of instances, and the one for backups: ${writes.join("\n")}`);
});
