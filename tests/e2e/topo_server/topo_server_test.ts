import assert from "node:assert/strict";
import { type TopoServer, TopoServers } from "../../../api/multigres/topo_server.ts";
import { addControllers } from "../../../controllers/controllers.ts";
import type { KubeClient } from "../../../kube/client.ts";
import {
  Events,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Services,
  StatefulSets,
  StorageClasses,
} from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { deleteNow } from "../../support/delete_now.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../../support/operator.ts";

interface Stage {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly operator: RunningOperator;
  apply(spec: TopoServer["spec"], name?: string): Promise<TopoServer>;
  status(name?: string): Promise<TopoServer["status"]>;
  untilPhase(phase: string, name?: string): Promise<void>;
  condition(type: string): Promise<string>;
}

type Prepare = (transport: FaultyTransport) => void;

function scenario(name: string, run: (stage: Stage) => Promise<void>, prepare: Prepare = () => {}): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using client = steadyClient(sharedCluster().connection);
      await installKinds(client);
      await using operator = startOperator(sharedCluster().connection, {
        setUp: addControllers,
        namespaces: [namespace],
        prepare,
      });
      const status = async (of = "topo") =>
        (await client.get(TopoServers.resource, { namespace, name: of })).status;
      await run({
        client,
        namespace,
        operator,
        status,
        apply: (spec, of = "topo") =>
          client.apply(TopoServers.resource, { metadata: { namespace, name: of }, spec }),
        untilPhase: async (phase, of) => {
          await waitUntil(`phase ${phase}`, () => status(of), (seen) => seen?.phase === phase);
        },
        condition: async (type) => {
          const found = (await status())?.conditions?.find((each) => each.type === type);
          return `${found?.status}/${found?.reason}`;
        },
      });
    }));
}

scenario(
  "a TopoServer becomes an etcd of three members with its Services and budget, and says so",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ etcd: { storage: { size: "2Gi" } } });
    await stage.untilPhase("Healthy");
    assert.equal(await stage.condition("Ready"), "True/AllReplicasReady");
    assert.equal(await stage.condition("StorageClassValid"), "True/StorageClassNotSpecified");
    const set = await client.get(StatefulSets, { namespace, name: "topo" });
    assert.equal(set.spec?.podManagementPolicy, "Parallel");
    assert.deepEqual(set.spec?.persistentVolumeClaimRetentionPolicy, {
      whenDeleted: "Retain",
      whenScaled: "Retain",
    });
    const headless = await client.get(Services, { namespace, name: "topo-headless" });
    assert.equal(headless.spec?.clusterIP, "None");
    assert.equal(headless.spec?.publishNotReadyAddresses, true);
    const budget = await client.get(PodDisruptionBudgets, { namespace, name: "topo" });
    assert.equal(budget.spec?.maxUnavailable, 1);
    const told = async () => {
      const events = await client.listAll(Events, { namespace, fields: "involvedObject.kind=TopoServer" });
      return events.map((event) => `${event.source?.component} ${event.reason} ${event.message}`);
    };
    const healthy = (events: string[]) => events.some((each) => each.includes("is now Healthy"));
    const events = await waitUntil("the event", told, healthy);
    const expected = /^toposerver-controller (Applied|PhaseChange) /;
    assert.deepEqual(events.filter((each) => !expected.test(each)), []);
  },
);

scenario("a settled TopoServer costs no request, and another look finds nothing to do", async (stage) => {
  await stage.apply({ etcd: { storage: { size: "1024Mi" } } });
  await stage.untilPhase("Healthy");
  await delay(1_500);
  const before = stage.operator.transport.seen.length;
  const annotations = { look: "again" };
  const key = { namespace: stage.namespace, name: "topo" };
  await stage.client.patch(TopoServers.resource, key, { metadata: { annotations } });
  await delay(1_500);
  assert.deepEqual(stage.operator.transport.seen.slice(before), []);
  for (const footprint of stage.operator.manager.footprints) {
    assert.deepEqual(footprint, { waiting: 0, delayed: 0, working: 0, again: 0, failures: 0 });
  }
});

scenario("what somebody else changes or deletes is put back", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply({ etcd: {} });
  await stage.untilPhase("Healthy");
  const key = { namespace, name: "topo" };
  await deleteNow(client, Services, key);
  await waitFor("the Service to be back", () => client.find(Services, key));
  await client.patch(Services, key, { spec: { selector: { "multigres.com/cluster": "stolen" } } });
  await waitUntil(
    "the selector to be put back",
    () => client.get(Services, key),
    (seen) => seen.spec?.selector?.["multigres.com/cluster"] === "topo",
  );
});

scenario("a missing StorageClass is named, and the work goes on by itself once it exists", async (stage) => {
  const { client, namespace } = stage;
  const name = `late-${namespace}`;
  await stage.apply({ etcd: { storage: { class: name } } });
  await waitUntil(
    "the finding",
    () => stage.condition("StorageClassValid"),
    (seen) => seen === "False/StorageClassNotFound",
  );
  assert.equal(await client.find(StatefulSets, { namespace, name: "topo" }), undefined);
  await client.apply(StorageClasses, { metadata: { name }, provisioner: "example.com/none" });
  try {
    await waitFor("the StatefulSet", () => client.find(StatefulSets, { namespace, name: "topo" }), {
      timeoutMs: 5_000,
    });
    await waitUntil(
      "the finding",
      () => stage.condition("StorageClassValid"),
      (seen) => seen === "True/StorageClassFound",
    );
  } finally {
    await deleteNow(client, StorageClasses, { name });
  }
});

scenario(
  "nothing is made for a class that is missing, however late the classes are listed",
  async ({ client, namespace, apply, condition }) => {
    await apply({ etcd: { storage: { class: `never-${namespace}` } } });
    const seen = await waitUntil(
      "a finding",
      () => condition("StorageClassValid"),
      (finding) => finding !== "undefined/undefined",
    );
    assert.equal(seen, "False/StorageClassNotFound");
    assert.equal(await client.find(StatefulSets, { namespace, name: "topo" }), undefined);
  },
  (transport) => {
    const request = transport.request.bind(transport);
    transport.request = async (each) => {
      if (each.path.includes("/storageclasses")) await delay(2_000);
      return await request(each);
    };
  },
);

scenario(
  "volumes grow with the spec; a smaller size and another number of members are refused in words",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ etcd: { replicas: 3, storage: { size: "1Gi" } } });
    await stage.untilPhase("Healthy");
    await stage.apply({ etcd: { replicas: 3, storage: { size: "3Gi" } } });
    await waitUntil(
      "three grown claims",
      () => client.listAll(PersistentVolumeClaims, { namespace }),
      (claims) =>
        claims.length === 3 &&
        claims.every((claim) => claim.spec?.resources?.requests?.["storage"] === "3Gi"),
    );
    await stage.apply({ etcd: { replicas: 5, storage: { size: "2Gi" } } });
    const status = await waitUntil(
      "the refusal",
      () => stage.status(),
      (seen) =>
        seen?.conditions?.some((each) => each.type === "SpecAccepted" && each.status === "False") ?? false,
    );
    const message = status?.conditions?.find((each) => each.type === "SpecAccepted")?.message ?? "";
    assert.match(message, /Cannot change spec.etcd.replicas to 5 as etcd was made with 3 members/);
    assert.match(message, /Cannot shrink spec.etcd.storage.size to 2Gi .*3Gi/);
    const set = await client.get(StatefulSets, { namespace, name: "topo" });
    assert.equal(set.spec?.replicas, 3);
    await stage.apply({ etcd: { replicas: 3, storage: { size: "3Gi" } } });
    await waitUntil("acceptance", () => stage.condition("SpecAccepted"), (seen) => seen === "True/Accepted");
  },
);

scenario("an object of a stranger under a child's name is left alone, and named", async (stage) => {
  const { client, namespace } = stage;
  await client.apply(Services, { metadata: { namespace, name: "topo" }, spec: { ports: [{ port: 80 }] } });
  await stage.apply({ etcd: {} });
  const status = await waitUntil(
    "the finding",
    () => stage.status(),
    (seen) => seen?.conditions?.some((each) => each.reason === "NameTaken") ?? false,
  );
  assert.match(status?.message ?? "", /Service topo/);
  const service = await client.get(Services, { namespace, name: "topo" });
  assert.equal(service.metadata.ownerReferences, undefined);
  assert.equal(await client.find(StatefulSets, { namespace, name: "topo" }), undefined);
});

scenario("a name that no StatefulSet may have is refused in words", async (stage) => {
  const name = "t".repeat(53);
  await stage.apply({ etcd: {} }, name);
  const status = await waitUntil(
    "the finding",
    () => stage.status(name),
    (seen) => seen?.conditions?.some((each) => each.reason === "NameTooLong") ?? false,
  );
  assert.match(status?.message ?? "", /has 53 characters/);
  assert.equal(await stage.client.find(StatefulSets, { namespace: stage.namespace, name }), undefined);
});

scenario("a member that does not come up makes it Degraded and names the container", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply({ etcd: {} });
  await stage.untilPhase("Healthy");
  const containerStatuses = [{
    name: "etcd",
    image: "x",
    imageID: "",
    ready: false,
    restartCount: 5,
    state: { waiting: { reason: "CrashLoopBackOff" } },
  }];
  await client.patch(Pods, { namespace, name: "topo-1" }, { status: { containerStatuses } }, "status");
  const status = await waitUntil("the finding", () => stage.status(), (seen) => seen?.phase === "Degraded");
  assert.match(status?.message ?? "", /container etcd of pod topo-1: CrashLoopBackOff/);
});

scenario("deleting it removes the children and keeps the claims", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply({ etcd: {} });
  await stage.untilPhase("Healthy");
  await deleteNow(client, TopoServers.resource, { namespace, name: "topo" });
  await waitUntil(
    "the StatefulSet to go",
    () => client.find(StatefulSets, { namespace, name: "topo" }),
    (seen) => seen === undefined,
    // The garbage collector learns of kinds that are new to the cluster every 30 s.
    { timeoutMs: 90_000 },
  );
  await delay(500);
  assert.equal((await client.listAll(PersistentVolumeClaims, { namespace })).length, 3);
});

scenario(
  "a single member gets no disruption budget, and a budget that is not wanted any more goes",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ etcd: { replicas: 1 } });
    await stage.untilPhase("Healthy");
    assert.deepEqual(await client.listAll(PodDisruptionBudgets, { namespace }), []);
  },
);
