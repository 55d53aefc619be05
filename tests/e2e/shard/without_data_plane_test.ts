import assert from "node:assert/strict";
import { waitUntil } from "../../ground/wait_for.ts";
import { SETTLED_MS } from "../../support/quiet.ts";
import { asked, conditionOf, shardTest, untilQuiet } from "./support.ts";

/** Longer than poolers take to register, and than nobody may register, in seconds. */
const REGISTRATION = 10;
const GRACE = 125;

shardTest(
  "pods without a data plane are judged by their readiness, for two minutes",
  { plane: "none" },
  async (stage) => {
    await stage.apply();
    await using operator = stage.operator();
    await stage.until("all pods Ready", ({ status }) => status?.readyReplicas === 3);
    const early = await stage.untilPhase("Progressing");
    assert.equal(conditionOf(early, "Available"), "False/PoolersAwaited");
    stage.clock.turn(REGISTRATION);
    const seen = await stage.untilPhase("Healthy");
    assert.equal(conditionOf(seen, "Available"), "True/AllPodsReady");
    assert.equal(conditionOf(seen, "Ready"), "Unknown/NoEvidence");
    await untilQuiet(operator, SETTLED_MS);
    const before = asked(operator).length;
    await untilQuiet(operator, SETTLED_MS);
    assert.deepEqual(asked(operator).slice(before), []);
    stage.clock.turn(GRACE);
    const late = await stage.untilPhase("Unknown");
    assert.match(late.status?.message ?? "", /No pooler has registered within 120 s/);
    assert.equal(conditionOf(late, "PrimaryAvailable"), "Unknown/NoEvidence");
  },
);

shardTest(
  "an operator that starts anew on pods without a data plane writes nothing",
  { plane: "none" },
  async (stage) => {
    await stage.apply();
    {
      await using operator = stage.operator();
      await stage.until("all pods Ready", ({ status }) => status?.readyReplicas === 3);
      stage.clock.turn(REGISTRATION);
      await stage.untilPhase("Healthy");
      await untilQuiet(operator, SETTLED_MS);
    }
    await using second = stage.operator();
    await waitUntil("its first lists", () => second.manager.readiness().ready, (ready) => ready);
    await untilQuiet(second, SETTLED_MS);
    assert.deepEqual(second.transport.writes, []);
  },
);
