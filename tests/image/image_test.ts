/** The image, made for real: the same each time, small, and at work on an API server with the rights of its manifests. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { startControlPlane } from "../ground/control_plane.ts";
import { GroundClient, type Manifest } from "../ground/client.ts";
import { ground, ownedTest } from "../ground/ground.ts";
import { temporaryFolder } from "../ground/guard.ts";
import { at, listAt, stringAt } from "../ground/json.ts";
import { repository } from "../ground/operator.ts";
import { operatorIdentity, refusals } from "../ground/operator_account.ts";
import { freePort } from "../ground/ports.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { accounts, applyAll, namespace, objectsOf, tokenOf } from "../support/installation.ts";
import { makeImage, MOST_BYTES } from "../../tools/image/build.ts";
import { entrypoint, versionIn } from "../../tools/image/entrypoint.ts";
import { runPod, unpack } from "./pod.ts";

const config: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));

ownedTest(
  "made twice, the image is the same to the last bit, small, and all that is in it is named",
  async () => {
    await using scratch = await temporaryFolder("matriarch-image-");
    const first = await makeImage(join(scratch.path, "a"));
    const second = await makeImage(join(scratch.path, "b"));
    assert.deepEqual(second, first);
    assert.ok(first.compressedBytes <= MOST_BYTES);
    const bill = await Deno.readTextFile(join(scratch.path, "a", "sbom.cdx.json"));
    assert.equal(await Deno.readTextFile(join(scratch.path, "b", "sbom.cdx.json")), bill);
    const components = listAt(JSON.parse(bill), "components");
    const names = components.map((component) => stringAt(component, "name"));
    for (const name of ["deno", "libc", "pg", "zod", "prom-client"]) assert.ok(names.includes(name), name);
    assert.ok(components.every((component) => listAt(component, "hashes").length === 1));
  },
);

/** The hooks and their Service as installed, but for where they lead: to this machine. */
function reachable(object: Manifest, port: number): Manifest {
  const name = stringAt(object, "metadata", "name");
  if (name === "multigres-operator-webhook-service") {
    return { ...object, spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] } };
  }
  const text = JSON.stringify(object);
  const changed: Manifest = JSON.parse(
    text.replaceAll('"name":"multigres-operator-webhook-service"', `"port":${port},$&`),
  );
  return changed;
}

const clusters = `
- apiVersion: multigres.com/v1alpha1
  kind: MultigresCluster
  metadata: { name: shop, namespace: default }
  spec:
    postgresPasswordSecretRef: { name: shop-password, key: password }
    globalTopoServer: { external: { endpoints: [ETCD], rootPath: /shop } }
    cells: [{ name: zone-a, zoneId: use1-aza }]
- apiVersion: postgres-operator.smoketurner.com/v1alpha1
  kind: PostgresCluster
  metadata: { name: orders, namespace: default }
  spec: { version: "16", replicas: 2, storage: { size: 1Gi }, tls: { enabled: false } }
`;

ownedTest("the image works read-only, as nobody, and with the rights of its manifests alone", async () => {
  await using scratch = await temporaryFolder("matriarch-image-");
  const folder = scratch.path;
  await makeImage(join(folder, "image"));
  const root = await unpack(join(folder, "image", "layout"), versionIn(config), folder);
  await using plane = await startControlPlane("all", ground().binaries, {
    auditedUser: operatorIdentity.user,
  });
  using client = new GroundClient(plane.connection);
  const [webhook, metrics, probes] = [freePort(), freePort(), freePort()];
  await applyAll(client, (await objectsOf("default")).map((object) => reachable(object, webhook)));
  await Deno.mkdir(join(root, "var/run/secrets/kubernetes.io/serviceaccount"), { recursive: true });
  const secret = (name: string, text: string) =>
    Deno.writeTextFile(join(root, "var/run/secrets/kubernetes.io/serviceaccount", name), text);
  await secret("token", await tokenOf(client, accounts.operator));
  await secret("ca.crt", plane.connection.caPem ?? "");
  await secret("namespace", namespace);
  const log = join(folder, "pod.log");
  const server = new URL(plane.connection.server);
  const pod = runPod({
    root,
    log,
    command: [
      ...entrypoint(config),
      "run",
      "--leader-elect",
      "--zap-devel=false",
      `--webhook-port=${webhook}`,
      `--metrics-bind-address=127.0.0.1:${metrics}`,
      `--health-probe-bind-address=127.0.0.1:${probes}`,
    ],
    env: {
      KUBERNETES_SERVICE_HOST: server.hostname,
      KUBERNETES_SERVICE_PORT: server.port,
      POD_NAME: "manager-0",
      POD_NAMESPACE: namespace,
      POD_SERVICE_ACCOUNT: accounts.operator,
    },
  });
  try {
    const readyz = async () => await (await fetch(`http://127.0.0.1:${probes}/readyz`)).text();
    await waitUntil("the pod to be ready", readyz, (text) => text === "ok\n", {
      timeoutMs: 90_000,
      hopeless: () => pod.running() ? undefined : Deno.readTextFileSync(log),
    });
    await lives(client, plane.etcd);
    pod.signal("SIGTERM");
    assert.deepEqual(refusals(await plane.auditedRequests()), []);
  } finally {
    await pod.stop("SIGTERM");
  }
});

/** Clusters of both families come, change and go. */
async function lives(client: GroundClient, etcd: string): Promise<void> {
  const password = { apiVersion: "v1", kind: "Secret", metadata: { name: "shop-password" } };
  await client.apply({ ...password, stringData: { password: "p" } }, "default");
  const wanted: Manifest[] = parse(clusters.replace("ETCD", etcd));
  for (const cluster of wanted) await client.apply(cluster);
  const api = "/apis/apps/v1/namespaces/default";
  const replicas = (count: number) => (seen: unknown) => at(seen, "spec", "replicas") === count;
  const members = () => client.get(`${api}/statefulsets/orders`);
  await waitUntil("the members", members, replicas(2), { timeoutMs: 60_000 });
  await waitUntil(
    "the pods of the pool",
    async () => listAt(await client.get("/api/v1/namespaces/default/pods"), "items"),
    (pods) => pods.some((pod) => stringAt(pod, "metadata", "labels", "multigres.com/cluster") === "shop"),
    { timeoutMs: 60_000 },
  );
  const scaled = wanted.map((cluster) =>
    cluster["kind"] === "PostgresCluster"
      ? { ...cluster, spec: { ...Object(cluster["spec"]), replicas: 3 } }
      : cluster
  );
  for (const cluster of scaled) await client.apply(cluster);
  await waitUntil("a third member", members, replicas(3), { timeoutMs: 60_000 });
  for (const cluster of wanted) await client.send("DELETE", await client.pathOf(cluster));
  for (const cluster of wanted) {
    const path = await client.pathOf(cluster);
    await waitUntil(`${path} to go`, async () => await client.get(path), (seen) => seen === undefined, {
      timeoutMs: 120_000,
    });
  }
}
