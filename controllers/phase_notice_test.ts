import assert from "node:assert/strict";
import { phaseNotice } from "./phase_notice.ts";

Deno.test("a transition is told with its message; the beginning of an object that is on its way is not", () => {
  const told = (...[before, now]: Parameters<typeof phaseNotice>) =>
    phaseNotice(before, now).map(({ type, message }) => `${type} ${message}`);
  assert.deepEqual(told(undefined, { phase: "Progressing", message: "0 of 1" }), []);
  assert.deepEqual(told({}, { phase: "Initializing", message: "0 of 0" }), []);
  assert.deepEqual(told(undefined, { phase: "Degraded", message: "bad" }), [
    "Warning New is now Degraded: bad",
  ]);
  assert.deepEqual(told({ phase: "Progressing" }, { phase: "Healthy", message: "Ready" }), [
    "Normal Progressing is now Healthy: Ready",
  ]);
  assert.deepEqual(told({ phase: "Healthy" }, { phase: "Progressing", message: "1 of 2" }), [
    "Normal Healthy is now Progressing: 1 of 2",
  ]);
  assert.deepEqual(told({ phase: "Healthy", message: "a" }, { phase: "Healthy", message: "b" }), []);
});
