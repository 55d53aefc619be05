import assert from "node:assert/strict";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import {
  NetworkPolicies,
  RoleBindings,
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
import { sharedCluster } from "../../ground/ground.ts";
import { waitFor } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { dieAt } from "../../support/crash.ts";
import { deleteNow } from "../../support/delete_now.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { steadyClient } from "../../support/operator.ts";
import { install, name, operate, type Stage, stageOf, wellPlayed } from "./stage.ts";

/** More lives than this mean that a change does not get on. */
const MOST_LIVES = 60;

/** Where each operator ends: its first write is carried out, and then the answer is lost, or the next is not sent. */
const ENDS = [
  { when: "after", write: 1, title: "after its first write" },
  { when: "before", write: 2, title: "before its second write" },
] as const;

type End = typeof ENDS[number];

interface Change {
  /** The cluster before. */
  readonly spec: Record<string, unknown>;
  begin(stage: Stage): Promise<void>;
  isDone(stage: Stage): Promise<boolean>;
  /** What must be true in the end, given what was there before. */
  check(stage: Stage, uids: readonly string[]): Promise<void>;
}

function sweep(title: string, change: Change): void {
  for (const end of ENDS) {
    Deno.test(`${title}: each operator ends ${end.title}`, (t) =>
      withNamespace(t, async ({ namespace }) => {
        await install();
        using client = steadyClient(sharedCluster().connection);
        const first = operate(namespace);
        const stage = stageOf(client, namespace, first);
        await stage.apply(change.spec);
        await stage.untilPhase("Running");
        await first.stop();
        const uids = await uidsOf(stage);
        await change.begin(stage);
        const lives = await liveThrough(stage, end, () => change.isDone(stage));
        assert.ok(lives > 2, `${lives} lives: the change took no writes to end at`);
        await change.check(stage, uids);
      }));
  }
}

/** Lets operators live until the change is done. @returns how many lives that took */
async function liveThrough(
  stage: Stage,
  { when, write }: End,
  isDone: () => Promise<boolean>,
): Promise<number> {
  const { namespace } = stage;
  const deleted: string[] = [];
  deletions.set(stage, deleted);
  for (let lives = 1; lives <= MOST_LIVES; lives++) {
    let fate = { dead: false } as { readonly dead: boolean };
    const prepare = (transport: FaultyTransport) => void (fate = dieAt(transport, write, when));
    const operator = operate(namespace, wellPlayed, prepare);
    const end = operator.transport.onRequest;
    operator.transport.onRequest = (request) => {
      const uid = /"uid":"([^"]+)"/.exec(request.body ?? "")?.[1];
      if (request.method === "DELETE" && request.path.includes("/pods/") && uid !== undefined) {
        deleted.push(uid);
      }
      return end?.(request);
    };
    await waitFor(`the end of life ${lives}`, async () => fate.dead || await isDone(), { timeoutMs: 90_000 });
    await operator.stop();
    if (await isDone()) return lives;
  }
  throw new Error(`Not done after ${MOST_LIVES} lives`);
}

async function uidsOf(stage: Stage): Promise<string[]> {
  return (await stage.members()).map(({ metadata }) => metadata.uid ?? "");
}

async function isSettled(stage: Stage): Promise<boolean> {
  const { client, namespace } = stage;
  const { metadata, status } = await client.get(PostgresClusters.resource, { namespace, name });
  return status?.phase === "Running" && status.observedGeneration === metadata.generation &&
    status.allPodsSynced === true;
}

const resources = (cpu: string) => ({ limits: { cpu, memory: "1Gi" }, requests: { cpu, memory: "1Gi" } });

async function amounts(stage: Stage): Promise<(string | undefined)[]> {
  return (await stage.members()).map(({ spec }) => spec?.containers[0]?.resources?.requests?.["cpu"]);
}

sweep("a resize in place comes to its end, and restarts nobody", {
  spec: { replicas: 2, resources: resources("250m") },
  begin: (stage) => stage.apply({ replicas: 2, resources: resources("500m") }),
  isDone: async (stage) => (await amounts(stage)).every((cpu) => cpu === "500m") && await isSettled(stage),
  check: async (stage, uids) => assert.deepEqual(await uidsOf(stage), uids),
});

/** Members in the order in which they were first seen. */
const generations = new WeakMap<Stage, Set<string>>();

/** Pods that operators deleted. */
const deletions = new WeakMap<Stage, string[]>();

sweep("a setting comes to every member, and restarts each once", {
  spec: { replicas: 2 },
  begin: (stage) => stage.apply({ replicas: 2, postgresqlParams: { work_mem: "8MB" } }),
  isDone: async (stage) => {
    const pods = await stage.members();
    const seen = generations.get(stage) ?? new Set();
    generations.set(stage, seen);
    for (const { metadata } of pods) seen.add(metadata.uid ?? "");
    const settings = pods.map(({ spec }) =>
      spec?.containers[0]?.env?.find((each) => each.name === "SPILO_CONFIGURATION")?.value
    );
    const isNew = settings.length === 2 && settings.every((text) => text?.includes("work_mem"));
    return isNew && await isSettled(stage);
  },
  check: async (stage, uids) => {
    const now = await uidsOf(stage);
    assert.equal(now.length, 2);
    assert.ok(now.every((uid) => !uids.includes(uid)));
    const deleted = new Set(deletions.get(stage));
    assert.deepEqual([...deleted].sort(), [...uids].sort(), "no other pod was deleted");
    const seen = [...generations.get(stage) ?? []].filter((uid) => !uids.includes(uid));
    assert.deepEqual(seen.sort(), now.sort(), "nobody was restarted twice");
  },
});

const GOING: readonly Resource[] = [
  ConfigMaps,
  Deployments,
  NetworkPolicies,
  PodDisruptionBudgets,
  Pods,
  RoleBindings,
  Roles,
  Secrets,
  ServiceAccounts,
  Services,
  StatefulSets,
];

sweep("a deletion leaves nothing but the volumes", {
  spec: { replicas: 2, tls: { enabled: true }, pgbouncer: { enabled: true, replicas: 1 } },
  begin: ({ client, namespace }) => deleteNow(client, PostgresClusters.resource, { namespace, name }),
  isDone: async ({ client, namespace }) =>
    await client.find(PostgresClusters.resource, { namespace, name }) === undefined,
  check: async ({ client, namespace }) => {
    for (const resource of GOING) {
      const labels = "postgres-operator.smoketurner.com/cluster";
      await waitFor(
        `every ${resource.kind} to go`,
        async () => (await client.listAll(resource, { namespace, labels })).length === 0,
      );
    }
    const claims = await client.listAll(PersistentVolumeClaims, { namespace });
    assert.deepEqual(claims.map(({ metadata }) => metadata.name), [`data-${name}-0`, `data-${name}-1`]);
  },
});
