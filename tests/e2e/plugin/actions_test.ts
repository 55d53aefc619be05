import assert from "node:assert/strict";
import { annotations } from "../../../api/smoketurner/annotations.ts";
import { specHashAnnotation } from "../../../api/multigres/annotations.ts";
import { addControllers } from "../../../controllers/controllers.ts";
import { type Pod, Pods, Secrets } from "../../../kube/kinds.ts";
import { ownedTest, privateControlPlane, sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { clusterTest, services } from "../../support/cluster_stage.ts";
import { startDataPlane } from "../../support/data_plane/data_plane.ts";
import { startExecNode } from "../../support/exec_node.ts";
import { installKinds, steadyClient } from "../../support/operator.ts";
import { playBackups } from "../../support/played_backups.ts";
import {
  applyCluster,
  install,
  name,
  operate,
  type Stage,
  stageOf,
  wellPlayed,
} from "../postgres_cluster/stage.ts";
import { plugin } from "./support.ts";

function scenario(
  title: string,
  run: (stage: Stage, played: ReturnType<typeof playBackups>) => Promise<void>,
): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      const played = playBackups((taken) => taken.map((time, at) => ({ backup_name: `base_${at}`, time })));
      await using operator = operate(namespace, { ...wellPlayed, exec: played.exec });
      await run(stageOf(client, namespace, operator), played);
    }));
}

const uids = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid);

scenario("a PostgresCluster is restarted member by member, and the end is told", async (stage) => {
  const { namespace } = stage;
  await stage.apply({ replicas: 2 });
  await stage.untilPhase("Running");
  const without = await plugin(["backup", name], { namespace });
  assert.equal(without.code, 1);
  assert.match(without.stderr, /Cannot back up PostgresCluster \S+\/orders as it has no spec\.backup/);
  const before = await stage.members();
  const { code, stdout, stderr } = await plugin(["restart", name, "--timeout=60s"], { namespace });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${name}: 2 instances are restarted\n`);
  const after = await stage.members();
  assert.equal(after.length, 2);
  assert.deepEqual(uids(after).filter((uid) => uids(before).includes(uid)), []);
  const marks = after.map(({ metadata }) => metadata.annotations?.[annotations.askedHash] ?? "");
  assert.ok(marks.every((mark) => /^[0-9a-f]{16}$/.test(mark)), marks.join());
  await stage.untilPhase("Running");
});

scenario(
  "a member that the operator did not make is not marked, and a wait that ends says so",
  async (stage) => {
    const { namespace, client } = stage;
    await stage.apply({ replicas: 1 });
    await stage.untilPhase("Running");
    const [member] = await stage.members();
    await stage.operator.stop();
    const late = await plugin(["restart", name, "--timeout=1s"], { namespace });
    assert.equal(late.code, 3, late.stderr);
    assert.match(
      late.stderr,
      /Waited 1s for 1 instances of orders to be made anew: 0 of 1 .* --timeout gives/,
    );
    const key = { namespace, name: member?.metadata.name ?? "" };
    await client.patch(Pods, key, { metadata: { annotations: { [annotations.askedHash]: null } } });
    const refused = await plugin(["restart", name], { namespace });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Cannot restart orders as pod orders-0 bears no \S+asked-hash/);
    assert.equal((await client.get(Pods, key)).metadata.annotations?.[annotations.askedHash], undefined);
  },
);

const backup = {
  schedule: "0 1 1 1 *",
  destination: { type: "S3", bucket: "b", region: "r", credentialsSecret: "keys" },
  encryption: { keySecret: "key" },
};

scenario("a backup of a PostgresCluster is taken, and how it ended is told", async (stage, played) => {
  const { namespace, client } = stage;
  const secrets = {
    keys: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    key: { "encryption-key": "c" },
  };
  for (const [secret, stringData] of Object.entries(secrets)) {
    await client.create(Secrets, { metadata: { namespace, name: secret }, stringData });
  }
  await stage.apply({ replicas: 1, backup });
  await stage.untilPhase("Running");
  await client.patch(Pods, { namespace, name: `${name}-0` }, {
    metadata: { labels: { "spilo-role": "master" } },
  });
  const good = await plugin(["backup", name, "--timeout=90s"], { namespace });
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^backup \S+ of orders is complete\n$/);
  assert.equal(played.taken.length, 1);
  played.work = () => Promise.resolve(3);
  const bad = await plugin(["backup", name, "--timeout=90s"], { namespace });
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /kubectl-matriarch: Cannot back up orders: [^\n]*code 3[^\n]*\n$/);
});

const manifest = `
apiVersion: v1
kind: Secret
metadata: { name: pw }
stringData: { password: secret-of-the-cluster }
---
apiVersion: multigres.com/v1alpha1
kind: MultigresCluster
metadata: { name: c }
spec:
  postgresPasswordSecretRef: { name: pw, key: password }
  globalTopoServer: { external: { endpoints: [TOPO], rootPath: ROOT } }
  cells: [{ name: zone-a, zoneId: use1-aza }]
`;

clusterTest("a Multigres cluster is restarted by its own rules: the primary resigns first", async (stage) => {
  const { namespace, endpoint: etcd, root, client } = stage;
  await stage.apply(manifest);
  await using plane = startDataPlane({
    connection: sharedCluster().connection,
    namespace,
    etcd,
    root,
    speed: 30,
    needsDatabase: true,
  });
  await using _operator = stage.start({
    setUp: (manager) => addControllers(manager, services({ evidenceSeconds: 0.3 })),
  });
  await stage.untilPhase("c", "Healthy");
  const pods = () => client.listAll(Pods, { namespace, labels: "app.kubernetes.io/component=shard-pool" });
  const before = await pods();
  const { code, stdout, stderr } = await plugin(["restart", "mgc/c", "--timeout=120s"], { namespace });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "mgc/c: 2 instances are restarted\n");
  assert.deepEqual(uids(await pods()).filter((uid) => uids(before).includes(uid)), []);
  assert.ok(
    (await pods()).every(({ metadata }) =>
      /^[0-9a-f]{16}$/.test(metadata.annotations?.[specHashAnnotation] ?? "")
    ),
  );
  assert.ok(
    plane.calls.some(({ method }) => method === "resignLeadership"),
    "the primary was asked to resign",
  );
  await stage.untilPhase("c", "Healthy");

  const replica = (await pods()).find(({ metadata }) => metadata.name !== plane.primary())?.metadata.name ??
    "";
  const promoted = await plugin(["promote", replica], { namespace });
  assert.equal(promoted.code, 1);
  assert.match(promoted.stderr, /Cannot ask Service \S+\/c-multiadmin /, "one standby is a choice of one");
  // No pod of multiadmin answers on nodes that run nothing, and that is what is said.
  const refused = await plugin(["backup", "c"], { namespace });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^kubectl-matriarch: Cannot ask Service \S+\/c-multiadmin [^\n]+\n$/);
});

/** Patroni answers on this port in the containers, which here are processes of this machine. */
const PATRONI_PORT = 8008;

ownedTest("a member is promoted by Patroni's own switchover, and refusals are passed on", async () => {
  await using plane = await privateControlPlane("api");
  using client = steadyClient(plane.connection);
  await installKinds(client);
  await using _node = await startExecNode(plane, client, "orders-0");
  const namespace = "shop";
  await applyCluster(client, namespace, { replicas: 2 });
  const containers = [{ name: "postgres", image: "none" }];
  await client.create(Pods, {
    metadata: { namespace, name: "orders-1" },
    spec: { nodeName: "streaming", containers },
  });
  const label = async (pod: string, role: string) => {
    const labels = {
      application: "spilo",
      "postgres-operator.smoketurner.com/cluster": name,
      "spilo-role": role,
    };
    await client.patch(Pods, { namespace, name: pod }, { metadata: { labels } });
  };
  await label("orders-0", "master");
  await label("orders-1", "replica");
  const wishes: unknown[] = [];
  let state = "running";
  let labelledAhead: string | undefined;
  const roleOf = async () =>
    (await client.get(Pods, { namespace, name: "orders-1" })).metadata.labels?.["spilo-role"] ?? "";
  let answer = new Response("no good candidates have been found", { status: 412 });
  await using _patroni = Deno.serve(
    { hostname: "127.0.0.1", port: PATRONI_PORT, onListen: () => {} },
    async (request) => {
      if (new URL(request.url).pathname === "/patroni") return new Response(`{"state": "${state}"}`);
      wishes.push(await request.json());
      if (answer.status !== 200) return answer;
      state = "stopping";
      labelledAhead = await waitUntil("the label", roleOf, (role) => role === "master");
      await label("orders-0", "replica");
      return answer;
    },
  );
  const options = { connection: plane.connection, namespace };
  const early = await plugin(["promote", "orders-1"], options);
  assert.match(
    early.stderr,
    /Cannot promote orders-1 as it is no replica that is ready: it is replica, not ready/,
  );
  const conditions = [{ type: "Ready", status: "True" }];
  await client.patch(Pods, { namespace, name: "orders-1" }, { status: { conditions } }, "status");
  const refused = await plugin(["promote", "pod/orders-1"], options);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Patroni of orders-0 answers 412: no good candidates have been found\n$/);
  assert.equal(await roleOf(), "replica", "nothing is labelled for a switchover that is refused");
  answer = new Response('Successfully switched over to "orders-1"');
  const done = await plugin(["promote", "orders-1"], options);
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.stdout, "orders-1 leads now\n");
  assert.equal(labelledAhead, "master", "clients are led to it while the former leader stops");
  assert.deepEqual(wishes[1], { leader: "orders-0", candidate: "orders-1" });
  const again = await plugin(["promote", "orders-1"], options);
  assert.deepEqual([again.code, again.stdout], [0, "orders-1 leads already\n"]);
  const nobody = await plugin(["promote", "orders-7"], options);
  assert.match(nobody.stderr, /Cannot find pod orders-7 in namespace shop/);
});
