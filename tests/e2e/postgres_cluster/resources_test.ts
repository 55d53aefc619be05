import assert from "node:assert/strict";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { Events, PersistentVolumeClaims, type Pod, Pods, StatefulSets } from "../../../kube/kinds.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { conditionOf, name, scenario, type Stage } from "./stage.ts";

const resources = (cpu: string) => ({
  requests: { cpu, memory: "512Mi" },
  limits: { cpu: "2", memory: "1Gi" },
});

const uids = (pods: Pod[]) => pods.map(({ metadata }) => metadata.uid);
const cpuOf = (pod: Pod) => pod.spec?.containers[0]?.resources?.requests?.["cpu"];

async function label(stage: Stage, pod: Pod | undefined, role: string): Promise<void> {
  assert.ok(pod !== undefined);
  await stage.client.patch(Pods, pod.metadata, { metadata: { labels: { "spilo-role": role } } });
}

scenario(
  "CPU and memory change in place, standbys first and the primary last, and nobody is restarted",
  async (stage) => {
    await stage.apply({ resources: resources("250m") });
    await stage.untilPhase("Running");
    const pods = await stage.members();
    await label(stage, pods[1], "master");
    await label(stage, pods[0], "replica");
    await label(stage, pods[2], "replica");
    await stage.apply({ resources: resources("500m") });
    const order: string[] = [];
    await waitUntil("all to be resized", stage.members, (seen) => {
      for (const pod of seen) {
        if (cpuOf(pod) === "500m" && !order.includes(pod.metadata.name)) order.push(pod.metadata.name);
      }
      return order.length === 3;
    }, { intervalMs: 5 });
    assert.equal(order.at(-1), `${name}-1`, order.join());
    const status = await stage.untilPhase("Running");
    assert.equal(conditionOf(status, "ResourceResizeInProgress"), "False/NoResize");
    assert.deepEqual(uids(await stage.members()), uids(pods));
    const template = (await stage.statefulSet()).spec?.template.spec?.containers[0]?.resources;
    assert.equal(template?.requests?.["cpu"], "500m", "members that are made later have it from the start");
  },
);

/** Plays a node that cannot give what is asked for. */
async function refuse(stage: Stage, reason: "Deferred" | "Infeasible"): Promise<string> {
  const told = await waitUntil(
    "a resize",
    stage.members,
    (pods) => pods.some((pod) => cpuOf(pod) === "1500m"),
    {
      intervalMs: 5,
    },
  );
  const pod = told.find((each) => cpuOf(each) === "1500m");
  assert.ok(pod !== undefined);
  const live = await stage.client.get(Pods, pod.metadata);
  const conditions = [
    ...(live.status?.conditions ?? []).filter(({ type }) => type !== "PodResizePending"),
    { type: "PodResizePending", status: "True", reason, message: "the node was asked for too much" },
  ];
  await stage.client.patch(Pods, pod.metadata, { status: { conditions } }, "status");
  return pod.metadata.name;
}

scenario("a resize that its node defers is told, and nobody is restarted for it", async (stage) => {
  await stage.apply({ replicas: 1, resources: resources("250m") });
  await stage.untilPhase("Running");
  const before = uids(await stage.members());
  await stage.apply({ replicas: 1, resources: resources("1500m") });
  await refuse(stage, "Deferred");
  const status = await stage.untilCondition("ResourceResizeInProgress", "True/Deferred");
  assert.equal(status.resizeStatus?.[0]?.status, "Deferred");
  assert.equal(status.resizeStatus?.[0]?.message, "the node was asked for too much");
  await delay(500);
  assert.deepEqual(uids(await stage.members()), before);
});

scenario(
  "a resize that its node can never make restarts members only when that was allowed",
  async (stage) => {
    await stage.apply({ replicas: 2, resources: resources("250m") });
    await stage.untilPhase("Running");
    const before = uids(await stage.members());
    await stage.apply({ replicas: 2, resources: resources("1500m") });
    await refuse(stage, "Infeasible");
    const status = await stage.untilCondition("ResourceResizeInProgress", "True/Infeasible");
    const message = status.conditions?.find(({ type }) => type === "ResourceResizeInProgress")?.message ?? "";
    assert.match(message, /resize-fallback/);
    const warned = () =>
      stage.client.listAll(Events, { namespace: stage.namespace, fields: "reason=ResizeInfeasible" });
    await waitUntil("the warning", warned, ([event]) => event?.type === "Warning");
    await delay(500);
    assert.deepEqual(uids(await stage.members()), before);
    const annotations = { "postgres-operator.smoketurner.com/resize-fallback": "restart" };
    await stage.client.patch(PostgresClusters.resource, { namespace: stage.namespace, name }, {
      metadata: { annotations },
    });
    await waitUntil(
      "the member to be made anew",
      stage.members,
      (pods) => pods.length === 2 && uids(pods).some((uid) => !before.includes(uid)),
    );
  },
);

async function sizes({ client, namespace }: Stage): Promise<unknown[]> {
  const claims = await client.listAll(PersistentVolumeClaims, { namespace });
  return claims.map(({ spec }) => spec?.resources?.requests?.["storage"]);
}

scenario(
  "storage grows on every volume, and members that come later get the new size, without a restart",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ replicas: 2 });
    await stage.untilPhase("Running");
    const before = uids(await stage.members());
    const set = (await stage.statefulSet()).metadata.uid;
    await stage.apply({ replicas: 2, storage: { size: "3Gi" } });
    await waitUntil("larger claims", () => sizes(stage), (seen) => seen.every((size) => size === "3Gi"));
    const made = await waitUntil(
      "another StatefulSet",
      () => client.find(StatefulSets, { namespace, name }),
      (seen) => seen !== undefined && seen.metadata.uid !== set,
    );
    const template = made?.spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.["storage"];
    assert.equal(template, "3Gi");
    await stage.untilPhase("Running");
    assert.deepEqual(uids(await stage.members()), before, "the members went on");
    const owners = (await stage.members()).map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);
    await waitUntil(
      "the members to be taken over",
      stage.members,
      (pods) => pods.every(({ metadata }) => metadata.ownerReferences?.[0]?.uid === made?.metadata.uid),
    );
    assert.equal(owners.length, 2);
    await stage.apply({ replicas: 3, storage: { size: "3Gi" } });
    await waitUntil("a third claim", () => sizes(stage), (seen) => seen.length === 3);
    assert.deepEqual(await sizes(stage), ["3Gi", "3Gi", "3Gi"]);
  },
);

scenario("a smaller size is refused in words, and all else goes on", async (stage) => {
  await stage.apply({ replicas: 1, storage: { size: "2Gi" } });
  await stage.untilPhase("Running");
  await stage.apply({ replicas: 2, storage: { size: "1Gi" } });
  const status = await stage.untilCondition("ConfigurationValid", "False/StorageChangeRefused");
  const { message = "" } = status.conditions?.find(({ type }) => type === "ConfigurationValid") ?? {};
  assert.match(message, /Cannot shrink spec.storage.size to 1Gi as claim data-orders-0 asks for 2Gi/);
  await waitUntil(
    "the second member",
    stage.status,
    (seen) => seen?.phase === "Running" && seen.readyReplicas === 2,
  );
});

scenario(
  "another major version is refused in words, and the files are left to the servers that can read them",
  async (stage) => {
    await stage.apply({ replicas: 1 });
    await stage.untilPhase("Running");
    await stage.apply({ replicas: 1, version: "17" });
    const status = await stage.untilCondition("ConfigurationValid", "False/VersionChangeRefused");
    assert.equal(status.currentVersion, "16");
    assert.match((await stage.statefulSet()).spec?.template.spec?.containers[0]?.image ?? "", /spilo-16:/);
    await stage.apply({ replicas: 1, version: "15" });
    const failed = await stage.untilPhase("Failed");
    assert.equal(conditionOf(failed, "Ready"), "False/VersionDowngradeRejected");
    assert.equal(failed.retryCount, 1);
    await stage.apply({ replicas: 1 });
    const seen = new Set<string>();
    await waitUntil("Running", stage.status, (now) => {
      seen.add(now?.phase ?? "");
      return now?.phase === "Running";
    }, { intervalMs: 2 });
    assert.equal((await stage.status())?.lastError, undefined);
  },
);
