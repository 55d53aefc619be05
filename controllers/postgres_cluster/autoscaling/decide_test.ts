import assert from "node:assert/strict";
import fc from "fast-check";
import { storedCluster } from "../../../tests/support/postgres_clusters.ts";
import {
  boundsOf,
  decide,
  type Decision,
  freshHistory,
  type History,
  isActive,
  type Load,
} from "./decide.ts";

function scalingOf(given: object) {
  const { scaling } = storedCluster({ scaling: given }).spec;
  assert.ok(scaling !== undefined);
  return scaling;
}

const both = scalingOf({
  minReplicas: 2,
  maxReplicas: 6,
  metrics: { cpu: { targetUtilization: 50 }, connections: { targetPerReplica: 100 } },
});

interface Run {
  readonly members: number;
  readonly decisions: Decision[];
}

/** Asks every 30 s, as the operator does, and does what is decided. */
function run(
  loads: readonly (Load | "unknown")[],
  more: { current?: number; lagging?: boolean; scaling?: typeof both } = {},
): Run {
  let current = more.current ?? 3;
  let history: History = freshHistory(0);
  const decisions = loads.map((load, at) => {
    const decision = decide({
      scaling: more.scaling ?? both,
      replicas: 3,
      current,
      load: load === "unknown" ? { kind: "unknown", message: "no answer" } : { kind: "known", load, id: at },
      lagging: more.lagging ?? false,
      history,
      now: at * 30,
    });
    history = decision.history;
    current = decision.members;
    return decision;
  });
  return { members: current, decisions };
}

const times = (count: number, load: Load | "unknown") => Array.from({ length: count }, () => load);
const reasons = ({ decisions }: Run) => decisions.map(({ reason }) => reason);

Deno.test("a load that stays high for a minute adds members, two or as many again at a time, up to the most", () => {
  const seen = run(times(6, { cpuPercent: 100 }));
  assert.deepEqual(reasons(seen).slice(0, 3), ["Stabilizing", "Stabilizing", "ScaledOut"]);
  assert.equal(seen.decisions[2]?.members, 6);
  assert.equal(seen.members, 6);
  assert.match(seen.decisions[2]?.message ?? "", /3 to 6 members: CPU use is 100 % \(target 50 %\)/);
  assert.equal(reasons(seen).at(-1), "AtMaximum");
});

Deno.test("a short peak adds nobody", () => {
  const seen = run([{ cpuPercent: 50 }, { cpuPercent: 50 }, { cpuPercent: 50 }, { cpuPercent: 100 }, {
    cpuPercent: 50,
  }]);
  assert.deepEqual(reasons(seen), [
    "WithinTarget",
    "WithinTarget",
    "WithinTarget",
    "Stabilizing",
    "WithinTarget",
  ]);
});

Deno.test("a load that stays low for five minutes takes members away one a minute, down to the least", () => {
  const seen = run(times(20, { cpuPercent: 5 }), { current: 5 });
  const at = seen.decisions.flatMap(({ reason }, index) => reason === "ScaledIn" ? [index * 30] : []);
  assert.deepEqual(at, [300, 360, 420]);
  assert.equal(seen.members, 2);
  assert.equal(reasons(seen).at(-1), "AtMinimum");
});

Deno.test("one look at a higher load within five minutes keeps all members", () => {
  const loads = times(11, { cpuPercent: 5 });
  loads[5] = { cpuPercent: 50 };
  assert.equal(run(loads, { current: 3 }).members, 3);
});

Deno.test("the measure that asks for more counts", () => {
  assert.equal(run(times(3, { cpuPercent: 10, activeSessions: 390 })).members, 4);
  assert.equal(run(times(3, { cpuPercent: 80, activeSessions: 10 })).members, 5);
});

Deno.test("while a standby lags nobody is added, but members may go", () => {
  assert.deepEqual(
    new Set(reasons(run(times(5, { cpuPercent: 100 }), { lagging: true }))),
    new Set(["ScaleOutPaused"]),
  );
  assert.equal(run(times(11, { cpuPercent: 1 }), { lagging: true }).members, 2);
});

Deno.test("nobody knows the load, so nothing changes and it is said", () => {
  const seen = run(times(20, "unknown"));
  assert.deepEqual(new Set(reasons(seen)), new Set(["NoMetrics"]));
  assert.equal(seen.members, 3);
});

Deno.test("bounds that moved are followed at once", () => {
  assert.equal(run(["unknown"], { current: 9 }).members, 6);
  assert.equal(run(["unknown"], { current: 1 }).members, 2);
});

Deno.test("scaling is on only with room above the replicas that are asked for, and never goes to none", () => {
  assert.equal(isActive(undefined, 3), false);
  assert.equal(isActive(scalingOf({ maxReplicas: 3 }), 3), false);
  assert.equal(isActive(scalingOf({ maxReplicas: 4 }), 3), true);
  assert.deepEqual(boundsOf(scalingOf({ minReplicas: 0, maxReplicas: 4 }), 3), { least: 3, most: 4 });
});

Deno.test("whatever the load, bounds and rates are kept", () => {
  const loads = fc.array(
    fc.oneof(fc.constant("unknown" as const), fc.record({ cpuPercent: fc.integer({ min: 0, max: 400 }) })),
    {
      maxLength: 40,
    },
  );
  fc.assert(fc.property(loads, fc.integer({ min: 2, max: 6 }), (given, current) => {
    const { decisions } = run(given, { current });
    const counts = [current, ...decisions.map(({ members }) => members)];
    for (const [at, members] of counts.entries()) {
      assert.ok(members >= 2 && members <= 6);
      const minute = counts.slice(Math.max(0, at - 2), at + 1);
      const gone = minute.slice(1).reduce(
        (sum, each, index) => sum + Math.max(0, (minute[index] ?? 0) - each),
        0,
      );
      assert.ok(gone <= 1, `${gone} members went within a minute`);
    }
  }));
});
