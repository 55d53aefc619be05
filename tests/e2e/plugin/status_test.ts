import assert from "node:assert/strict";
import { addControllers } from "../../../controllers/controllers.ts";
import { Pods, Secrets } from "../../../kube/kinds.ts";
import { connectionAs, sharedCluster } from "../../ground/ground.ts";
import { listAt, stringAt } from "../../ground/json.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { clusterTest, services } from "../../support/cluster_stage.ts";
import { startDataPlane } from "../../support/data_plane/data_plane.ts";
import { startFakePatroni, wellMembers } from "../../support/fake_patroni.ts";
import { steadyClient } from "../../support/operator.ts";
import { install, name, operate, stageOf } from "../postgres_cluster/stage.ts";
import { documentOf, plugin } from "./support.ts";

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
  internalTLS: { enabled: true }
  globalTopoServer: { external: { endpoints: [TOPO], rootPath: ROOT } }
  cells: [{ name: zone-a, zoneId: use1-aza }]
`;

clusterTest("a Multigres cluster is shown down to its pods, and what it waits for is told", async (stage) => {
  const { namespace, endpoint: etcd, root } = stage;
  await stage.apply(manifest.replace("  internalTLS: { enabled: true }\n", ""));
  const { connection } = sharedCluster();
  await using plane = startDataPlane({
    connection,
    namespace,
    etcd,
    root,
    speed: 30,
    needsDatabase: true,
  });
  const before = await plugin(["status", "mgc/c"], { namespace });
  assert.equal(before.code, 0, before.stderr);
  assert.match(before.stdout, new RegExp(`^MultigresCluster ${namespace}/c  Unknown, `));
  assert.match(
    before.stdout,
    /Waiting for\n {2}MultigresCluster\/c \(Unknown\): no operator has said anything/,
  );
  await using _operator = stage.start({
    setUp: (manager) => addControllers(manager, services({ evidenceSeconds: 0.3 })),
  });
  await stage.untilPhase("c", "Healthy");
  const { stdout } = await plugin(["status", "c", "-n", namespace]);
  assert.match(stdout, new RegExp(`^MultigresCluster ${namespace}/c  Healthy, `));
  assert.match(stdout, /NAME +PHASE +GATEWAYS\n +zone-a +Healthy +1\/1\n/);
  assert.match(stdout, /Shard postgres\/default\/0-inf: Healthy, 2 of 2 ready/);
  const lines = stdout.split("\n");
  const primary = plane.primary() ?? "none";
  assert.ok(lines.some((line) => line.includes(`${primary} `) && / primary +yes +- +/.test(line)), stdout);
  assert.equal(lines.filter((line) => / replica +yes +unknown +/.test(line)).length, 1, stdout);
  assert.match(stdout, /Backups\n.*\n +Shard\/\S+ +(un)?healthy/);

  // The spec changes, and nobody answers.
  await _operator.stop();
  await stage.apply(manifest);
  const stale = await plugin(["status", "c"], { namespace });
  assert.match(stale.stdout, new RegExp(`^MultigresCluster ${namespace}/c  Unknown, `));
  assert.match(stale.stdout, /was Healthy with generation 1 of the spec, which is at 2 now/);
  assert.equal(/^Multigres.*Healthy/m.test(stale.stdout), false);
});

Deno.test("a PostgresCluster is shown with roles, lag, certificates and conditions", (t) =>
  withNamespace(t, async ({ namespace }) => {
    await install();
    using client = steadyClient(sharedCluster().connection);
    await using patroni = startFakePatroni();
    patroni.members = wellMembers(`${name}-0`, `${name}-1`);
    for (const member of patroni.members) if (member.role === "replica") member.lag = 3 * 2 ** 20;
    await using operator = operate(namespace, patroni.services);
    const stage = stageOf(client, namespace, operator);
    await stage.apply({ replicas: 2, tls: { enabled: true } });
    await stage.untilPhase("Running");
    for (const [at, role] of ["master", "replica"].entries()) {
      const key = { namespace, name: `${name}-${at}` };
      await client.patch(Pods, key, { metadata: { labels: { "spilo-role": role } } });
    }
    await stage.untilCondition("ReplicasReady", "True/Streaming");
    const { stdout, stderr, code } = await plugin(["status", `pgc/${name}`], { namespace });
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^PostgresCluster ${namespace}/${name}  Running, PostgreSQL 16, `));
    assert.match(stdout, /Members: 2 of 2 ready/);
    assert.match(stdout, /orders-0 +primary +yes +- /);
    assert.match(stdout, /orders-1 +replica +yes +3\.0 MiB /);
    assert.match(stdout, /orders-own-tls +tls\.crt +in \d+d/);
    assert.match(stdout, /ConfigurationValid +True/);
    assert.match(stdout, /PostgresCluster\/orders +none +no backups are asked for/);

    const list = await plugin(["status"], { namespace });
    assert.match(
      list.stdout,
      /^NAMESPACE +KIND +NAME +PHASE +READY +PRIMARY +BACKUPS +AGE\n\S+ +PostgresCluster +orders +Running +2\/2 +orders-0 +none/,
    );
    const document = await documentOf([name], { namespace });
    const [cluster] = listAt(document, "clusters");
    assert.equal(stringAt(cluster, "phase"), "Running");
    const [group] = listAt(cluster, "groups");
    assert.deepEqual(
      listAt(group, "instances").map((each) => stringAt(each, "role")),
      ["primary", "replica"],
    );
    const told = JSON.stringify(document);
    for (const secret of await client.listAll(Secrets, { namespace })) {
      for (const [key, value] of Object.entries(secret.data ?? {})) {
        if (key.endsWith(".crt")) continue;
        assert.equal(
          told.includes(value) || told.includes(atob(value)),
          false,
          `${secret.metadata.name} ${key}`,
        );
      }
    }
  }));

Deno.test("what may not be read is said, and the rest is shown", (t) =>
  withNamespace(t, async ({ namespace, client: ground }) => {
    await install();
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { namespace, name: "viewer" } };
    const rules = [{
      apiGroups: ["postgres-operator.smoketurner.com"],
      resources: ["*"],
      verbs: ["get", "list"],
    }];
    await ground.apply({ ...rbac, kind: "Role", rules });
    await ground.apply({
      ...rbac,
      kind: "RoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "viewer" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: `viewer-of-${namespace}` }],
    });
    using client = steadyClient(sharedCluster().connection);
    await using operator = operate(namespace);
    const stage = stageOf(client, namespace, operator);
    await stage.apply({ replicas: 1 });
    await stage.untilPhase("Running");
    const connection = await connectionAs({ user: `viewer-of-${namespace}` });
    const seen = await waitUntil(
      "the rights to count",
      () => plugin(["status", name], { connection, namespace }),
      ({ code }) => code === 0,
    );
    assert.match(seen.stdout, /PostgresCluster \S+\/orders {2}Running/);
    assert.match(seen.stdout, /Note: Cannot show pods as the right to list them in namespace \S+ is missing/);
    assert.match(seen.stdout, /Note: Cannot show secrets as the right to get them/);
    assert.match(seen.stdout, /Operator: unknown \(its Lease may not be read\)/);
    assert.match(seen.stdout, /no instance can be seen/);

    const refused = await plugin(["status", "-n", "default", "x"], { connection });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^kubectl-matriarch: Cannot do that as a right is missing: [^\n]+\n$/);
  }));

Deno.test("wrong names, kinds, flags and contexts are told in one line", async () => {
  const namespace = "default";
  const table: readonly (readonly [readonly string[], number, RegExp])[] = [
    [
      ["status", "nobody"],
      1,
      /Cannot find a MultigresCluster or PostgresCluster nobody in namespace default/,
    ],
    [["status", "pod/x"], 2, /Cannot use "pod" as a kind: it is mgc .* or pgc/],
    [["status", "a/b/c"], 2, /Cannot read "a\/b\/c" as it is no name/],
    [["status", "x", "-A"], 2, /Cannot show one cluster of all namespaces/],
    [["status", "-o", "yaml"], 2, /Cannot use --output as its value is one of text, json/],
    [["status", "--context=none"], 1, /"none" is not among its contexts/],
    [
      ["status", "--kubeconfig=/nowhere/config"],
      1,
      /Cannot find a kubeconfig \(looked at: \/nowhere\/config\)/,
    ],
    [["statsu"], 2, /Cannot run "statsu" as there is no such command; did you mean `status`\?/],
  ];
  for (const [args, code, said] of table) {
    const ended = await plugin(args, { namespace });
    assert.match(ended.stderr, /^kubectl-matriarch: [^\n]+\n$/, args.join(" "));
    assert.match(ended.stderr, said);
    assert.equal(ended.code, code, args.join(" "));
  }
});
