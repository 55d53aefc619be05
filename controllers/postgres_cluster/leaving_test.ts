import assert from "node:assert/strict";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { desiredStatefulSet } from "./desired_stateful_set.ts";

Deno.test("only a standby goes on for a while when it is told to leave: the primary's office is wanted at once", () => {
  const set = desiredStatefulSet(storedCluster(), { existing: undefined, replicas: 1 });
  const [container] = set.spec?.template.spec?.containers ?? [];
  assert.deepEqual(container?.lifecycle?.preStop?.exec?.command, [
    "/bin/sh",
    "-c",
    "if curl -sf -m 1 -o /dev/null http://localhost:8008/replica; then sleep 5; fi",
  ]);
});
