import assert from "node:assert/strict";
import { type TopoServer, TopoServers } from "../../../api/multigres/topo_server.ts";
import { type Controller, settled } from "../../../kube/controller.ts";
import { type Deployment, Deployments } from "../../../kube/kinds.ts";
import { controllerReference } from "../../../kube/owner.ts";
import { isStored } from "../../../kube/stored.ts";
import type { Frozen } from "../../../kube/types.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { untilQuiet } from "../../support/quiet.ts";
import { installKinds, startOperator, steadyClient } from "../../support/operator.ts";

/** Writes a status with each pass, and notes what it was about. */
function writer(passes: string[]): Controller<TopoServer> {
  return {
    name: "toposerver",
    watched: { resource: TopoServers.resource },
    owns: [],
    decode: (raw) => TopoServers.decode(raw),
    async reconcile({ metadata, status }, context) {
      passes.push(
        `generation ${metadata.generation}, ${status?.message ?? "new"}, ${metadata.labels?.["a"]}`,
      );
      await context.writeStatus({ observedGeneration: metadata.generation, message: "seen" });
      return settled;
    },
  };
}

Deno.test("an own status leads to no further pass; a spec, a label, and a status of others do", async (t) => {
  using client = steadyClient(sharedCluster().connection);
  await installKinds(client);
  await withNamespace(t, async ({ namespace }) => {
    const metadata = { namespace, name: "topo" };
    const apply = (replicas: number, labels: Record<string, string>) =>
      client.apply(TopoServers.resource, { metadata: { ...metadata, labels }, spec: { etcd: { replicas } } });
    await apply(1, { a: "1" });
    const passes: string[] = [];
    await using operator = startOperator(sharedCluster().connection, {
      namespaces: [namespace],
      setUp: (manager) => manager.add(writer(passes)),
    });
    const nextPass = async (count: number) => {
      await waitUntil(`pass ${count}`, () => passes.length, (length) => length >= count);
      await untilQuiet(operator);
      return passes.slice(count - 1);
    };
    assert.deepEqual(await nextPass(1), ["generation 1, new, 1"]);
    await apply(3, { a: "1" });
    assert.deepEqual(await nextPass(2), ["generation 2, seen, 1"]);
    await apply(3, { a: "2" });
    assert.deepEqual(await nextPass(3), ["generation 2, seen, 2"]);
    const status = { message: "overwritten" };
    await client.applyStatus(TopoServers.resource, { metadata, status });
    assert.deepEqual(await nextPass(4), ["generation 2, overwritten, 2"]);
    assert.equal((await client.get(TopoServers.resource, metadata)).status?.message, "seen");
  });
});

Deno.test("what nobody reads of a child wakes nobody, what is read does", async (t) => {
  using client = steadyClient(sharedCluster().connection);
  await installKinds(client);
  await withNamespace(t, async ({ namespace }) => {
    const metadata = { namespace, name: "topo" };
    const passes: string[] = [];
    const seen = (deployment: Frozen<Deployment> | undefined) =>
      `${deployment?.spec?.replicas} wanted, ${deployment?.status?.readyReplicas ?? 0} ready`;
    const parent: Controller<TopoServer> = {
      name: "toposerver",
      watched: { resource: TopoServers.resource },
      owns: [{ resource: Deployments }],
      decode: (raw) => TopoServers.decode(raw),
      reconcile(_, { cache }) {
        passes.push(seen(cache.get(Deployments, metadata)));
        return Promise.resolve(settled);
      },
    };
    const owner = await client.apply(TopoServers.resource, { metadata, spec: { etcd: { replicas: 1 } } });
    assert.ok(isStored(owner));
    const labels = { app: "a" };
    await client.create(Deployments, {
      metadata: { ...metadata, ownerReferences: [controllerReference(owner)] },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "a", image: "example/a:1" }] } },
      },
    });
    await waitUntil(
      "its controller to have seen it",
      () => client.get(Deployments, metadata),
      ({ status }) => status?.observedGeneration === 1,
    );
    await using operator = startOperator(sharedCluster().connection, {
      namespaces: [namespace],
      setUp: (manager) => manager.add(parent),
    });
    await waitUntil("the first pass", () => passes.length, (length) => length > 0);
    await untilQuiet(operator);
    const before = passes.length;
    const say = (status: Record<string, unknown>) =>
      client.patch(Deployments, metadata, { status }, "status");
    await say({ collisionCount: 7 });
    await untilQuiet(operator);
    assert.equal(passes.length, before);
    await say({ replicas: 1, readyReplicas: 1 });
    await waitUntil(
      "a pass about it",
      () => passes.slice(before),
      (all) => all.includes("0 wanted, 1 ready"),
    );
  });
});
