import assert from "node:assert/strict";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import { addControllers } from "../../../controllers/controllers.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { PodDisruptionBudgets, Services, StatefulSets } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { isWrite, TransportError } from "../../../kube/transport.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { installKinds, startOperator, steadyClient } from "../../support/operator.ts";

const connection = () => sharedCluster().connection;
const CHILDREN: readonly Resource[] = [StatefulSets, Services, PodDisruptionBudgets];

/** Ends the process, as far as the API server can tell, before or after its n-th write is carried out. */
function dieAt(transport: FaultyTransport, n: number, when: "before" | "after"): { readonly dead: boolean } {
  const fate = { dead: false };
  let writes = 0;
  const live = transport.request.bind(transport);
  transport.request = async (request) => {
    if (fate.dead) throw new TransportError("broken", "The process has ended");
    if (!isWrite(request.method) || ++writes < n) return await live(request);
    fate.dead = true;
    if (when === "after") await live(request);
    throw new TransportError("broken", "The process has ended");
  };
  return fate;
}

/** What stands at the end, without what differs between any two objects. */
async function outcome(client: KubeClient, namespace: string): Promise<string> {
  const lines: string[] = [];
  for (const resource of CHILDREN) {
    for (const object of await client.listAll(resource, { namespace })) {
      const { name, labels, ownerReferences = [] } = object.metadata;
      const spec = "spec" in object ? object.spec : undefined;
      const own = JSON.stringify(spec, (key, value) => key.startsWith("clusterIP") ? undefined : value);
      const owners = ownerReferences.map((owner) => `${owner.kind}/${owner.name}`);
      lines.push(
        [resource.kind, name, JSON.stringify(labels), owners.join(), own].join(" ").replaceAll(
          namespace,
          "NS",
        ),
      );
    }
  }
  const { status } = await client.get(TopoServers.resource, { namespace, name: "topo" });
  const conditions = status?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
  return [...lines.sort(), status?.phase, ...conditions ?? []].join("\n");
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
