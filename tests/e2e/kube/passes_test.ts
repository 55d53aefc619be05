import assert from "node:assert/strict";
import { type TopoServer, TopoServers } from "../../../api/multigres/topo_server.ts";
import { type Controller, settled } from "../../../kube/controller.ts";
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
