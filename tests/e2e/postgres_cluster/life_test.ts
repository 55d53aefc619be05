import assert from "node:assert/strict";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { Events, Pods, Secrets, Services } from "../../../kube/kinds.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { conditionOf, name, scenario } from "./stage.ts";

scenario("a cluster is created, and says so from the first phase to Running", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply({ labels: { team: "shop" } });
  const status = await stage.untilPhase("Running");
  assert.deepEqual([status.readyReplicas, status.replicas, status.currentVersion], [3, 3, "16"]);
  assert.equal(status.observedGeneration, 1);
  assert.equal(conditionOf(status, "Ready"), "True/ClusterReady");
  assert.equal(conditionOf(status, "Progressing"), "False/Stable");
  assert.equal(conditionOf(status, "Degraded"), "False/Healthy");
  assert.equal(conditionOf(status, "ConfigurationValid"), "True/SpecValid");
  await stage.untilCondition("ReplicasReady", "True/Streaming");
  assert.equal(status.connectionInfo?.primary, `${name}-primary.${namespace}.svc:5432`);
  assert.equal(status.connectionInfo?.replicas, `${name}-repl.${namespace}.svc:5432`);
  assert.equal(status.pods?.length, 3);
  const secret = await client.get(Secrets, { namespace, name: `${name}-credentials` });
  assert.deepEqual(Object.keys(secret.data ?? {}).sort(), [
    "PGPASSWORD",
    "POSTGRES_PASSWORD",
    "REPLICATION_PASSWORD",
    "connection-string",
  ]);
  const told = async () => {
    const events = await client.listAll(Events, { namespace, fields: "involvedObject.kind=PostgresCluster" });
    return events.map(({ type, reason }) => `${type} ${reason}`);
  };
  const events = await waitUntil("the event", told, (seen) => seen.includes("Normal ClusterReady"));
  assert.ok(events.includes("Normal ClusterCreating"));
  assert.deepEqual(events.filter((each) => each.startsWith("Warning")), ["Warning TLSDisabled"]);
});

scenario("a settled cluster costs no request, and another look finds nothing to do", async (stage) => {
  await stage.apply({ resources: { limits: { cpu: "1", memory: "1024Mi" } }, pgbouncer: { enabled: true } });
  await stage.untilPhase("Running");
  await waitUntil("the pooler", stage.status, (seen) => seen?.pgbouncerReadyReplicas === 2);
  await delay(2_000);
  const before = stage.operator.transport.seen.length;
  const key = { namespace: stage.namespace, name };
  await stage.client.patch(PostgresClusters.resource, key, { metadata: { annotations: { look: "again" } } });
  await delay(2_000);
  assert.deepEqual(stage.operator.transport.seen.slice(before), []);
});

scenario("the number of members goes up and down, by the phase Scaling", async (stage) => {
  await stage.apply();
  await stage.untilPhase("Running");
  const phases = new Set<string>();
  const until = async (members: number) =>
    await waitUntil(`${members} members`, stage.status, (seen) => {
      phases.add(seen?.phase ?? "");
      return seen?.phase === "Running" && seen.readyReplicas === members && seen.replicas === members;
    }, { intervalMs: 5 });
  await stage.apply({ replicas: 5 });
  await until(5);
  assert.deepEqual([...phases].sort(), ["Running", "Scaling"]);
  await stage.apply({ replicas: 2 });
  const status = await until(2);
  assert.equal(status?.previousReplicas, 5);
  assert.deepEqual((await stage.members()).map(({ metadata }) => metadata.name), [`${name}-0`, `${name}-1`]);
  await stage.apply({ replicas: 1 });
  await until(1);
  const replica = () => stage.client.find(Services, { namespace: stage.namespace, name: `${name}-repl` });
  await waitUntil("the Service of standbys to go", replica, (seen) => seen === undefined);
  assert.equal((await stage.status())?.connectionInfo?.replicas, undefined);
});

scenario("a setting restarts members one at a time, by the phase Updating", async (stage) => {
  await stage.apply();
  await stage.untilPhase("Running");
  const before = new Set((await stage.members()).map(({ metadata }) => metadata.uid));
  let least = 3;
  const phases = new Set<string>();
  await stage.apply({ postgresqlParams: { max_connections: "200" } });
  await waitUntil(
    "new members",
    async () => {
      const [pods, status] = [await stage.members(), await stage.status()];
      phases.add(status?.phase ?? "");
      const ready = pods.filter(({ status, metadata }) =>
        metadata.deletionTimestamp === undefined &&
        status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
      );
      least = Math.min(least, ready.length);
      return { pods, phase: status?.phase };
    },
    ({ pods, phase }) => phase === "Running" && pods.every(({ metadata }) => !before.has(metadata.uid ?? "")),
    {
      intervalMs: 5,
    },
  );
  assert.ok(least >= 2, `${least} of 3 members were ready at the worst`);
  assert.ok(phases.has("Updating"));
  const env = (await stage.statefulSet()).spec?.template.spec?.containers[0]?.env;
  assert.match(
    env?.find((each) => each.name === "SPILO_CONFIGURATION")?.value ?? "",
    /max_connections: "200"/,
  );
});

scenario("a label costs no restart: members that run get it", async (stage) => {
  await stage.apply({ labels: { team: "shop" } });
  await stage.untilPhase("Running");
  const before = (await stage.members()).map(({ metadata }) => metadata.uid);
  await stage.apply({ labels: { team: "sales", tier: "gold" } });
  const labelled = await waitUntil(
    "the labels",
    stage.members,
    (pods) =>
      pods.every(({ metadata }) =>
        metadata.labels?.["team"] === "sales" && metadata.labels["tier"] === "gold"
      ),
  );
  assert.deepEqual(labelled.map(({ metadata }) => metadata.uid), before);
});

scenario("what somebody else changes or deletes is put back", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply();
  await stage.untilPhase("Running");
  const key = { namespace, name: `${name}-primary` };
  await deleteNow(client, Services, key);
  await waitUntil("the Service to be back", () => client.find(Services, key), (seen) => seen !== undefined);
  await client.patch(Services, key, { spec: { selector: { "spilo-role": "replica" } } });
  await waitUntil(
    "the selector to be back",
    () => client.get(Services, key),
    (seen) => seen.spec?.selector?.["spilo-role"] === "master",
  );
});

scenario(
  "a member that does not come up makes the cluster Degraded, and its return Running again",
  async (stage) => {
    const { client } = stage;
    await stage.apply();
    await stage.untilPhase("Running");
    const pod = (await stage.members()).at(-1);
    assert.ok(pod !== undefined);
    const told = (ready: "True" | "False", waiting?: string) => ({
      phase: "Running",
      conditions: [{ type: "Ready", status: ready }],
      containerStatuses: [{
        name: "postgres",
        image: "x",
        imageID: "",
        ready: ready === "True",
        restartCount: 5,
        state: waiting === undefined ? { running: {} } : { waiting: { reason: waiting } },
      }],
    });
    await client.patch(Pods, pod.metadata, { status: told("False", "CrashLoopBackOff") }, "status");
    const status = await stage.untilPhase("Degraded");
    assert.equal(conditionOf(status, "Ready"), "False/MembersNotReady");
    assert.match(status.conditions?.find(({ type }) => type === "Ready")?.message ?? "", /CrashLoopBackOff/);
    assert.equal(conditionOf(status, "Degraded"), "True/MembersNotReady");
    await client.patch(Pods, pod.metadata, { status: told("True") }, "status");
    await stage.untilPhase("Running");
  },
);
