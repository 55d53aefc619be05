import assert from "node:assert/strict";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import { addControllers } from "../../../controllers/controllers.ts";
import { defineResource } from "../../../kube/resource.ts";
import { StatefulSets } from "../../../kube/kinds.ts";
import type { KubeObject } from "../../../kube/types.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { installKinds, startOperator, steadyClient } from "../../support/operator.ts";

interface ResourceQuota extends KubeObject {
  spec?: { hard: Record<string, string> };
  status?: { hard?: Record<string, string> };
}

const ResourceQuotas = defineResource<ResourceQuota>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  namespaced: true,
});

Deno.test("a quota that is used up is named in the status, and waits for a change instead of being asked again", async (t) => {
  using client = steadyClient(sharedCluster().connection);
  await installKinds(client);
  await withNamespace(t, async ({ namespace }) => {
    const quota = (hard: string) =>
      client.apply(ResourceQuotas, {
        metadata: { namespace, name: "limit" },
        spec: { hard: { "count/statefulsets.apps": hard } },
      });
    await quota("0");
    await waitFor(
      "the quota to be in force",
      async () => (await client.get(ResourceQuotas, { namespace, name: "limit" })).status?.hard,
    );
    await client.apply(TopoServers.resource, { metadata: { namespace, name: "topo" }, spec: { etcd: {} } });
    await using operator = startOperator(sharedCluster().connection, {
      setUp: addControllers,
      namespaces: [namespace],
    });
    const status = async () => (await client.get(TopoServers.resource, { namespace, name: "topo" })).status;
    const seen = await waitUntil(
      "the finding",
      status,
      (now) =>
        now?.conditions?.some(({ type, status }) => type === "SpecAccepted" && status === "False") ?? false,
    );
    assert.match(seen?.message ?? "", /Cannot apply StatefulSet .*\/topo: .*exceeded quota/);
    await delay(1_000);
    const before = operator.transport.seen.length;
    await delay(7_000);
    assert.deepEqual(
      operator.transport.seen.slice(before),
      [],
      "the first retry of other errors comes after 5 s",
    );
    assert.equal(operator.manager.footprints[0]?.failures, 0);

    await quota("5");
    // The API server itself learns of the new quota by a watch: who asks before that is refused once more.
    await waitFor("the StatefulSet", async () => {
      const annotations = { note: `try again at ${performance.now()}` };
      await client.patch(TopoServers.resource, { namespace, name: "topo" }, { metadata: { annotations } });
      return await client.find(StatefulSets, { namespace, name: "topo" });
    }, { intervalMs: 1_000 });
  });
});
