import assert from "node:assert/strict";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { customResourceDefinition } from "../../api/schema/crd.ts";
import { addControllers } from "../../controllers/controllers.ts";
import { Definitions } from "../../kube/definition.ts";
import { StatefulSets } from "../../kube/kinds.ts";
import { ownedTest, privateControlPlane } from "../ground/ground.ts";
import { freePort } from "../ground/ports.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";
import { openRuntime, put, untilEqual, watchConfigMaps } from "../support/harness.ts";
import { installKinds, startOperator, steadyClient } from "../support/operator.ts";

ownedTest("an API server that stops and starts again is taken up where it was left", async () => {
  await using plane = await privateControlPlane("api");
  using runtime = openRuntime(plane.connection, 2_000);
  await using watching = watchConfigMaps(runtime, "default");
  await put(runtime, "default", "before", "1");
  await waitFor("the first object", () => watching.store.get("default/before"));
  await plane.stopApiServer();
  await waitUntil(
    "the loss to be noticed",
    () => watching.reflector.state.kind,
    (kind) => kind === "unreachable",
  );
  assert.notEqual(watching.store.get("default/before"), undefined, "what is known is kept");
  await plane.startApiServer();
  await put(runtime, "default", "after", "1");
  await untilEqual(runtime, watching.store, "default");
});

ownedTest("why there was no answer is told apart: not reachable, not to be trusted, too late", async () => {
  await using plane = await privateControlPlane("api");
  const { connection } = plane;
  const version = { method: "GET", path: "/version", timeoutMs: 2_000 } as const;
  const failure = async (changed: Partial<typeof connection>) => {
    using runtime = openRuntime({ ...connection, ...changed });
    return await runtime.transport.request(version).then(() => "answered", (error) => error.failure);
  };
  assert.equal(await failure({}), "answered");
  assert.equal(await failure({ server: `https://127.0.0.1:${freePort()}` }), "unreachable");
  await using other = await privateControlPlane("api");
  assert.equal(await failure({ caPem: other.connection.caPem ?? "" }), "untrusted");
  await plane.pauseApiServer();
  assert.equal(await failure({}), "timeout");
  plane.resumeApiServer();
});

ownedTest("an API server that freezes is left for a new connection, and nothing hangs", async () => {
  await using plane = await privateControlPlane("api");
  using runtime = openRuntime(plane.connection, 700);
  await using watching = watchConfigMaps(runtime, "default", 1_000);
  await put(runtime, "default", "before", "1");
  await waitFor("the first object", () => watching.store.get("default/before"));
  await plane.pauseApiServer();
  const frozen = performance.now();
  await assert.rejects(put(runtime, "default", "during", "1"), { failure: "timeout" });
  assert.ok(performance.now() - frozen < 2_000, "the request ended at its own limit");
  await delay(3_000);
  plane.resumeApiServer();
  await waitFor("a write to get through", () => put(runtime, "default", "after", "1").catch(() => undefined));
  await untilEqual(runtime, watching.store, "default");
});

ownedTest("a kind whose definition comes late, goes and comes back is worked on each time", async () => {
  await using plane = await privateControlPlane("api");
  using client = steadyClient(plane.connection);
  await using operator = startOperator(plane.connection, { setUp: addControllers });
  const waiting = () => operator.manager.readiness().waitingFor.join("; ");
  await waitUntil(
    "the missing definition to be named",
    waiting,
    (seen) => seen.includes("does not serve toposervers.multigres.com"),
  );
  // Each missing kind is asked for once, and its definition listed and watched.
  await delay(1_000);
  const calm = operator.transport.seen.length;
  await delay(3_000);
  assert.ok(
    operator.transport.seen.length - calm <= 2,
    "the definition is watched, not asked for again and again",
  );

  for (const name of ["first", "second"]) {
    await installKinds(client);
    await client.apply(TopoServers.resource, {
      metadata: { namespace: "default", name },
      spec: { etcd: {} },
    });
    await waitFor(`StatefulSet ${name}`, () => client.find(StatefulSets, { namespace: "default", name }));
    await waitUntil("readiness", () => operator.manager.readiness().ready, (ready) => ready);
    const { metadata } = await client.get(Definitions, customResourceDefinition(TopoServers).metadata);
    const precondition = { uid: metadata.uid ?? "", resourceVersion: metadata.resourceVersion ?? "" };
    await client.delete(Definitions, metadata, { precondition });
    await waitUntil("the definition to be missed", waiting, (seen) => seen.includes("does not serve"));
    await waitUntil(
      "the definition to be gone",
      () => client.find(Definitions, metadata),
      (seen) => seen === undefined,
    );
  }
});
