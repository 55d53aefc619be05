import assert from "node:assert/strict";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import {
  NetworkPolicies,
  RoleBindings,
  Roles,
  ServiceAccounts,
} from "../../../controllers/postgres_cluster/kinds.ts";
import type { KubeClient } from "../../../kube/client.ts";
import {
  ConfigMaps,
  Deployments,
  PodDisruptionBudgets,
  Services,
  StatefulSets,
} from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { dieAt, standing } from "../../support/crash.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { steadyClient } from "../../support/operator.ts";
import { applyCluster, install, name, operate, wellPlayed } from "./stage.ts";

const KINDS: readonly Resource[] = [
  ConfigMaps,
  Deployments,
  NetworkPolicies,
  PodDisruptionBudgets,
  RoleBindings,
  Roles,
  ServiceAccounts,
  Services,
  StatefulSets,
];

const spec = { replicas: 2, pgbouncer: { enabled: true, replicas: 1 } };

/** What stands at the end, and what is said of it. */
async function untilRunning(client: KubeClient, namespace: string): Promise<string> {
  const status = async () => (await client.get(PostgresClusters.resource, { namespace, name })).status;
  const seen = await waitUntil(
    "phase Running",
    status,
    (now) => now?.phase === "Running" && now.pgbouncerReadyReplicas === 1,
  );
  // What the members say of themselves comes in its own time.
  const conditions = seen?.conditions?.filter(({ type }) => type !== "ReplicasReady")
    .map(({ type, status, reason }) => `${type}=${status}/${reason}`);
  return [...await standing(client, namespace, KINDS), seen?.currentVersion, ...conditions ?? []].join("\n");
}

/** Writes that any undisturbed run makes: finalizer, Secret, nine objects, StatefulSet, three of the pooler, two statuses. */
const WRITES = 17;

Deno.test("an operator that ends before or after any of its writes is followed by one that leads to the same end", async (t) => {
  await install();
  using client = steadyClient(sharedCluster().connection);
  let expected = "";
  await withNamespace(t, async ({ namespace }) => {
    await applyCluster(client, namespace, spec);
    await using _operator = operate(namespace);
    expected = await untilRunning(client, namespace);
  });
  for (const when of ["before", "after"] as const) {
    for (let n = 1; n <= WRITES; n++) {
      await t.step(`${when} write ${n}`, (step) =>
        withNamespace(step, async ({ namespace }) => {
          await applyCluster(client, namespace, spec);
          let fate = { dead: false } as { readonly dead: boolean };
          {
            const prepare = (transport: FaultyTransport) => void (fate = dieAt(transport, n, when));
            await using _first = operate(namespace, wellPlayed, prepare);
            await waitFor("the end of the first operator", () => fate.dead);
          }
          await using _second = operate(namespace);
          assert.equal(await untilRunning(client, namespace), expected);
        }));
    }
  }
});
