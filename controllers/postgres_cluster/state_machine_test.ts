import assert from "node:assert/strict";
import fc from "fast-check";
import { POSTGRES_CLUSTER_PHASES } from "../../api/smoketurner/postgres_cluster/status.ts";
import { type Facts, isWell, nextTransition, type Phase, TRANSITIONS } from "./state_machine.ts";

const quiet: Facts = {
  deleting: false,
  superseded: false,
  failed: false,
  applied: true,
  ready: 3,
  desired: 3,
  contradicted: false,
  countChanged: false,
  surplus: false,
  rolling: false,
  specChanged: false,
  stuck: false,
};

const phases = fc.constantFrom(...POSTGRES_CLUSTER_PHASES);
const facts: fc.Arbitrary<Facts> = fc.record({
  deleting: fc.boolean(),
  superseded: fc.boolean(),
  failed: fc.boolean(),
  applied: fc.boolean(),
  ready: fc.integer({ min: 0, max: 5 }),
  desired: fc.integer({ min: 1, max: 5 }),
  contradicted: fc.boolean(),
  countChanged: fc.boolean(),
  surplus: fc.boolean(),
  rolling: fc.boolean(),
  specChanged: fc.boolean(),
  stuck: fc.boolean(),
});

/** Where looks at the same facts lead, one after the other. */
function walk(phase: Phase, seen: Facts): Phase[] {
  const path: Phase[] = [phase];
  for (let step = 0; step < 12; step++) {
    const next = nextTransition(path.at(-1) ?? phase, seen);
    if (next === undefined) return path;
    path.push(next.to);
    // What is news in one look is none in the next.
    seen = { ...seen, countChanged: false, specChanged: false };
  }
  return path;
}

Deno.test("no phase has two answers to one event, and each row says what it means", () => {
  const keys = TRANSITIONS.map(({ from, event }) => `${from} ${event}`);
  assert.equal(new Set(keys).size, keys.length);
  for (const { sentence, from, to } of TRANSITIONS) {
    assert.ok(sentence.length > 10);
    assert.notEqual(from, to);
  }
});

Deno.test("every phase is reached by some facts, and Deleting is the end", () => {
  const reached = new Set<Phase>(["Pending", ...TRANSITIONS.map(({ to }) => to)]);
  assert.deepEqual([...reached].sort(), [...POSTGRES_CLUSTER_PHASES].sort());
  assert.equal(TRANSITIONS.some(({ from }) => from === "Deleting"), false);
  assert.deepEqual(TRANSITIONS.filter(({ from }) => from === "Superseded").map(({ to }) => to), ["Deleting"]);
});

Deno.test("from any phase a cluster that is well comes to Running, unless it goes or was replaced", () => {
  fc.assert(fc.property(phases, (phase) => {
    if (phase === "Deleting" || phase === "Superseded") return;
    assert.equal(walk(phase, quiet).at(-1), "Running");
  }));
});

Deno.test("the same facts lead to one phase and stay there: nothing flaps", () => {
  fc.assert(
    fc.property(phases, facts, (phase, seen) => {
      const path = walk(phase, seen);
      assert.ok(path.length < 8, path.join(" > "));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a cluster says Running only while it is well and as it is asked for", () => {
  fc.assert(
    fc.property(phases, facts, (phase, seen) => {
      const end = walk(phase, seen).at(-1);
      if (end !== "Running") return;
      assert.ok(isWell(seen) && !seen.failed && !seen.deleting && !seen.superseded && !seen.surplus);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("deletion and replacement win over everything else", () => {
  fc.assert(fc.property(phases, facts, (phase, seen) => {
    if (phase !== "Deleting") assert.equal(walk(phase, { ...seen, deleting: true }).at(-1), "Deleting");
    if (phase === "Deleting" || phase === "Superseded") return;
    assert.equal(walk(phase, { ...seen, deleting: false, superseded: true }).at(-1), "Superseded");
  }));
});

Deno.test("a status that was wiped while members run comes back to Running", () => {
  assert.deepEqual(walk("Pending", quiet), ["Pending", "Creating", "Running"]);
});

Deno.test("a cluster without a single ready member is not Running", () => {
  assert.deepEqual(walk("Running", { ...quiet, ready: 0 }), ["Running", "Degraded"]);
});

Deno.test("scaling, degradation and recovery are phases of their own", () => {
  assert.equal(nextTransition("Running", { ...quiet, countChanged: true })?.to, "Scaling");
  assert.equal(nextTransition("Running", { ...quiet, contradicted: true })?.to, "Degraded");
  assert.deepEqual(walk("Failed", quiet), ["Failed", "Recovering", "Running"]);
  assert.deepEqual(walk("Failed", { ...quiet, ready: 1 }), ["Failed", "Recovering"]);
});
