import assert from "node:assert/strict";
import { Events, Pods } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { type FakePatroni, startFakePatroni, wellMembers } from "../../support/fake_patroni.ts";
import { steadyClient } from "../../support/operator.ts";
import { conditionOf, install, name, operate, type Stage, stageOf } from "./stage.ts";

const [m0, m1, m2] = [`${name}-0`, `${name}-1`, `${name}-2`];

/** A scenario whose members are played. */
function played(title: string, run: (stage: Stage, patroni: FakePatroni) => Promise<void>): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      await using patroni = startFakePatroni();
      patroni.members = wellMembers(m0, m1, m2);
      await using operator = operate(namespace, patroni.services);
      const stage = stageOf(client, namespace, operator);
      patroni.onSwitchover = async (leader, candidate) => {
        await label(stage, leader, "replica");
        await label(stage, candidate, "master");
      };
      await run(stage, patroni);
    }));
}

async function label({ client, namespace }: Stage, member: string, role: string): Promise<void> {
  await client.patch(Pods, { namespace, name: member }, { metadata: { labels: { "spilo-role": role } } });
}

/** Plays Patroni's labels: on pods that come anew, too. */
async function labelAll(stage: Stage, patroni: FakePatroni): Promise<void> {
  for (const { metadata } of await stage.members()) {
    const role = patroni.members.find((each) => each.name === metadata.name)?.role;
    const wanted = role === undefined ? undefined : role === "leader" ? "master" : "replica";
    if (wanted === undefined || metadata.labels?.["spilo-role"] === wanted) continue;
    await label(stage, metadata.name, wanted);
  }
}

/** Makes the cluster, with the labels that its members have once they stream. */
async function untilStreaming(stage: Stage, patroni: FakePatroni): Promise<void> {
  await stage.apply();
  await stage.untilPhase("Running");
  await labelAll(stage, patroni);
  await stage.untilCondition("ReplicasReady", "True/Streaming");
}

played(
  "members that say they stream make the cluster Running with their word for it",
  async (stage, patroni) => {
    await stage.apply();
    await stage.untilPhase("Running");
    await labelAll(stage, patroni);
    const status = await stage.untilCondition("ReplicasReady", "True/Streaming");
    const labelled = await waitUntil("roles", stage.status, (seen) => seen?.replicaPods?.length === 2);
    assert.equal(labelled?.primaryPod, m0);
    assert.equal(status.replicationLag?.length, 2);
    assert.equal(status.maxReplicationLagBytes, 0);
    assert.equal(status.replicasLagging, false);
  },
);

played("a leader that is lost is missed within 5 s, and its return is seen", async (stage, patroni) => {
  await stage.apply();
  await stage.untilPhase("Running");
  await stage.untilCondition("ReplicasReady", "True/Streaming");
  patroni.members = patroni.members.map((each) => ({ ...each, role: "replica", state: "running" }));
  const lost = performance.now();
  const status = await stage.untilPhase("Degraded");
  const seconds = (performance.now() - lost) / 1_000;
  assert.ok(seconds < 5, `missed after ${seconds} s`);
  assert.equal(conditionOf(status, "Ready"), "False/NoLeader");
  assert.equal(conditionOf(status, "Degraded"), "True/NoLeader");
  assert.equal(status.readyReplicas, 3, "the workloads alone would have said all is well");
  patroni.members = wellMembers(m1, m0, m2);
  await stage.untilPhase("Running");
  const told = async () =>
    (await stage.client.listAll(Events, { namespace: stage.namespace, fields: "reason=ClusterDegraded" }))
      .length;
  assert.equal(await waitUntil("the event", told, (count) => count > 0), 1);
});

played("a standby on another timeline, or that does not stream, is named", async (stage, patroni) => {
  await stage.apply();
  await stage.untilCondition("ReplicasReady", "True/Streaming");
  patroni.members = wellMembers(m0, m1, m2).map((each) => each.name === m2 ? { ...each, timeline: 7 } : each);
  const apart = await stage.untilCondition("Ready", "False/OtherTimeline");
  assert.match(
    apart.conditions?.find(({ type }) => type === "Ready")?.message ?? "",
    new RegExp(`${m2} is on timeline 7`),
  );
  patroni.members = wellMembers(m0, m1, m2).map((each) =>
    each.name === m1 ? { ...each, state: "starting" } : each
  );
  const silent = await stage.untilCondition("Ready", "False/NotStreaming");
  assert.match(silent.conditions?.find(({ type }) => type === "Ready")?.message ?? "", new RegExp(m1));
});

played(
  "a standby that is too far behind is told, while the cluster goes on serving",
  async (stage, patroni) => {
    await stage.apply({ scaling: { maxReplicas: 3, lagThresholdBytes: 1_000 } });
    await stage.untilCondition("ReplicasReady", "True/Streaming");
    patroni.members = wellMembers(m0, m1, m2).map((each) =>
      each.name === m1 ? { ...each, lag: 50_000_000 } : each
    );
    const status = await stage.untilCondition("ReplicasReady", "False/Lagging");
    assert.equal(status.replicasLagging, true);
    assert.equal(status.maxReplicationLagBytes, 50_000_000);
    assert.equal(conditionOf(status, "Ready"), "True/ClusterReady");
  },
);

played(
  "a standby that is silent changes nothing while its leader sees it stream, but a silent leader is missed",
  async (stage, patroni) => {
    patroni.silent.add(m1);
    await stage.apply();
    await stage.untilCondition("ReplicasReady", "True/Streaming");
    patroni.silent.add(m0);
    const status = await stage.untilCondition("Ready", "False/NoLeader");
    const message = status.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
    assert.match(message, new RegExp(`Nobody leads of those that answer, and ${m0} does not: .*502`));
    patroni.silent.clear();
    await stage.untilPhase("Running");
  },
);

played(
  "members are asked about themselves alone, as a question for all of them disturbs an election",
  async (stage, patroni) => {
    await stage.apply();
    await stage.untilCondition("ReplicasReady", "True/Streaming");
    assert.deepEqual([...patroni.asked].filter((path) => !path.endsWith("/patroni")), []);
    assert.equal(patroni.asked.size, 3);
  },
);

played("a settled cluster whose members are asked all the time makes no request", async (stage, patroni) => {
  await untilStreaming(stage, patroni);
  await delay(1_500);
  const before = stage.operator.transport.seen.length;
  patroni.members = patroni.members.map((each) => each.role === "leader" ? each : { ...each, lag: 500 });
  await delay(7_000);
  assert.deepEqual(stage.operator.transport.seen.slice(before), []);
});

played("a change restarts the standbys, and the primary after it has handed over", async (stage, patroni) => {
  await untilStreaming(stage, patroni);
  const before = new Map((await stage.members()).map(({ metadata }) => [metadata.name, metadata.uid]));
  const order: string[] = [];
  let early = false;
  await stage.apply({ postgresqlParams: { work_mem: "16MB", max_connections: "300" } });
  await waitUntil(
    "all to be restarted",
    async () => {
      await labelAll(stage, patroni);
      for (const { metadata } of await stage.members()) {
        const isStored = patroni.parameters["max_connections"] === "300";
        const isNew = before.get(metadata.name) !== metadata.uid;
        early ||= isNew && !isStored;
        if (isNew && !order.includes(metadata.name)) order.push(metadata.name);
      }
      return order;
    },
    (seen) => seen.length === 3,
    { intervalMs: 20, timeoutMs: 60_000 },
  );
  assert.equal(early, false, "Patroni has the settings before anybody is restarted for them");
  assert.equal(patroni.parameters["work_mem"], undefined, "members have their own word on that");
  assert.equal(patroni.switchovers.length, 1);
  assert.match(patroni.switchovers[0] ?? "", new RegExp(`^${m0} > `));
  assert.equal(order.at(-1), m0, "the former primary comes last, as a standby");
  await stage.untilPhase("Running");
});

played(
  "while a standby has not said that it streams nobody is restarted, and the primary goes only after it has handed over",
  async (stage, patroni) => {
    await untilStreaming(stage, patroni);
    const uids = async () => (await stage.members()).map(({ metadata }) => metadata.uid);
    const before = await uids();
    // As for a moment after a restart: its Patroni does not answer yet, and its leader does not see it.
    const well = patroni.members;
    patroni.members = well.map((each) => each.name === m1 ? { ...each, state: "starting" } : each);
    patroni.silent.add(m1);
    await stage.untilCondition("ReplicasReady", "Unknown/NotYetKnown");
    await stage.apply({ postgresqlParams: { work_mem: "16MB" } });
    await stage.untilPhase("Updating");
    await delay(2_000);
    assert.deepEqual(await uids(), before);
    patroni.members = well;
    patroni.silent.clear();
    await waitUntil(
      "all to be restarted",
      async () => {
        await labelAll(stage, patroni);
        return (await uids()).filter((uid) => !before.includes(uid));
      },
      (seen) => seen.length === 3,
      { intervalMs: 20, timeoutMs: 60_000 },
    );
    assert.equal(patroni.switchovers.length, 1);
  },
);

played("a primary that is to go as surplus hands over first", async (stage, patroni) => {
  patroni.members = wellMembers(m2, m0, m1);
  await untilStreaming(stage, patroni);
  await stage.apply({ replicas: 2 });
  await waitUntil("two members", stage.members, (pods) => pods.length === 2);
  assert.deepEqual(patroni.switchovers, [`${m2} > ${m0}`]);
  patroni.members = patroni.members.filter((each) => each.name !== m2);
  const status = await stage.untilPhase("Running");
  assert.equal(status.primaryPod, m0);
});

played(
  "who takes over is labelled once the leader shuts down, and nobody goes before it leads",
  async (stage, patroni) => {
    patroni.members = wellMembers(m2, m0, m1);
    await untilStreaming(stage, patroni);
    const roles = async () =>
      (await stage.members()).map(({ metadata }) => `${metadata.name}=${metadata.labels?.["spilo-role"]}`)
        .join();
    const seen: string[] = [];
    patroni.onSwitchover = async (leader, candidate) => {
      // A checkpoint, as Patroni makes one before: the leader still takes writes.
      await delay(500);
      seen.push(await roles());
      patroni.stopping.add(leader);
      await waitUntil("the label", roles, (now) => now.includes(`${candidate}=master`));
      await delay(1_000);
      seen.push(await roles());
      await label(stage, leader, "replica");
    };
    await stage.apply({ replicas: 2 });
    await waitUntil("two members", stage.members, (pods) => pods.length === 2);
    assert.deepEqual(seen, [
      `${m0}=replica,${m1}=replica,${m2}=master`,
      `${m0}=master,${m1}=replica,${m2}=master`,
    ]);
    assert.deepEqual(patroni.switchovers, [`${m2} > ${m0}`], "it is asked for once");
  },
);
