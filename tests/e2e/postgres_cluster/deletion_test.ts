import assert from "node:assert/strict";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import {
  EndpointsKind,
  NetworkPolicies,
  Roles,
  ServiceAccounts,
} from "../../../controllers/postgres_cluster/kinds.ts";
import {
  ConfigMaps,
  Deployments,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Secrets,
  Services,
  StatefulSets,
} from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { name, operate, scenario, type Stage } from "./stage.ts";

const labels = { "postgres-operator.smoketurner.com/cluster": name, application: "spilo" };

/** Plays Patroni, which keeps its state in Endpoints. */
async function keepState({ client, namespace }: Stage): Promise<void> {
  for (const suffix of ["", "-config", "-leader", "-sync"]) {
    await client.apply(EndpointsKind, { metadata: { namespace, name: `${name}${suffix}`, labels } });
  }
}

async function left({ client, namespace }: Stage): Promise<string[]> {
  const kinds: readonly Resource[] = [
    ConfigMaps,
    Deployments,
    EndpointsKind,
    NetworkPolicies,
    PodDisruptionBudgets,
    Pods,
    Roles,
    Secrets,
    ServiceAccounts,
    Services,
    StatefulSets,
  ];
  const found: string[] = [];
  for (const resource of kinds) {
    for (const { metadata } of await client.listAll(resource, { namespace })) {
      if (metadata.name.startsWith(name)) found.push(`${resource.kind}/${metadata.name}`);
    }
  }
  return found;
}

const remove = ({ client, namespace }: Stage, propagation: "Background" | "Orphan" = "Background") =>
  deleteNow(client, PostgresClusters.resource, { namespace, name }, { propagation });

const gone = ({ client, namespace }: Stage) =>
  waitUntil(
    "the cluster to go",
    () => client.find(PostgresClusters.resource, { namespace, name }),
    (seen) => seen === undefined,
  );

scenario(
  "a cluster goes with its poolers, its members and their state, in this order; volumes stay",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ replicas: 2, pgbouncer: { enabled: true }, tls: { enabled: true } });
    await stage.untilPhase("Running");
    await waitUntil("the pooler", stage.status, (seen) => seen?.pgbouncerReadyReplicas === 2);
    await keepState(stage);
    await client.patch(Pods, { namespace, name: `${name}-0` }, {
      metadata: { finalizers: ["example.com/hold"] },
    });
    await remove(stage);
    await stage.untilPhase("Deleting");
    await waitUntil(
      "the other pods to go",
      () => client.listAll(Pods, { namespace }),
      (pods) => pods.length === 1,
    );
    await delay(500);
    const state = await client.listAll(EndpointsKind, { namespace, labels: `application=spilo` });
    assert.equal(state.length, 4, "the state stays while a member could write it anew");
    await client.patch(Pods, { namespace, name: `${name}-0` }, { metadata: { finalizers: null } });
    await gone(stage);
    await waitUntil("everything to go", () => left(stage), (found) => found.length === 0);
    const claims = await client.listAll(PersistentVolumeClaims, { namespace });
    assert.deepEqual(claims.map(({ metadata }) => metadata.name), [`data-${name}-0`, `data-${name}-1`]);
  },
);

scenario("finalizers of others are left alone, when ours comes and when it goes", async (stage) => {
  const { client, namespace } = stage;
  const key = { namespace, name };
  await stage.apply({ replicas: 1 });
  await client.patch(PostgresClusters.resource, key, { metadata: { finalizers: ["example.com/hold"] } });
  await stage.untilPhase("Running");
  const held = async () => (await client.get(PostgresClusters.resource, key)).metadata.finalizers ?? [];
  await waitUntil("both finalizers", held, (seen) => seen.length === 2 && seen.includes("example.com/hold"));
  await remove(stage);
  await waitUntil("ours to go", held, (seen) => seen.length === 1 && seen[0] === "example.com/hold");
  await client.patch(PostgresClusters.resource, key, { metadata: { finalizers: null } });
  await gone(stage);
});

scenario(
  "a deletion that orphans takes nothing down, and a cluster made later takes the members over",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ replicas: 2 });
    await stage.untilPhase("Running");
    const before = (await stage.members()).map(({ metadata }) => metadata.uid);
    await remove(stage, "Orphan");
    await gone(stage);
    await delay(500);
    assert.deepEqual((await stage.members()).map(({ metadata }) => metadata.uid), before);
    await stage.apply({ replicas: 2 });
    await stage.untilPhase("Running");
    assert.deepEqual((await stage.members()).map(({ metadata }) => metadata.uid), before);
    const cluster = await client.get(PostgresClusters.resource, { namespace, name });
    assert.equal((await stage.statefulSet()).metadata.ownerReferences?.[0]?.uid, cluster.metadata.uid);
  },
);

scenario(
  "nothing is taken down either when the garbage collector has orphaned everything before we look",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ replicas: 2 });
    await stage.untilPhase("Running");
    await keepState(stage);
    const before = (await stage.members()).map(({ metadata }) => metadata.uid);
    await stage.operator.stop();
    await remove(stage, "Orphan");
    await waitUntil(
      "the garbage collector to be done",
      () => client.get(PostgresClusters.resource, { namespace, name }),
      ({ metadata }) => !metadata.finalizers?.includes("orphan"),
    );
    await using _operator = operate(namespace);
    await gone(stage);
    assert.deepEqual((await stage.members()).map(({ metadata }) => metadata.uid), before);
    assert.equal((await stage.statefulSet()).spec?.replicas, 2);
    const state = await client.listAll(EndpointsKind, { namespace, labels: "application=spilo" });
    assert.equal(state.length, 4, "the state of members that run on stays");
  },
);
