import assert from "node:assert/strict";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import { addControllers } from "../../../controllers/controllers.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { PodDisruptionBudgets, Services, StatefulSets } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { dieAt, standing } from "../../support/crash.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { installKinds, startOperator, steadyClient } from "../../support/operator.ts";

const connection = () => sharedCluster().connection;
const CHILDREN: readonly Resource[] = [StatefulSets, Services, PodDisruptionBudgets];

/** What stands at the end, and what is said of it. */
async function outcome(client: KubeClient, namespace: string): Promise<string> {
  const { status } = await client.get(TopoServers.resource, { namespace, name: "topo" });
  const conditions = status?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
  return [...await standing(client, namespace, CHILDREN), status?.phase, ...conditions ?? []].join("\n");
}

async function untilHealthy(client: KubeClient, namespace: string): Promise<string> {
  const phase = async () =>
    (await client.get(TopoServers.resource, { namespace, name: "topo" })).status?.phase;
  await waitUntil("phase Healthy", phase, (seen) => seen === "Healthy");
  return await outcome(client, namespace);
}

/** Writes that an undisturbed run makes until it is settled, events left aside. */
const WRITES = 6;

Deno.test("an operator that ends before or after any of its writes is followed by one that leads to the same end", async (t) => {
  using client = steadyClient(connection());
  await installKinds(client);
  let expected = "";
  await withNamespace(t, async ({ namespace }) => {
    await client.apply(TopoServers.resource, { metadata: { namespace, name: "topo" }, spec: { etcd: {} } });
    await using _operator = startOperator(connection(), { setUp: addControllers, namespaces: [namespace] });
    expected = await untilHealthy(client, namespace);
  });
  for (const when of ["before", "after"] as const) {
    for (let n = 1; n <= WRITES; n++) {
      await t.step(`${when} write ${n}`, (step) =>
        withNamespace(step, async ({ namespace }) => {
          await client.apply(TopoServers.resource, {
            metadata: { namespace, name: "topo" },
            spec: { etcd: {} },
          });
          let fate = { dead: false } as { readonly dead: boolean };
          {
            const prepare = (transport: FaultyTransport) => void (fate = dieAt(transport, n, when));
            await using _first = startOperator(connection(), {
              setUp: addControllers,
              namespaces: [namespace],
              prepare,
            });
            await waitFor("the end of the first operator", () => fate.dead);
          }
          await using _second = startOperator(connection(), {
            setUp: addControllers,
            namespaces: [namespace],
          });
          assert.equal(await untilHealthy(client, namespace), expected);
        }));
    }
  }
});
