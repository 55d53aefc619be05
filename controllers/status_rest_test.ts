import assert from "node:assert/strict";
import { restOfOwn, restOfParent } from "./status_rest.ts";

Deno.test("parents repeat what changes below them less often while it comes up", () => {
  const milliseconds = ["Initializing", "Progressing", "Healthy", "Degraded", undefined].map((phase) =>
    restOfParent(phase === undefined ? {} : { phase })
  );
  assert.deepEqual(milliseconds, [20_000, 20_000, 5_000, 5_000, 5_000]);
  assert.equal(restOfOwn(), 5_000);
});
