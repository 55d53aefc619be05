import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { Deployments, Events, Pods, Services } from "../../../kube/kinds.ts";
import { delay, waitFor, waitUntil } from "../../ground/wait_for.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { cellObject, conditionOf, gateway, scenario } from "./stage.ts";

scenario("a Cell gets gateways and a Service, and says so", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply();
  const status = await stage.untilPhase("Healthy");
  assert.equal(conditionOf(status, "Available"), "True/MultigatewayAvailable");
  assert.equal(conditionOf(status, "Ready"), "True/MultigatewayReady");
  assert.deepEqual([status?.gatewayReplicas, status?.gatewayReadyReplicas], [2, 2]);
  assert.equal(status?.gatewayServiceName, gateway);
  assert.equal(status?.observedGeneration, 1);
  const deployment = await client.get(Deployments, { namespace, name: gateway });
  assert.equal(deployment.metadata.ownerReferences?.[0]?.kind, "Cell");
  assert.deepEqual(deployment.spec?.template.spec?.nodeSelector, { "topology.k8s.aws/zone-id": "use1-aza" });
  const service = await client.get(Services, { namespace, name: gateway });
  assert.deepEqual(service.spec?.selector, deployment.spec?.selector.matchLabels);
  const told = async () => {
    const events = await client.listAll(Events, { namespace, fields: "involvedObject.kind=Cell" });
    return events.map((event) => `${event.source?.component} ${event.type} ${event.reason} ${event.message}`);
  };
  const healthy = (events: string[]) => events.some((each) => each.includes("is now Healthy"));
  const events = await waitUntil("the event", told, healthy);
  assert.deepEqual(events.filter((each) => !/^cell-controller Normal (Applied|PhaseChange) /.test(each)), []);
});

scenario("the gateways follow the number that is wanted, down to none", async (stage) => {
  await stage.apply();
  await stage.untilPhase("Healthy");
  await stage.apply({ multigateway: { replicas: 3 } });
  const three = await waitUntil(
    "three gateways",
    stage.status,
    (seen) => seen?.phase === "Healthy" && seen.gatewayReadyReplicas === 3,
  );
  assert.equal(three?.observedGeneration, 2);
  await stage.apply({ multigateway: { replicas: 0 } });
  const none = await stage.untilPhase("Initializing");
  assert.equal(conditionOf(none, "Available"), "False/MultigatewayUnavailable");
  assert.equal(conditionOf(none, "Ready"), "False/MultigatewayNotReady");
  assert.deepEqual([none?.gatewayReplicas, none?.gatewayReadyReplicas], [0, 0]);
});

scenario("a settled Cell costs no request, and another look finds nothing to do", async (stage) => {
  const resources = { requests: { cpu: "0.1", memory: "1024Mi" } };
  await stage.apply({ multigateway: { replicas: 2, resources, buffer: { enabled: true } } });
  await stage.untilPhase("Healthy");
  await delay(1_500);
  const before = stage.operator.transport.seen.length;
  const key = { namespace: stage.namespace, name: cellObject };
  await stage.client.patch(Cells.resource, key, { metadata: { annotations: { look: "again" } } });
  await delay(1_500);
  assert.deepEqual(stage.operator.transport.seen.slice(before), []);
  for (const footprint of stage.operator.manager.footprints) {
    assert.deepEqual(footprint, { waiting: 0, delayed: 0, working: 0, again: 0, failures: 0 });
  }
});

scenario("what somebody else changes or deletes is put back", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply();
  await stage.untilPhase("Healthy");
  const key = { namespace, name: gateway };
  await deleteNow(client, Services, key);
  await waitFor("the Service to be back", () => client.find(Services, key));
  await client.patch(Deployments, key, { spec: { replicas: 5 } });
  await waitUntil(
    "the replicas to be put back",
    () => client.get(Deployments, key),
    (seen) => seen.spec?.replicas === 2,
  );
});

scenario(
  "an object of a stranger under a child's name is left alone and named, until it goes",
  async (stage) => {
    const { client, namespace } = stage;
    const key = { namespace, name: gateway };
    const stranger = await client.apply(Services, { metadata: key, spec: { ports: [{ port: 80 }] } });
    await stage.apply();
    const status = await stage.untilCondition("Ready", "False/NameTaken");
    assert.equal(status?.phase, "Progressing");
    assert.match(status?.message ?? "", new RegExp(`Service ${gateway}`));
    assert.equal(status?.gatewayServiceName, undefined);
    assert.equal(await client.find(Deployments, key), undefined);
    const after = await client.get(Services, key);
    assert.equal(after.metadata.resourceVersion, stranger.metadata.resourceVersion);
    const warned = async () => await client.listAll(Events, { namespace, fields: "reason=NameTaken" });
    await waitUntil("the warning", warned, ([event]) => event?.type === "Warning");

    const { uid = "", resourceVersion = "" } = after.metadata;
    await client.delete(Services, key, { precondition: { uid, resourceVersion } });
    await client.patch(Cells.resource, { namespace, name: cellObject }, {
      metadata: { annotations: { look: "again" } },
    });
    await stage.untilPhase("Healthy");
  },
);

scenario(
  "a gateway that does not come up makes the Cell Degraded and is named; the others still count",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply();
    await stage.untilPhase("Healthy");
    const [pod] = await client.listAll(Pods, { namespace });
    assert.ok(pod !== undefined);
    const conditions = [{ type: "Ready", status: "False" }];
    const containerStatuses = [{
      name: "multigateway",
      image: "x",
      imageID: "",
      ready: false,
      restartCount: 5,
      state: { waiting: { reason: "CrashLoopBackOff" } },
    }];
    const phase = "Running";
    await client.patch(Pods, pod.metadata, { status: { phase, conditions, containerStatuses } }, "status");
    const status = await stage.untilPhase("Degraded");
    const named = new RegExp(`container multigateway of pod ${pod.metadata.name}: CrashLoopBackOff`);
    assert.match(status?.message ?? "", named);
    assert.equal(conditionOf(status, "Available"), "True/MultigatewayAvailable");
    assert.equal(conditionOf(status, "Ready"), "False/MultigatewayNotReady");
  },
);

scenario("a child under a name that the Cell does not use any more goes", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply();
  await stage.untilPhase("Healthy");
  await stage.apply({ name: "zone-b" });
  const names = async () =>
    (await client.listAll(Deployments, { namespace })).map(({ metadata }) => metadata.name);
  await waitUntil("one Deployment", names, (found) => found.length === 1 && !found.includes(gateway));
  const services = async () =>
    (await client.listAll(Services, { namespace })).map(({ metadata }) => metadata.name);
  await waitUntil("one Service", services, (found) => found.length === 1 && !found.includes(gateway));
});
