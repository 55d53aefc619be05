import assert from "node:assert/strict";
import { pendingDeletionAnnotation } from "../../../api/multigres/annotations.ts";
import { Cells } from "../../../api/multigres/cell.ts";
import { type TopoServer, TopoServers, type TopoServerStatus } from "../../../api/multigres/topo_server.ts";
import { cellController } from "../../../controllers/cell/controller.ts";
import { Deployments, Events } from "../../../kube/kinds.ts";
import type { Manager } from "../../../kube/manager.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { cellObject, conditionOf, gateway, localTopo, ownEtcd, scenario, type Stage } from "./stage.ts";

/** Nobody says anything of TopoServers but the test. */
const alone = (manager: Manager) => manager.add(cellController({ telemetry: {} }));

function topoServer({ client, namespace }: Stage): Promise<TopoServer | undefined> {
  return client.find(TopoServers.resource, { namespace, name: localTopo });
}

/** Plays the TopoServer controller: says something of the latest spec. */
async function say(stage: Stage, said: Partial<TopoServerStatus>): Promise<void> {
  const found = await waitFor("the TopoServer", () => topoServer(stage));
  const status = { observedGeneration: found.metadata.generation, ...said };
  await stage.client.patch(TopoServers.resource, found.metadata, { status }, "status");
}

async function askToLeave({ client, namespace }: Stage): Promise<void> {
  const annotations = { [pendingDeletionAnnotation]: "2026-01-01T00:00:00Z" };
  await client.patch(Cells.resource, { namespace, name: cellObject }, { metadata: { annotations } });
}

scenario("a Cell with a topology server of its own becomes Healthy with it", async (stage) => {
  await stage.apply(ownEtcd);
  await stage.untilPhase("Healthy");
  const made = await topoServer(stage);
  assert.equal(made?.status?.phase, "Healthy");
  assert.equal(made.metadata.ownerReferences?.[0]?.name, cellObject);
});

scenario("the first gateway waits for the topology server; one that is there does not", async (stage) => {
  const { client, namespace } = stage;
  const deployment = () => client.find(Deployments, { namespace, name: gateway });
  await stage.apply(ownEtcd);
  const waiting = await stage.untilCondition("Ready", "False/LocalTopoServerNotReady");
  assert.equal(conditionOf(waiting, "Available"), "False/LocalTopoServerNotReady");
  assert.equal(waiting?.phase, "Progressing");
  await say(stage, { phase: "Degraded", message: "disk is full" });
  assert.match((await stage.untilPhase("Degraded"))?.message ?? "", /is degraded: disk is full/);
  await say(stage, { phase: "Healthy", observedGeneration: 0 });
  await stage.untilPhase("Progressing");
  assert.equal(await deployment(), undefined);
  await say(stage, { phase: "Healthy" });
  await stage.untilPhase("Healthy");

  await say(stage, { phase: "Progressing", message: "2 of 3 members are ready" });
  const shaken = await stage.untilCondition("Ready", "False/LocalTopoServerNotReady");
  assert.equal(conditionOf(shaken, "Available"), "True/MultigatewayAvailable");
  await stage.apply({ ...ownEtcd, multigateway: { replicas: 3 } });
  await waitUntil("three gateways", deployment, (seen) => seen?.status?.readyReplicas === 3);
}, alone);

scenario("a topology server that is not wanted any more is deleted, and told of", async (stage) => {
  await stage.apply(ownEtcd);
  await say(stage, { phase: "Healthy" });
  await stage.untilPhase("Healthy");
  await stage.apply({ topoServer: { external: { endpoints: ["http://topo:2379"] } } });
  await waitUntil("the TopoServer to go", () => topoServer(stage), (seen) => seen === undefined);
  const fields = "involvedObject.kind=Cell,reason=Deleted";
  const told = () => stage.client.listAll(Events, { namespace: stage.namespace, fields });
  const [event] = await waitUntil("the event", told, (events) => events.length === 1);
  assert.match(event?.message ?? "", new RegExp(`TopoServer ${localTopo}`));
  await stage.untilPhase("Healthy");
}, alone);

scenario("a Cell that is asked to leave is ready once its topology server is gone", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply(ownEtcd);
  await say(stage, { phase: "Healthy" });
  await stage.untilPhase("Healthy");
  const key = { namespace, name: localTopo };
  await client.patch(TopoServers.resource, key, { metadata: { finalizers: ["example.com/hold"] } });
  await askToLeave(stage);
  await stage.untilCondition("ReadyForDeletion", "False/LocalTopoServerDeleting");
  await client.patch(TopoServers.resource, key, { metadata: { finalizers: null } });
  const status = await stage.untilCondition("ReadyForDeletion", "True/LocalTopoServerDeleted");
  assert.equal(
    conditionOf(status, "Available"),
    "True/MultigatewayAvailable",
    "the gateway serves to the end",
  );
  assert.ok(await client.find(Deployments, { namespace, name: gateway }));
}, alone);

scenario("a Cell without a topology server of its own may leave at once", async (stage) => {
  await stage.apply();
  await stage.untilPhase("Healthy");
  await askToLeave(stage);
  await stage.untilCondition("ReadyForDeletion", "True/StatelessComponent");
});

scenario("a TopoServer of a stranger is neither taken over nor deleted", async (stage) => {
  const { client, namespace } = stage;
  const metadata = { namespace, name: localTopo };
  const before = await client.apply(TopoServers.resource, { metadata, spec: { etcd: { replicas: 5 } } });
  await stage.apply(ownEtcd);
  const status = await stage.untilCondition("Ready", "False/NameTaken");
  assert.match(status?.message ?? "", new RegExp(`TopoServer ${localTopo}`));
  await askToLeave(stage);
  await stage.untilCondition("ReadyForDeletion", "True/LocalTopoServerDeleted");
  assert.equal((await topoServer(stage))?.metadata.resourceVersion, before.metadata.resourceVersion);
}, alone);
