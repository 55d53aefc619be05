import assert from "node:assert/strict";
import {
  desiredScaledObject,
  ScaledObjects,
  TriggerAuthentications,
} from "../../../controllers/postgres_cluster/autoscaling/keda.ts";
import { postgresClusterController } from "../../../controllers/postgres_cluster/controller.ts";
import { type Clock, systemClock } from "../../../kube/clock.ts";
import { Definitions } from "../../../kube/definition.ts";
import { Events, StatefulSets } from "../../../kube/kinds.ts";
import { qualifiedName, type Resource } from "../../../kube/resource.ts";
import type { KubeObject } from "../../../kube/types.ts";
import type { SqlClient } from "../../../postgres/sql/sql_client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { type FakePatroni, startFakePatroni, wellMembers } from "../../support/fake_patroni.ts";
import { startOperator, steadyClient } from "../../support/operator.ts";
import { storedCluster } from "../../support/postgres_clusters.ts";
import { conditionOf, install, name, type Stage, stageOf } from "./stage.ts";

/** Time that runs so many times faster: windows are minutes long. */
const SPEED = 60;
const fast: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * SPEED,
  after: (milliseconds, callback) => systemClock.after(milliseconds / SPEED, callback),
};

interface Played {
  readonly stage: Stage;
  readonly patroni: FakePatroni;
  /** Sessions that do something on each member. */
  sessions: number;
}

/** A scenario whose members are played, and so is what their servers answer. */
function played(title: string, run: (world: Played) => Promise<void>): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      await using patroni = startFakePatroni();
      patroni.members = wellMembers(
        ...[0, 1, 2, 3, 4, 5].map((at) => `${name}-${at}`) as [string, ...string[]],
      );
      const world = { sessions: 10 };
      const sql: SqlClient = {
        connect: () =>
          Promise.resolve({
            ask: () => Promise.resolve([{ active: world.sessions }]),
            change: () => Promise.resolve(),
            [Symbol.asyncDispose]: () => Promise.resolve(),
          }),
      };
      await using operator = startOperator(sharedCluster().connection, {
        setUp: (manager) => manager.add(postgresClusterController({ ...patroni.services, sql })),
        namespaces: [namespace],
        clock: fast,
      });
      await run(Object.assign(world, { stage: stageOf(client, namespace, operator), patroni }));
    }));
}

const scaling = {
  minReplicas: 2,
  maxReplicas: 4,
  lagThresholdBytes: 1_000_000,
  metrics: { connections: { targetPerReplica: 50 } },
};

const until = (stage: Stage, members: number) =>
  waitUntil(
    `${members} members`,
    stage.status,
    (seen) => seen?.phase === "Running" && seen.replicas === members && seen.readyReplicas === members,
  );

played("the number of members follows the sessions that are active, and says why", async (world) => {
  const { stage } = world;
  await stage.apply({ replicas: 2, scaling });
  await until(stage, 2);
  world.sessions = 90;
  await until(stage, 4);
  const told = async () => {
    const events = await stage.client.listAll(Events, {
      namespace: stage.namespace,
      fields: "reason=ScaledOut",
    });
    return events.map(({ message }) => message);
  };
  const [message] = await waitUntil("the event", told, (messages) => messages.length > 0);
  assert.match(message ?? "", /^2 to 4 members: 90 sessions are active on each member \(target 50\)$/);
  await stage.untilCondition("AutoscalingActive", "True/AtMaximum");
  world.sessions = 1;
  await until(stage, 2);
  await stage.untilCondition("AutoscalingActive", "True/AtMinimum");
});

played("nobody is added while a standby lags, and it is said when that is over", async (world) => {
  const { stage, patroni } = world;
  await stage.apply({ replicas: 2, scaling });
  await until(stage, 2);
  const well = patroni.members;
  patroni.members = well.map((each) => each.role === "leader" ? each : { ...each, lag: 5_000_000 });
  world.sessions = 90;
  await stage.untilCondition("AutoscalingActive", "False/ScaleOutPaused");
  await delay(2_500);
  assert.equal((await stage.status())?.replicas, 2);
  patroni.members = well;
  await until(stage, 4);
  const resumed = () =>
    stage.client.listAll(Events, { namespace: stage.namespace, fields: "reason=ScaleOutResumed" });
  await waitUntil("the event", resumed, (events) => events.length > 0);
});

played("a load that nobody measures changes nothing, and what is missing is named", async ({ stage }) => {
  await stage.apply({ replicas: 2, scaling: { maxReplicas: 4 } });
  const status = await stage.untilCondition("AutoscalingActive", "False/NoMetrics");
  const { message = "" } = status.conditions?.find(({ type }) => type === "AutoscalingActive") ?? {};
  assert.match(message, /install metrics-server/);
  await until(stage, 2);
});

/** Lets the API server serve a kind of KEDA, for the time of one test. */
async function serve(stage: Stage, resource: Resource, singular: string): Promise<AsyncDisposable> {
  const { client } = stage;
  const key = { name: qualifiedName(resource) };
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const definition: KubeObject & { spec: unknown } = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: key,
    spec: {
      group: resource.group,
      scope: "Namespaced",
      names: { plural: resource.plural, singular, kind: resource.kind, listKind: `${resource.kind}List` },
      versions: [{
        name: resource.version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
      }],
    },
  };
  await client.apply(Definitions, definition);
  await waitFor(`${resource.kind} to be served`, async () => {
    await client.listAll(resource, { namespace: stage.namespace });
    return true;
  });
  return {
    async [Symbol.asyncDispose]() {
      await deleteNow(client, Definitions, key);
    },
  };
}

played(
  "where KEDA is served it is asked, and the number of members is never lost on the way",
  async ({ stage }) => {
    const { client, namespace } = stage;
    await stage.apply({ replicas: 3 });
    await until(stage, 3);
    await using _scaled = await serve(stage, ScaledObjects, "scaledobject");
    await using _authentication = await serve(stage, TriggerAuthentications, "triggerauthentication");
    let least = 3;
    await stage.apply({ replicas: 3, scaling: { ...scaling, minReplicas: 3, maxReplicas: 6 } });
    const scaled = () => client.find(ScaledObjects, { namespace, name: `${name}-readers` });
    const made = await waitUntil(
      "the ScaledObject",
      async () => {
        least = Math.min(least, (await stage.statefulSet()).spec?.replicas ?? 0);
        return await scaled();
      },
      (seen) => seen !== undefined,
      { intervalMs: 5 },
    );
    const expected = desiredScaledObject(
      storedCluster({ replicas: 3, scaling: { ...scaling, minReplicas: 3, maxReplicas: 6 } }, { namespace }),
      false,
    );
    assert.deepEqual(made?.spec, expected.spec);
    await waitFor(
      "its login",
      () => client.find(TriggerAuthentications, { namespace, name: `${name}-pg-auth` }),
    );
    await stage.untilCondition("AutoscalingActive", "True/ByKeda");
    // KEDA's autoscaler writes through the scale of the StatefulSet.
    await client.patch(StatefulSets, { namespace, name }, { spec: { replicas: 5 } }, "scale");
    await until(stage, 5);
    await delay(1_000);
    assert.equal((await stage.statefulSet()).spec?.replicas, 5, "nobody takes it back");
    assert.equal(least, 3, "the number stayed while it was handed over");
    await stage.apply({ replicas: 3 });
    await waitUntil("the ScaledObject to go", scaled, (seen) => seen === undefined);
    const status = await until(stage, 3);
    assert.equal(conditionOf(status, "AutoscalingActive"), "undefined/undefined");
  },
);
