/** A PostgresCluster that the Rust operator made is taken over while it serves. */
import assert from "node:assert/strict";
import { annotations } from "../../../api/smoketurner/annotations.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { Events, Pods, StatefulSets } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { dieAt } from "../../support/crash.ts";
import { type FakePatroni, startFakePatroni, wellMembers } from "../../support/fake_patroni.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { kindsOfPostgresCluster, leavePostgresCluster } from "../../support/former_patroni.ts";
import { type RunningOperator, steadyClient } from "../../support/operator.ts";
import { recordedSpec } from "../../support/postgres_clusters.ts";
import { untilQuiet } from "../../support/quiet.ts";
import {
  applyCluster,
  conditionOf,
  install,
  name,
  operate,
  type Stage,
  stageOf,
} from "../postgres_cluster/stage.ts";
import { added, changed, changedTexts, replaced, type Standing, standingIn } from "./adopted.ts";

type World = ReadonlyMap<string, Standing>;

const [m0, m1, m2] = [`${name}-0`, `${name}-1`, `${name}-2`];

interface Left extends Omit<Stage, "operator"> {
  readonly patroni: FakePatroni;
  start(prepare?: (transport: FaultyTransport) => void): RunningOperator;
  look(): Promise<World>;
}

/** A test with the recorded cluster as the Rust operator left it, with members that Patroni has labelled. */
function left(title: string, run: (stage: Left) => Promise<void>): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      await applyCluster(client, namespace, { ...recordedSpec });
      await leavePostgresCluster(client, namespace);
      await waitUntil(
        "the members",
        () => client.get(StatefulSets, { namespace, name }),
        ({ status }) => status?.readyReplicas === 3,
      );
      await using patroni = startFakePatroni();
      patroni.members = wellMembers(m0, m1, m2);
      patroni.onSwitchover = async (leader, candidate) => {
        await label(stage, leader, "replica");
        await label(stage, candidate, "master");
      };
      const start: Left["start"] = (prepare) => operate(namespace, patroni.services, prepare);
      await using idle = operate(`${namespace}-nobody`, patroni.services);
      const { operator: _, ...common } = stageOf(client, namespace, idle);
      await idle.stop();
      const look = () => standingIn({ client, namespace }, kindsOfPostgresCluster);
      const stage: Left = { ...common, patroni, start, look };
      await labelAll(stage);
      await run(stage);
    }));
}

async function label({ client, namespace }: Left, member: string, role: string): Promise<void> {
  await client.patch(Pods, { namespace, name: member }, { metadata: { labels: { "spilo-role": role } } });
}

/** Plays Patroni's labels: on pods that come anew, too. */
async function labelAll(stage: Left): Promise<void> {
  for (const { metadata } of await stage.members()) {
    const role = stage.patroni.members.find((each) => each.name === metadata.name)?.role;
    const wanted = role === "leader" ? "master" : "replica";
    if (metadata.labels?.["spilo-role"] !== wanted) await label(stage, metadata.name, wanted);
  }
}

/** Rows of the table in docs/adoption.md: what is changed of labels, owners and specs. */
const adjusted = [
  /^StatefulSet\/orders . \.spec\.(template|updateStrategy)\./,
  /^Service\/orders-\S+ - \.spec\.selector\.app\.kubernetes\.io\/(name|component|managed-by): /,
  /^Service\/orders-\S+ [+-] \.spec\.selector\./,
  /^PodDisruptionBudget\/orders-pdb . \.spec\.selector\./,
  /^NetworkPolicy\/orders-network-policy . \.spec\./,
];

/** What may never change of a StatefulSet, as its members and volumes hang on it. */
function assertKept(before: World, after: World): void {
  assert.deepEqual(replaced(before, after), []);
  assert.deepEqual(added(before, after), []);
  const lines = changed(before, after).filter((line) => !adjusted.some((row) => row.test(line)));
  assert.deepEqual(lines, []);
  for (const key of before.keys()) {
    if (!/^(PersistentVolumeClaim|Pod)\//.test(key)) continue;
    assert.equal(after.get(key)?.resourceVersion, before.get(key)?.resourceVersion, key);
  }
  assert.deepEqual(changedTexts("Secret/orders-credentials", before, after), []);
}

const templateCurrent = async (stage: Left) => conditionOf(await stage.status(), "TemplateCurrent");

left(
  "a cluster of the Rust operator is taken over: members, volumes, passwords, Services and the StatefulSet stay what they are",
  async (stage) => {
    const before = await stage.look();
    await using operator = stage.start();
    await stage.untilCondition("ReplicasReady", "True/Streaming");
    await stage.untilCondition("TemplateCurrent", "False/MadeByAnotherOperator");
    await untilQuiet(operator);
    assertKept(before, await stage.look());
    const status = await stage.status();
    assert.equal(status?.phase, "Running");
    assert.equal(status?.lastError, undefined);
    const told = status?.conditions?.find(({ type }) => type === "TemplateCurrent")?.message ?? "";
    assert.match(told, /orders-0, orders-1, orders-2\. Their database is in the container/);
    assert.match(told, /adopt-operator-changes to true/);
    const events = await stage.client.listAll(Events, { namespace: stage.namespace });
    assert.equal(events.filter(({ reason }) => reason === "MadeByAnotherOperator").length, 1);
    await operator.stop();
    await using again = stage.start();
    await waitUntil("its first lists", () => again.manager.readiness().ready, (ready) => ready);
    await untilQuiet(again);
    assert.deepEqual(again.transport.writes, []);
  },
);

left(
  "members that another operator made are restarted once their user consents: standbys first, the primary after it handed over",
  async (stage) => {
    const order: string[] = [];
    await using operator = stage.start((transport) => {
      transport.onRequest = ({ method, path }) => {
        const pod = /\/pods\/([^/?]+)/.exec(path)?.[1];
        if (pod !== undefined && (method === "DELETE" || method === "POST")) order.push(pod);
        return undefined;
      };
    });
    await stage.untilCondition("TemplateCurrent", "False/MadeByAnotherOperator");
    await stage.client.patch(PostgresClusters.resource, { namespace: stage.namespace, name }, {
      metadata: { annotations: { [annotations.adoptOperatorChanges]: "true" } },
    });
    await waitUntil(
      "the last member of former days to go",
      async () => {
        await labelAll(stage);
        return await templateCurrent(stage);
      },
      (condition) => condition === "undefined/undefined",
      { timeoutMs: 60_000 },
    );
    await stage.untilPhase("Running");
    await untilQuiet(operator);
    assert.deepEqual(order, [m2, m1, m0]);
    assert.equal(stage.patroni.switchovers.length, 1);
    assert.match(stage.patroni.switchovers[0] ?? "", /^orders-0 > /);
  },
);

left(
  "until a member was restarted the Rust operator may be put back: its StatefulSet knows its members again",
  async (stage) => {
    const { client, namespace } = stage;
    const before = await stage.look();
    {
      await using operator = stage.start();
      await stage.untilCondition("TemplateCurrent", "False/MadeByAnotherOperator");
      await untilQuiet(operator);
    }
    await leavePostgresCluster(client, namespace);
    const set = await waitUntil(
      "the StatefulSet controller to look",
      () => client.get(StatefulSets, { namespace, name }),
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    );
    assert.equal(set.spec?.updateStrategy?.type, "RollingUpdate");
    assert.equal(set.status?.updatedReplicas, 3);
    assert.equal(set.status?.currentRevision, set.status?.updateRevision);
    assert.deepEqual(replaced(before, await stage.look()), []);
  },
);

/** Lives of operators at most: each makes one of some 15 writes. */
const MOST_LIVES = 60;

left("an operator that ends at each write of a take-over leads to the same end", async (stage) => {
  const before = await stage.look();
  let lives = 0;
  for (let isDone = false; !isDone; lives++) {
    assert.ok(lives < MOST_LIVES, `not settled within ${MOST_LIVES} lives`);
    let fate = { dead: false };
    await using operator = stage.start((transport) => {
      // One write is made either way, so each life gets further.
      fate = lives % 2 === 0 ? dieAt(transport, 1, "after") : dieAt(transport, 2, "before");
    });
    const isSettled = async () => {
      const status = await stage.status();
      return conditionOf(status, "ReplicasReady") === "True/Streaming" && status?.lastError === undefined &&
        await templateCurrent(stage) === "False/MadeByAnotherOperator";
    };
    await waitUntil("an end", async () => fate.dead || await isSettled(), (is) => is);
    isDone = !fate.dead;
    await operator.stop();
  }
  assert.ok(lives > 8, `only ${lives} lives`);
  await using operator = stage.start();
  await stage.untilCondition("ReplicasReady", "True/Streaming");
  await untilQuiet(operator);
  assertKept(before, await stage.look());
});
