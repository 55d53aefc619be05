import assert from "node:assert/strict";
import { GroundClient } from "./client.ts";
import { fakeRegion, fakeZones } from "./fake_nodes.ts";
import { connectionAs, ownedTest, sharedCluster } from "./ground.ts";
import { at, conditionStatus, listAt, stringAt } from "./json.ts";
import { kubectl, tryKubectl } from "./kubectl.ts";
import { waitFor, waitUntil } from "./wait_for.ts";
import { withNamespace } from "./with_namespace.ts";

const podTemplate = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: "main", image: "example/none:1" }] },
});

const claim = (name: string, storage: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name },
  spec: {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "standard",
    resources: { requests: { storage } },
  },
});

ownedTest("every fake node is Ready and names its region, zone and zone id", async () => {
  using client = new GroundClient(sharedCluster().connection);
  const nodes = await client.list("/api/v1/nodes");
  const places = nodes.map((node) => ({
    ready: conditionStatus(node, "Ready"),
    region: at(node, "metadata", "labels", "topology.kubernetes.io/region"),
    name: at(node, "metadata", "labels", "topology.kubernetes.io/zone"),
    id: at(node, "metadata", "labels", "topology.k8s.aws/zone-id"),
  }));
  assert.deepEqual(places, fakeZones.map((zone) => ({ ready: "True", region: fakeRegion, ...zone })));
});

ownedTest("the pods of a Deployment become Ready", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    await client.apply({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template: podTemplate("web") },
    }, namespace);
    await waitUntil(
      "three ready replicas of Deployment web",
      () => client.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web`),
      (deployment) => at(deployment, "status", "readyReplicas") === 3,
    );
    const pods = await client.list(`/api/v1/namespaces/${namespace}/pods`);
    assert.deepEqual(pods.map((pod) => conditionStatus(pod, "Ready")), ["True", "True", "True"]);
    const addresses = new Set(pods.map((pod) => stringAt(pod, "status", "podIP")));
    assert.equal(addresses.size, 3, `each pod has an address of its own: ${[...addresses]}`);
  });
});

ownedTest("a StatefulSet with claims becomes ready, and its volumes are Bound", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    await client.apply({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db" },
      spec: {
        replicas: 2,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: podTemplate("db"),
        volumeClaimTemplates: [claim("data", "1Gi")],
      },
    }, namespace);
    await waitUntil(
      "two ready replicas of StatefulSet db",
      () => client.get(`/apis/apps/v1/namespaces/${namespace}/statefulsets/db`),
      (set) => at(set, "status", "readyReplicas") === 2,
    );
    const claims = await client.list(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`);
    assert.deepEqual(claims.map((item) => at(item, "metadata", "name")), ["data-db-0", "data-db-1"]);
    assert.deepEqual(claims.map((item) => at(item, "status", "phase")), ["Bound", "Bound"]);
  });
});

ownedTest("a claim is bound, grows with its volume, and takes the volume along when it goes", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/data`;
    const hasCapacity = (size: string) => (seen: unknown) =>
      at(seen, "status", "capacity", "storage") === size;
    await client.apply(claim("data", "1Gi"), namespace);
    const bound = await waitUntil("claim data to be bound", () => client.get(path), hasCapacity("1Gi"));
    const volumePath = `/api/v1/persistentvolumes/${stringAt(bound, "spec", "volumeName")}`;

    await client.apply(claim("data", "2Gi"), namespace);
    await waitUntil("claim data to have 2Gi", () => client.get(path), hasCapacity("2Gi"));
    assert.equal(at(await client.get(volumePath), "spec", "capacity", "storage"), "2Gi");

    await client.request("DELETE", path);
    await waitUntil("the volume to be gone", () => client.get(volumePath), (volume) => volume === undefined);
  });
});

ownedTest("the pod of a Job succeeds", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    const template = {
      ...podTemplate("once"),
      spec: { ...podTemplate("once").spec, restartPolicy: "Never" },
    };
    await client.apply({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "once" },
      spec: { template },
    }, namespace);
    await waitUntil(
      "Job once to complete",
      () => client.get(`/apis/batch/v1/namespaces/${namespace}/jobs/once`),
      (job) => conditionStatus(job, "Complete") === "True",
    );
  });
});

ownedTest("a pod that is resized in place has its new resources without a restart", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    const path = `/api/v1/namespaces/${namespace}/pods/db`;
    const containers = (
      cpu: string,
    ) => [{ name: "main", image: "example/none:1", resources: { requests: { cpu } } }];
    const hasCpu = (cpu: string) => (pod: unknown) =>
      at(pod, "status", "containerStatuses", 0, "resources", "requests", "cpu") === cpu;
    await client.apply(
      { apiVersion: "v1", kind: "Pod", metadata: { name: "db" }, spec: { containers: containers("1") } },
      namespace,
    );
    await waitUntil("pod db to run with one CPU", () => client.get(path), hasCpu("1"));
    await client.request(
      "PATCH",
      `${path}/resize`,
      { spec: { containers: containers("2") } },
      "application/strategic-merge-patch+json",
    );
    const resized = await waitUntil("pod db to have two CPUs", () => client.get(path), hasCpu("2"));
    assert.equal(at(resized, "status", "containerStatuses", 0, "restartCount"), 0);
    assert.equal(conditionStatus(resized, "Ready"), "True");
  });
});

Deno.test("objects whose owner is deleted are collected", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    const home = `/api/v1/namespaces/${namespace}/configmaps`;
    const owner = await client.apply(
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owner" } },
      namespace,
    );
    const uid = stringAt(owner, "metadata", "uid");
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }];
    await client.apply(
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owned", ownerReferences } },
      namespace,
    );
    await client.request("DELETE", `${home}/owner`);
    await waitUntil(
      "the owned ConfigMap to go",
      () => client.get(`${home}/owned`),
      (seen) => seen === undefined,
    );
  });
});

ownedTest("a user may do what RBAC grants and nothing else", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    const user = `reader-of-${namespace}`;
    using reader = new GroundClient(await connectionAs({ user, groups: ["readers"] }));
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const refused = await reader.send("GET", pods);
    assert.equal(refused.status, 403);
    assert.match(
      stringAt(refused.body, "message") ?? "",
      new RegExp(`User "${user}" cannot list resource "pods"`),
    );

    await client.apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "readers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    }, namespace);
    await waitFor("the binding to count", async () => (await reader.send("GET", pods)).status === 200);
    const written = await reader.send("POST", `/api/v1/namespaces/${namespace}/configmaps`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "no" },
    });
    assert.equal(written.status, 403);
  });
});

Deno.test("kubectl applies from standard input and reads back", async (t) => {
  await withNamespace(t, async ({ namespace }) => {
    const manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  key: value\n";
    assert.equal(
      await kubectl(["apply", "--server-side", "-f", "-"], { namespace, stdin: manifest }),
      "configmap/settings serverside-applied\n",
    );
    assert.equal(
      await kubectl(["get", "configmap/settings", "-o=jsonpath={.data.key}"], { namespace }),
      "value",
    );
    const missing = await tryKubectl(["get", "configmap/none"], { namespace });
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /configmaps "none" not found/);
  });
});

Deno.test("a wait that is in vain tells what it waited for and what it saw last", async () => {
  const look = () => ({ status: { phase: "Pending" } });
  await assert.rejects(
    waitUntil("the moon to be made of cheese", look, () => false, { timeoutMs: 30, intervalMs: 10 }),
    /Waited 0.03 s for the moon to be made of cheese. Last seen:\nstatus:\n {2}phase: Pending/,
  );
});

Deno.test("the server reports the version that it was built from", async () => {
  using client = new GroundClient(sharedCluster().connection);
  const version = await client.request("GET", "/version");
  assert.match(stringAt(version, "gitVersion") ?? "", /^v1\.\d+\.\d+/);
  assert.ok(listAt(await client.request("GET", "/apis"), "groups").length > 10);
});
