import assert from "node:assert/strict";
import fc from "fast-check";
import { POSTGRES_UPGRADE_PHASES } from "../../api/smoketurner/postgres_upgrade/status.ts";
import { BEFORE_CUTOVER, type Facts, FINAL, nextTransition, type Phase, TRANSITIONS } from "./phases.ts";

/** What would end most walks early. */
const rarely = fc.nat(150).map((number) => number === 0);

const facts: fc.Arbitrary<Facts> = fc.record({
  hopeless: rarely,
  late: rarely,
  superseded: rarely,
  sourceFit: fc.boolean(),
  targetRunning: fc.boolean(),
  followed: fc.boolean(),
  caughtUp: fc.boolean(),
  cleanChecks: fc.nat(4),
  neededChecks: fc.integer({ min: 1, max: 4 }),
  mismatch: fc.boolean(),
  sequencesSet: fc.boolean(),
  automatic: fc.boolean(),
  cutoverAsked: fc.boolean(),
  cutoverSafe: fc.boolean(),
  windowOpen: fc.boolean(),
  backupFresh: fc.boolean(),
  switched: fc.boolean(),
  healthy: fc.boolean(),
  rollingBack: rarely,
  rolledBack: rarely,
});

/** Everything stands well, and nobody asks for anything. */
const quiet: Facts = {
  hopeless: false,
  late: false,
  superseded: false,
  sourceFit: true,
  targetRunning: true,
  followed: true,
  caughtUp: true,
  cleanChecks: 3,
  neededChecks: 3,
  mismatch: false,
  sequencesSet: true,
  automatic: false,
  cutoverAsked: false,
  cutoverSafe: true,
  windowOpen: true,
  backupFresh: true,
  switched: true,
  healthy: true,
  rollingBack: false,
  rolledBack: false,
};

interface Step {
  readonly from: Phase;
  readonly to: Phase;
  readonly facts: Facts;
}

function walk(all: readonly Facts[]): Step[] {
  let phase: Phase = "Pending";
  const steps: Step[] = [];
  for (const seen of all) {
    const transition = nextTransition(phase, seen);
    if (transition === undefined) continue;
    steps.push({ from: phase, to: transition.to, facts: seen });
    phase = transition.to;
  }
  return steps;
}

/** What must have been true at the moment of a step, by where it leads. */
const DEMANDS: Readonly<Partial<Record<Phase, (seen: Facts) => boolean>>> = {
  RolledBack: ({ rolledBack }) => rolledBack,
  Failed: ({ hopeless, late }) => hopeless || late,
  CreatingTarget: ({ sourceFit }) => sourceFit,
  SyncingSequences: ({ cleanChecks, neededChecks, mismatch }) => cleanChecks >= neededChecks && !mismatch,
  HealthChecking: ({ switched }) => switched,
  Completed: ({ healthy }) => healthy,
};

function objectionTo({ from, to, facts: seen }: Step): string | undefined {
  if (DEMANDS[to]?.(seen) === false) return `${to} against what it demands`;
  if (to === "RolledBack" || to === "Failed") return undefined;
  if (seen.rollingBack || seen.hopeless) return "went forward against the odds";
  return to === "CuttingOver" ? objectionToCutover(from, seen) : undefined;
}

function objectionToCutover(from: Phase, seen: Facts): string | undefined {
  if (from === "Pending") return seen.superseded ? undefined : "no cutover had begun";
  if (!seen.cutoverSafe || seen.mismatch) return "cut over unsafely";
  if (from === "WaitingForManualCutover") return seen.cutoverAsked ? undefined : "nobody asked";
  return seen.automatic && seen.windowOpen && seen.backupFresh ? undefined : "not allowed by itself";
}

Deno.test("no walk, whatever happens, skips what must hold", () => {
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 60 }), (all) => {
      assert.deepEqual(walk(all).map(objectionTo).filter((each) => each !== undefined), []);
    }),
    { numRuns: 500, seed: 23 },
  );
});

Deno.test("no walk reaches the cutover but by verification, sequences, and a gate", () => {
  let reached = 0;
  const way: Phase[] = ["ReadyForCutover", "SyncingSequences", "Verifying", "Replicating"];
  fc.assert(
    fc.property(fc.array(facts, { minLength: 80, maxLength: 120 }), (all) => {
      const steps = walk(all.map((each) => ({ ...each, superseded: false })));
      const at = steps.findIndex(({ to }) => to === "CuttingOver");
      if (at < 0) return;
      reached++;
      const visited = new Set(steps.slice(0, at).map(({ to }) => to));
      assert.deepEqual(way.filter((phase) => !visited.has(phase)), []);
    }),
    { numRuns: 500, seed: 23 },
  );
  assert.ok(reached > 100, `only ${reached} walks came so far`);
});

Deno.test("an upgrade that stands well goes phase by phase, and stops at the gate until it is asked", () => {
  const phases: Phase[] = ["Pending"];
  for (let at = 0; at < 20; at++) {
    const next = nextTransition(phases.at(-1) ?? "Pending", quiet);
    if (next !== undefined) phases.push(next.to);
  }
  assert.deepEqual(phases, ["Pending", ...BEFORE_CUTOVER]);
  assert.equal(
    nextTransition("WaitingForManualCutover", { ...quiet, late: true }),
    undefined,
    "no hidden deadline",
  );
  assert.equal(
    nextTransition("ReadyForCutover", { ...quiet, automatic: true, windowOpen: false, late: true }),
    undefined,
  );
  assert.equal(nextTransition("CuttingOver", { ...quiet, switched: false, late: true }), undefined);
  assert.equal(
    nextTransition("WaitingForManualCutover", { ...quiet, cutoverAsked: true })?.to,
    "CuttingOver",
  );
});

Deno.test("final phases are left by a rollback alone", () => {
  for (const phase of FINAL) {
    const ways = TRANSITIONS.filter(({ from }) => from === phase).map(({ to }) => to);
    assert.deepEqual(ways, phase === "RolledBack" ? [] : ["RolledBack"]);
  }
});

Deno.test("every phase can be reached, and every one but the last can be left", () => {
  for (const phase of POSTGRES_UPGRADE_PHASES) {
    assert.ok(phase === "Pending" || TRANSITIONS.some(({ to }) => to === phase), phase);
    assert.ok(phase === "RolledBack" || TRANSITIONS.some(({ from }) => from === phase), phase);
  }
});
