import assert from "node:assert/strict";
import {
  adrift,
  pod,
  primary,
  shard,
  standby,
  withoutDataPlane,
} from "../../../tests/support/shard_models.ts";
import { serves, takesNothing } from "./health.ts";
import type { Evidence, LifePod, LifeShard, PodState, Topology } from "./model.ts";
import { viewOf } from "./view.ts";

const looping = (seconds: number, vital = true): PodState => ({
  kind: "crashLooping",
  vital,
  why: "container postgres",
  seconds,
});
const none: Evidence = { kind: "none" };
const stale: Evidence = { kind: "stale" };
const known: Topology = { kind: "known" };
const dark: Topology = { kind: "unreachable", why: "refused" };

Deno.test("a pod takes nothing away with it only when it surely does no work", () => {
  const rows: [PodState, Evidence, Topology, boolean][] = [
    [{ kind: "pending", unschedulable: true, seconds: 1 }, stale, known, true],
    [{ kind: "failed", why: "Evicted" }, stale, dark, true],
    [{ kind: "succeeded" }, standby, known, true],
    [{ kind: "ready" }, stale, known, false],
    [{ kind: "ready" }, adrift, known, false],
    [{ kind: "terminating", sinceSeconds: 900, graceSeconds: 30 }, stale, known, false],
    [{ kind: "starting", seconds: 1 }, none, known, true],
    [{ kind: "starting", seconds: 59 }, adrift, known, false],
    [{ kind: "starting", seconds: 60 }, adrift, known, true],
    [{ kind: "notReady", seconds: 900 }, standby, known, false],
    [{ kind: "notReady", seconds: 900 }, primary, known, false],
    [{ kind: "notReady", seconds: 59 }, stale, known, false],
    [{ kind: "notReady", seconds: 60 }, stale, known, true],
    [{ kind: "notReady", seconds: 900 }, stale, dark, false],
    [looping(60), stale, known, true],
    [looping(900, false), stale, known, false],
    [looping(900, false), none, known, false],
  ];
  for (const [state, evidence, topology, expected] of rows) {
    const whole = shard({ topology, pods: [pod(0), pod(1, { state, evidence }), pod(2)] });
    const [, judged] = whole.pods;
    assert.ok(judged !== undefined);
    assert.equal(
      takesNothing(viewOf(whole), judged),
      expected,
      JSON.stringify([state, evidence.kind, topology]),
    );
  }
});

Deno.test("an instance serves by its own answer, and by readiness only where nobody answers ever", () => {
  const served = (changes: Partial<LifePod>, rest: (whole: LifeShard) => LifeShard = (whole) => whole) => {
    const whole = rest(shard({ pods: [pod(0), pod(1, changes), pod(2)] }));
    const judged = whole.pods[1];
    return judged !== undefined && serves(viewOf(whole), judged);
  };
  assert.ok(served({}));
  assert.ok(served({ state: { kind: "notReady", seconds: 5 } }));
  assert.ok(!served({ evidence: adrift }));
  assert.ok(!served({ evidence: { ...standby, inCohort: false } }));
  assert.ok(!served({ evidence: { ...standby, active: false } }));
  assert.ok(!served({ aside: "drained" }));
  assert.ok(!served({ state: { kind: "terminating", sinceSeconds: 0, graceSeconds: 30 } }));
  assert.ok(served({}, withoutDataPlane));
  assert.ok(!served({ state: { kind: "notReady", seconds: 5 } }, withoutDataPlane));
  assert.ok(!served({}, (whole) => ({ ...whole, topology: dark })));
});
