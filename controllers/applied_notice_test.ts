import assert from "node:assert/strict";
import { Services } from "../kube/kinds.ts";
import { apply, tell } from "../kube/plan.ts";
import { appliedNotice } from "./applied_notice.ts";

const written = [
  apply(Services, { metadata: { name: "a", namespace: "n" } }),
  tell("Normal", "Other", "is no apply"),
  apply(Services, { metadata: { name: "b", namespace: "n" } }),
];

Deno.test("all that a pass put right is one event", () => {
  assert.deepEqual(appliedNotice({ phase: "Healthy" }, written), [
    { type: "Normal", reason: "Applied", message: "apply Service n/a, apply Service n/b" },
  ]);
  assert.deepEqual(appliedNotice({ phase: "Healthy" }, []), []);
});

Deno.test("that a new object gets its parts is nobody's news", () => {
  assert.deepEqual(appliedNotice(undefined, written), []);
  assert.deepEqual(appliedNotice({}, written), []);
});
