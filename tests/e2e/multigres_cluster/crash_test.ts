/** The operator ends at 200 of its writes, chosen at random, while clusters are made, changed and deleted. */
import assert from "node:assert/strict";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import type { Stores } from "../../../controllers/services.ts";
import { PersistentVolumeClaims } from "../../../kube/kinds.ts";
import { type Random, seededRandom } from "../../../kube/random.ts";
import { isWrite, TransportError } from "../../../kube/transport.ts";
import { TopologyError } from "../../../topology/errors.ts";
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { borrow, type ClusterStage, clusterTest, downToShards } from "../../support/cluster_stage.ts";
import { standing } from "../../support/crash.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { cluster, kinds, manifest, start } from "./support.ts";
import { untilQuiet } from "../../support/quiet.ts";

/** Ends of the operator in all. */
const ENDS = 200;

/** An operator lives for so many writes at most, those to etcd among them. */
const LONGEST_LIFE = 6;

const names = ["plain", "managed", "cells", "templated"];
const managed = { etcd: { replicas: 1, storage: { size: "1Gi" } } };
const zones = (count: number, spec?: unknown) =>
  ["use1-aza", "use1-azb", "use1-azc"].slice(0, count).map((zoneId, at) => ({
    name: `zone-${at}`,
    zoneId,
    ...(spec === undefined ? {} : { spec }),
  }));

/** Clusters of several shapes, as they are made and as they are changed. */
const made = [
  cluster("plain", { cells: zones(1) }),
  cluster("managed", { globalTopoServer: managed }),
  cluster("cells", { cells: zones(2, { localTopoServer: managed }) }),
  manifest("ShardTemplate", "shard", { pools: { main: { type: "readWrite", replicasPerCell: 2 } } }),
  cluster("templated", { templateDefaults: { shardTemplate: "shard" } }),
].join("---\n");
const changed = [
  cluster("plain", { cells: zones(3), logLevels: { multigateway: "debug" } }),
  cluster("managed", { globalTopoServer: managed, externalGateway: { enabled: true } }),
  cluster("cells", { cells: zones(2, { multigateway: { replicas: 2 } }) }),
  manifest("ShardTemplate", "shard", { pools: { main: { type: "readWrite", replicasPerCell: 3 } } }),
  cluster("templated", {
    templateDefaults: { shardTemplate: "shard" },
    multiadmin: { spec: { replicas: 2 } },
  }),
].join("---\n");

/** Decides at each write whether the process goes on. */
class Life {
  over = false;
  #writes = 0;

  constructor(private readonly last: number, private readonly when: "before" | "after") {}

  /** Carries out a write, unless the process has ended. @param ended what the caller sees of the end */
  async write<T>(perform: () => Promise<T>, ended: () => Error): Promise<T> {
    if (this.over) throw ended();
    if (++this.#writes < this.last) return await perform();
    this.over = true;
    if (this.when === "after") await perform();
    throw ended();
  }
}

const gone = () => new TransportError("broken", "The process has ended");
const goneFromEtcd = () => new TopologyError("broken", "The process has ended");

function mortalTransport(transport: FaultyTransport, life: Life): void {
  const live = transport.request.bind(transport);
  transport.request = async (request) => {
    if (isWrite(request.method)) return await life.write(() => live(request), gone);
    if (life.over) throw gone();
    return await live(request);
  };
}

function mortalStores(pool: StorePool, life: Life): Stores {
  return {
    borrow: (connection) => {
      const store = borrow(pool, connection);
      return {
        ...store,
        write: (write, options) => life.write(() => store.write(write, options), goneFromEtcd),
      };
    },
  };
}

/** Lets operators live and end, one after the other, until `done`. @returns how many ended before. */
async function throughEnds(
  stage: ClusterStage,
  random: Random,
  done: () => Promise<boolean>,
): Promise<number> {
  for (let ends = 0;; ends++) {
    using pool = new StorePool();
    const life = new Life(1 + Math.floor(random() * LONGEST_LIFE), random() < 0.5 ? "before" : "after");
    await using _operator = start(stage, {
      prepare: (transport) => mortalTransport(transport, life),
      setUp: downToShards({ stores: mortalStores(pool, life) }),
    });
    const end = await waitUntil(
      "the end of an operator, or of its work",
      async () => life.over ? "life" : await done() ? "work" : "neither",
      (seen) => seen !== "neither",
      { timeoutMs: 60_000, intervalMs: 40 },
    );
    if (end === "work") return ends;
  }
}

const all = ({ client, namespace }: ClusterStage) =>
  client.listAll(MultigresClusters.resource, { namespace });

/** Whether every cluster is Healthy and no operator has anything left to do with it. */
const isSettled = (stage: ClusterStage) => async (): Promise<boolean> =>
  (await all(stage)).every(({ metadata, status }) =>
    status?.phase === "Healthy" && status.observedGeneration === metadata.generation
  );

const isEmpty = (stage: ClusterStage) => async (): Promise<boolean> => (await all(stage)).length === 0;

/** What each cluster says of itself. */
async function said(stage: ClusterStage): Promise<string[]> {
  return (await all(stage)).map(({ metadata, status }) => {
    const state = metadata.deletionTimestamp === undefined ? status?.phase : "leaving";
    return `${metadata.name} ${state} ${status?.observedGeneration}/${metadata.generation}: ${status?.message}`;
  });
}

/** Lets an undisturbed operator finish what is left. @returns its writes after everything was settled, watched anew */
async function settle(stage: ClusterStage, done: () => Promise<boolean>): Promise<string[]> {
  {
    await using operator = start(stage);
    const seen = async () => ({ isDone: await done(), told: await said(stage) });
    await waitUntil("the rest of the work", seen, ({ isDone }) => isDone, { timeoutMs: 60_000 });
    await untilQuiet(operator, 1_000);
  }
  await using after = start(stage);
  await waitUntil("its first lists", () => after.manager.readiness().ready, (ready) => ready);
  await untilQuiet(after, 700);
  return after.transport.writes;
}

/** What stands: objects, the words of the clusters, the keys in etcd. */
async function world(stage: ClusterStage): Promise<string[]> {
  const { client, namespace } = stage;
  const objects = await standing(client, namespace, [...kinds, PersistentVolumeClaims]);
  const words = (await all(stage)).map(({ metadata, status }) => {
    const conditions = status?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
    return [metadata.name, status?.phase, JSON.stringify(status?.cells), ...conditions ?? []].join(" ");
  });
  using pool = new StorePool();
  using store = borrow(pool, { endpoints: [stage.endpoint] });
  const keys = (await store.list(`${stage.root}/`)).entries.map(({ key }) => key.replaceAll(namespace, "NS"));
  return [...objects, ...words, ...keys].map((line) =>
    line.replaceAll(/"(volumeName|nodePort)":[^,}]*/g, "")
  );
}

async function dropAll({ ground, namespace }: ClusterStage): Promise<void> {
  for (const name of names) {
    await ground.request(
      "DELETE",
      `/apis/multigres.com/v1alpha1/namespaces/${namespace}/multigresclusters/${name}`,
    );
  }
}

/** What is done to the clusters, and when it is done. */
interface Deed {
  readonly name: string;
  begin(stage: ClusterStage): Promise<void>;
  done(stage: ClusterStage): () => Promise<boolean>;
}

const deeds: readonly Deed[] = [
  { name: "made", begin: (stage) => stage.apply(made), done: isSettled },
  { name: "changed", begin: (stage) => stage.apply(changed), done: isSettled },
  { name: "deleted", begin: dropAll, done: isEmpty },
];

/** What stands once the garbage collector has done its part too; of new kinds it hears only every half minute. */
async function restingWorld(stage: ClusterStage, name: string): Promise<string[]> {
  let before: readonly string[] = [];
  return await waitUntil(
    `a world at rest, ${name}`,
    async () => {
      await delay(1_000);
      const now = await world(stage);
      const isResting = now.join() === before.join() &&
        ownersOf(now).every((owner) => headsOf(now).has(owner));
      before = now;
      return isResting && (name !== "deleted" || now.length === 0) ? now : undefined;
    },
    (seen) => seen !== undefined,
    { timeoutMs: 60_000 },
  ) ?? [];
}

/** `Kind/name` of what stands, and of its owners: see `standing`. */
const headsOf = (lines: readonly string[]) => new Set(lines.map((line) => line.split(" ", 2).join("/")));
const ownersOf = (lines: readonly string[]) =>
  lines.map((line) => line.split(" ")[3] ?? "")
    .filter((owner) => /^(Cell|TableGroup|TopoServer)\//.test(owner));

/** Claims are protected for a moment after their pods are gone. */
const untilWorld = (stage: ClusterStage, name: string, expected: readonly string[]) =>
  waitUntil(
    `the same world as in an undisturbed run, ${name}`,
    async () => {
      const seen = await world(stage);
      return {
        more: seen.filter((x) => !expected.includes(x)),
        less: expected.filter((x) => !seen.includes(x)),
      };
    },
    ({ more, less }) => more.length + less.length === 0,
  );

clusterTest(
  `an operator that ends at ${ENDS} of its writes leads to the same objects, words and records as one that never ends`,
  async (stage) => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    const expected = new Map<string, string[]>();
    for (const { name, begin, done } of deeds) {
      await begin(stage);
      assert.deepEqual(await settle(stage, done(stage)), []);
      expected.set(name, await restingWorld(stage, name));
    }
    assert.deepEqual(expected.get("deleted"), []);
    const begun = performance.now();
    const ends: Record<string, number> = {};
    const total = () => Object.values(ends).reduce((sum, each) => sum + each, 0);
    while (total() < ENDS) {
      for (const { name, begin, done } of deeds) {
        await begin(stage);
        ends[name] = (ends[name] ?? 0) + await throughEnds(stage, random, done(stage));
        assert.deepEqual(
          await settle(stage, done(stage)),
          [],
          `${name}: writes after everything was settled`,
        );
        await untilWorld(stage, name, expected.get(name) ?? []);
      }
    }
    const seconds = Math.round((performance.now() - begun) / 1000);
    console.log(`${total()} ends in ${seconds} s: ${JSON.stringify(ends)}`);
  },
);
