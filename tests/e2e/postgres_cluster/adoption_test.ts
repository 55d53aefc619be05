import assert from "node:assert/strict";
import { FIELD_MANAGER } from "../../../api/smoketurner/group.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { Secrets, Services, type StatefulSet, StatefulSets } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { startFakePatroni, wellMembers } from "../../support/fake_patroni.ts";
import { leavePostgresCluster } from "../../support/former_patroni.ts";
import { recordedSpec } from "../../support/postgres_clusters.ts";
import { steadyClient } from "../../support/operator.ts";
import { applyCluster, conditionOf, install, name, operate, stageOf } from "./stage.ts";

function adoption(
  title: string,
  run: (world: {
    readonly client: KubeClient;
    readonly namespace: string;
  }) => Promise<void>,
): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      await applyCluster(client, namespace, { ...recordedSpec });
      await leavePostgresCluster(client, namespace);
      await waitUntil(
        "the members",
        () => client.get(StatefulSets, { namespace, name }),
        (set: StatefulSet) => set.status?.readyReplicas === 3,
      );
      await run({ client, namespace });
    }));
}

adoption(
  "a cluster of the former operator is taken over without a restart, down to its status",
  async ({ client, namespace }) => {
    await using patroni = startFakePatroni();
    patroni.members = wellMembers(`${name}-0`, `${name}-1`, `${name}-2`);
    await using operator = operate(namespace, patroni.services);
    const stage = stageOf(client, namespace, operator);
    const before = (await stage.members()).map(({ metadata }) => metadata.uid);
    const set = (await stage.statefulSet()).metadata.uid;
    await stage.untilCondition("ReplicasReady", "True/Streaming");
    const status = await waitUntil(
      "the former error to go",
      stage.status,
      (seen) => seen?.lastError === undefined,
    );
    assert.equal(status?.phase, "Running");
    await delay(1_000);
    assert.deepEqual(
      (await stage.members()).map(({ metadata }) => metadata.uid),
      before,
    );
    const taken = await stage.statefulSet();
    assert.equal(taken.metadata.uid, set);
    assert.equal(taken.spec?.updateStrategy?.type, "OnDelete");
    assert.equal(taken.spec?.podManagementPolicy, "OrderedReady");
    assert.deepEqual(
      taken.metadata.managedFields?.filter(({ operation }) => operation === "Apply").map((each) =>
        each.manager
      ),
      [
        FIELD_MANAGER,
      ],
    );
    const service = await client.get(Services, { namespace, name: `${name}-primary` });
    assert.equal(
      service.spec?.selector?.["app.kubernetes.io/name"],
      undefined,
      "fields that are not wanted any more go",
    );
    const secret = await client.get(Secrets, { namespace, name: `${name}-credentials` });
    assert.equal(atob(secret.data?.["POSTGRES_PASSWORD"] ?? ""), "p");
    assert.match(
      atob(secret.data?.["connection-string"] ?? ""),
      /^postgresql:\/\/postgres:p@orders-primary\./,
    );
  },
);

adoption(
  "a label that the former selector holds may change: the StatefulSet is made anew around its members",
  async ({ client, namespace }) => {
    await using operator = operate(namespace);
    const stage = stageOf(client, namespace, operator);
    await stage.untilPhase("Running");
    const before = (await stage.members()).map(({ metadata }) => metadata.uid);
    await stage.apply({ ...recordedSpec, labels: { team: "sales" } });
    const made = await waitUntil(
      "another StatefulSet",
      () => client.find(StatefulSets, { namespace, name }),
      (seen) => seen !== undefined && seen.spec?.selector.matchLabels?.["team"] === undefined,
    );
    assert.ok(made !== undefined);
    await waitUntil(
      "the labels",
      stage.members,
      (pods) => pods.every(({ metadata }) => metadata.labels?.["team"] === "sales"),
    );
    assert.deepEqual((await stage.members()).map(({ metadata }) => metadata.uid), before);
    await stage.untilPhase("Running");
  },
);

adoption(
  "a database that is on no volume and that nobody has copied is not thrown away by a restart",
  async ({ client, namespace }) => {
    await using operator = operate(namespace);
    const stage = stageOf(client, namespace, operator);
    await stage.untilPhase("Running");
    const [before] = (await stage.members()).map(({ metadata }) => metadata.uid);
    await stage.apply({ ...recordedSpec, replicas: 1, postgresqlParams: { work_mem: "64MB" } });
    const status = await stage.untilCondition("ConfigurationValid", "False/DataNotOnVolume");
    const { message = "" } = status.conditions?.find(({ type }) => type === "ConfigurationValid") ?? {};
    assert.match(message, /would be lost/);
    await delay(1_000);
    assert.deepEqual((await stage.members()).map(({ metadata }) => metadata.uid), [before]);
    assert.equal(conditionOf(await stage.status(), "Ready"), "True/ClusterReady");
  },
);
