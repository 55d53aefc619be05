import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { Deployments, PodDisruptionBudgets, Services, StatefulSets } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { dieAt, standing } from "../../support/crash.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { installKinds, startOperator, steadyClient } from "../../support/operator.ts";
import { applyCell, cellObject, ownEtcd, setUp } from "./stage.ts";

const connection = () => sharedCluster().connection;
const KINDS: readonly Resource[] = [
  Deployments,
  PodDisruptionBudgets,
  Services,
  StatefulSets,
  TopoServers.resource,
];

/** What stands at the end, and what is said of it. */
async function untilHealthy(client: KubeClient, namespace: string): Promise<string> {
  const status = async () => (await client.get(Cells.resource, { namespace, name: cellObject })).status;
  const seen = await waitUntil("phase Healthy", status, (now) => now?.phase === "Healthy");
  const conditions = seen?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
  return [...await standing(client, namespace, KINDS), seen?.gatewayReadyReplicas, ...conditions ?? []].join(
    "\n",
  );
}

/** Writes that any undisturbed run makes: TopoServer with 3 children, Service, Deployment, two statuses of Cell and etcd. */
const WRITES = 10;

Deno.test("an operator that ends before or after any of its writes is followed by one that leads to the same end", async (t) => {
  using client = steadyClient(connection());
  await installKinds(client);
  let expected = "";
  await withNamespace(t, async ({ namespace }) => {
    await applyCell(client, namespace, ownEtcd);
    await using _operator = startOperator(connection(), { setUp, namespaces: [namespace] });
    expected = await untilHealthy(client, namespace);
  });
  for (const when of ["before", "after"] as const) {
    for (let n = 1; n <= WRITES; n++) {
      await t.step(`${when} write ${n}`, (step) =>
        withNamespace(step, async ({ namespace }) => {
          await applyCell(client, namespace, ownEtcd);
          let fate = { dead: false } as { readonly dead: boolean };
          {
            const prepare = (transport: FaultyTransport) => void (fate = dieAt(transport, n, when));
            await using _first = startOperator(connection(), { setUp, namespaces: [namespace], prepare });
            await waitFor("the end of the first operator", () => fate.dead);
          }
          await using _second = startOperator(connection(), { setUp, namespaces: [namespace] });
          assert.equal(await untilHealthy(client, namespace), expected);
        }));
    }
  }
});
