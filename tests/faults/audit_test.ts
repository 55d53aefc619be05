import assert from "node:assert/strict";
import { GroundClient } from "../ground/client.ts";
import { startControlPlane } from "../ground/control_plane.ts";
import { ground, ownedTest } from "../ground/ground.ts";
import { waitUntil } from "../ground/wait_for.ts";

ownedTest("the API server notes each request of the audited user once, and none of others", async () => {
  await using plane = await startControlPlane("api", ground().binaries, { auditedUser: "seen" });
  assert.deepEqual(await plane.auditedRequests(), []);
  const groups = ["system:masters"];
  using seen = new GroundClient(await plane.connectionAs({ user: "seen", groups }));
  using other = new GroundClient(await plane.connectionAs({ user: "other", groups }));
  await other.request("GET", "/api/v1/namespaces/default");
  await seen.request("GET", "/api/v1/namespaces/default");
  await seen.request("GET", "/api/v1/pods?watch=true&timeoutSeconds=1");
  const requests = await waitUntil(
    "both requests to be noted",
    () => plane.auditedRequests(),
    (noted) => noted.length >= 2,
  );
  assert.deepEqual(requests.map(({ verb, resource }) => `${verb} ${resource}`), [
    "get namespaces",
    "watch pods",
  ]);
});
