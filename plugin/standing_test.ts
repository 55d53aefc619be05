import assert from "node:assert/strict";
import { conditionsOf, standingOf, type Told, waitingOf } from "./standing.ts";

const object = (generation: number, status?: Told["status"]): Told => ({
  apiVersion: "v1",
  kind: "Shard",
  metadata: { name: "s", generation },
  ...(status === undefined ? {} : { status }),
});

Deno.test("a phase counts only while it answers the latest spec", () => {
  const status = { phase: "Healthy", message: "Ready", observedGeneration: 3 };
  assert.deepEqual(standingOf(object(3, status)), { phase: "Healthy", message: "Ready", current: true });
  const old = standingOf(object(4, status));
  assert.deepEqual([old.phase, old.current], ["Unknown", false]);
  assert.match(old.message ?? "", /was Healthy with generation 3 of the spec, which is at 4 now/);
  assert.match(standingOf(object(1)).message ?? "", /no operator has said anything of it yet/);
});

Deno.test("conditions are at rest where nothing is to be done, whichever value that is", () => {
  const condition = (type: string, status: "True" | "False" | "Unknown") => ({
    type,
    status,
    reason: "R",
    message: type,
    lastTransitionTime: "t",
    observedGeneration: 1,
  });
  const conditions = [
    condition("Ready", "True"),
    condition("BackupHealthy", "Unknown"),
    condition("RollingUpdate", "False"),
    condition("Degraded", "True"),
  ];
  const told = conditionsOf(object(2, { phase: "Healthy", observedGeneration: 2, conditions }));
  assert.deepEqual(told.map(({ atRest }) => atRest), [true, false, true, false]);
  assert.ok(told.every(({ current }) => !current), "they speak of the spec before");
  assert.deepEqual(waitingOf([], told).map(({ reason }) => reason), ["BackupHealthy: R", "Degraded: R"]);
});

Deno.test("a cause that comes up through all levels is told once, where it is", () => {
  const level = (name: string, message: string) => ({
    object: name,
    standing: { phase: "Degraded", message, current: true },
  });
  const waiting = waitingOf([
    level("MultigresCluster/c", "TableGroup t: Shard s: no primary"),
    level("TableGroup/t", "Shard s: no primary"),
    level("Shard/s", "no primary"),
    { object: "Cell/a", standing: { phase: "Healthy", message: "Ready", current: true } },
  ], []);
  assert.deepEqual(waiting.map(({ of, message }) => `${of} ${message}`), ["Shard/s no primary"]);
});
