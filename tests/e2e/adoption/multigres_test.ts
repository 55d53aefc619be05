/** A cluster that the Go operator made is taken over while it serves. */
import assert from "node:assert/strict";
import { specHashAnnotation } from "../../../api/multigres/annotations.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { addControllers } from "../../../controllers/controllers.ts";
import { Deployments } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { dieAt } from "../../support/crash.ts";
import { type ClusterStage, clusterTest, downToShards, services } from "../../support/cluster_stage.ts";
import { type DataPlane, startDataPlane } from "../../support/data_plane/data_plane.ts";
import { kindsOfCluster, leaveCluster } from "../../support/former_multigres.ts";
import type { OperatorOptions, RunningOperator } from "../../support/operator.ts";
import { untilQuiet } from "../../support/quiet.ts";
import { example, password, untilCondition } from "../multigres_cluster/support.ts";
import { Chronicle } from "../shard/chronicle.ts";
import { added, changed, changedTexts, replaced, type Standing, standingIn } from "./adopted.ts";

type World = ReadonlyMap<string, Standing>;

const gateway = "minimal-zone-a-multigateway-0ccc2e8b";
const shard = "minimal-postgres-default-0-inf-1e3c045c";
const pool = "minimal-postgres-default-0-inf-pool-default-zone-a-a3a0d77b";

const look = (stage: ClusterStage) => standingIn(stage, kindsOfCluster);

/** The minimal example as the Go operator left it, with instances that serve. */
async function left(
  stage: ClusterStage,
  run: (plane: DataPlane) => Promise<void>,
): Promise<void> {
  const { namespace, endpoint, root } = stage;
  const { connection } = sharedCluster();
  await stage.apply(`${password}---\n${await example("minimal")}`);
  await leaveCluster(stage, "minimal", "minimal");
  await using plane = startDataPlane({ connection, namespace, etcd: endpoint, root, speed: 30 });
  await waitUntil("a primary", () => plane.writable(), (writable) => writable);
  await run(plane);
}

function start(stage: ClusterStage, options: Partial<OperatorOptions> = {}): RunningOperator {
  return stage.start({
    setUp: (manager) => addControllers(manager, services({ evidenceSeconds: 0.3 })),
    ...options,
  });
}

/** A cluster that was left Healthy says so from the beginning; only Matriarch says this. */
async function untilClusterTakenOver(
  stage: ClusterStage,
  cluster: string,
  operator: RunningOperator,
): Promise<void> {
  await untilCondition(stage, cluster, ["TopologyRegistered", "True/Registered"]);
  await stage.untilPhase(cluster, "Healthy");
  await untilQuiet(operator);
}

async function untilTakenOver(stage: ClusterStage, operator: RunningOperator): Promise<void> {
  await waitUntil("the shard to be taken over", () => isShardTakenOver(stage), (is) => is);
  await untilClusterTakenOver(stage, "minimal", operator);
}

/** Whether Matriarch alone speaks of the shard. */
async function isShardTakenOver(stage: ClusterStage): Promise<boolean> {
  const seen = (await standingIn(stage, [Shards.resource])).get(`Shard/${shard}`);
  return seen !== undefined && seen.conditions.includes("RollingUpdate") &&
    !seen.conditions.includes("OfFormerDays") && seen.appliers.length === 2;
}

const podsOf = (world: World) => [...world.values()].filter(({ kind }) => kind === "Pod");
const isOfGateway = ({ key }: Standing) => key.includes("multigateway");

/** Pods of Deployments that are rolled out anew are others afterwards. */
const rolled = /^Pod\/(minimal-multiadmin-[0-9a-f]+|minimal-postgres-default-0-inf-multiorch)-/;

/** Rows of the table in docs/adoption.md: what is changed of labels, owners and specs. */
const adjusted = [
  /^Deployment\/minimal-multiadmin [+-] .*args: --topo-global-(server-addresses|root)=/,
  /^Deployment\/minimal-postgres-default-0-inf-multiorch-\S+ \+ .*args: --service-id=o-bbe2a333$/,
  /^Deployment\/minimal-postgres-default-0-inf-multiorch-\S+ ~ .*startupProbe.httpGet.path: "\/live", "\/ready"$/,
  /^Deployment\/minimal-postgres-default-0-inf-multiorch-\S+ ~ .spec.strategy.rollingUpdate.max/,
  // Those of Kubernetes' own controllers, and what the scheduler and the kubelet write.
  /^Pod\/\S+ . \.(labels\.pod-template-hash|spec\.nodeName)/,
];

clusterTest(
  "a cluster of the Go operator is taken over: instances, volumes, secrets, Services and gateways stay what they are",
  (stage) =>
    left(stage, async (plane) => {
      const before = await look(stage);
      const log = new Chronicle(plane);
      await using operator = start(stage, { prepare: log.follow });
      await untilTakenOver(stage, operator);
      assert.deepEqual(log.deletions, []);
      const after = await look(stage);
      assertKept(before, after);
      await assertOneSpeaker(stage, after);
      await assertSilentAfterwards(stage);
    }),
);

/** That everything is what it was, but for what is adjusted. */
function assertKept(before: World, after: World): void {
  assert.deepEqual(replaced(before, after).filter((key) => !rolled.test(key)), []);
  assert.deepEqual(added(before, after).filter((key) => !rolled.test(key)), []);
  assert.deepEqual(changed(before, after).filter((line) => !adjusted.some((row) => row.test(line))), []);
  for (const at of [0, 1]) {
    // By this the Go operator, were it put back, would know its own pods.
    const hash = (world: World) => world.get(`Pod/${pool}-${at}`)?.annotations[specHashAnnotation];
    assert.equal(hash(after), hash(before));
    const claim = `PersistentVolumeClaim/data-${pool}-${at}`;
    assert.equal(after.get(claim)?.resourceVersion, before.get(claim)?.resourceVersion);
  }
  for (const end of ["ca", "tls"]) {
    assert.deepEqual(changedTexts(`Secret/${shard}-pgbackrest-${end}`, before, after), []);
  }
  assert.equal(after.get("Secret/pw")?.resourceVersion, before.get("Secret/pw")?.resourceVersion);
  for (const name of [gateway, "minimal-multiadmin-web"]) {
    assert.equal(after.get(`Deployment/${name}`)?.generation, 1, name);
  }
}

/** What the Go operator said in its other names is gone, and what is left is ours. */
async function assertOneSpeaker({ client, namespace }: ClusterStage, world: World): Promise<void> {
  for (const kind of ["Shard", "Cell", "TableGroup", "MultigresCluster"]) {
    for (const seen of [...world.values()].filter((each) => each.kind === kind)) {
      assert.ok(!seen.appliers.some((name) => /resource-handler|guard/.test(name)), seen.appliers.join());
      assert.ok(seen.appliers.includes("multigres-operator/status"));
      assert.ok(!seen.conditions.includes("OfFormerDays"), seen.conditions.join());
    }
  }
  const { status } = await client.get(Shards.resource, { namespace, name: shard });
  const rolling = status?.conditions?.find(({ type }) => type === "RollingUpdate");
  assert.equal(rolling?.status, "False");
  assert.match(rolling?.message ?? "", /2 of them are made again .* at the next change/);
}

async function assertSilentAfterwards(stage: ClusterStage): Promise<void> {
  await using again = start(stage);
  await waitUntil("its first lists", () => again.manager.readiness().ready, (ready) => ready);
  await untilQuiet(again);
  assert.deepEqual(again.transport.writes, []);
}

/** Lives of operators at most: each makes one or two of some 35 writes. */
const MOST_LIVES = 90;

clusterTest(
  "an operator that ends at each write of a take-over leads to the same end",
  (stage) =>
    left(stage, async (plane) => {
      const before = await look(stage);
      const log = new Chronicle(plane);
      const lives = await throughEnds(stage, log);
      console.log(`${lives} operators ended`);
      assert.ok(lives > 15, `only ${lives} operators ended`);
      await using operator = start(stage, { prepare: log.follow });
      await untilTakenOver(stage, operator);
      assert.deepEqual(log.deletions, []);
      const after = await look(stage);
      assertKept(before, after);
      await assertOneSpeaker(stage, after);
    }),
);

/** Lets operators end before and after their writes until one has nothing left to write. @returns how many ended */
async function throughEnds(stage: ClusterStage, log: Chronicle): Promise<number> {
  for (let ended = 0; ended < MOST_LIVES; ended++) {
    let fate = { dead: false };
    await using _operator = start(stage, {
      prepare: (transport) => {
        log.follow(transport);
        // One write is made either way, so each life gets further.
        fate = ended % 2 === 0 ? dieAt(transport, 1, "after") : dieAt(transport, 2, "before");
      },
    });
    await waitUntil("an end", async () => fate.dead || await isShardTakenOver(stage), (is) => is);
    await until(() => fate.dead, QUIET_MS);
    if (!fate.dead) return ended;
  }
  throw new Error(`Cannot settle within ${MOST_LIVES} lives`);
}

/** An operator that wrote nothing for so many milliseconds has nothing left to write. */
const QUIET_MS = 3_000;

/** Waits until something holds, but not for longer than so many milliseconds. */
async function until(holds: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (!holds() && performance.now() < end) await delay(20);
}

clusterTest(
  "the user's next change reaches a cluster that was taken over: standbys first, the primary once it has handed over",
  (stage) =>
    left(stage, async (plane) => {
      const log = new Chronicle(plane);
      await using operator = start(stage, { prepare: log.follow });
      await untilTakenOver(stage, operator);
      const before = await look(stage);
      const primary = plane.primary();
      await change(stage, {
        databases: [databaseWith({ pools: { default: { postgres: limits, multipooler: limits } } })],
      });
      await waitUntil("two deletions", () => log.deleted, (deleted) => deleted.length === 2, {
        timeoutMs: 60_000,
      });
      await stage.untilPhase("minimal", "Healthy");
      assert.equal(log.deleted[1], primary);
      assert.deepEqual(log.deletions.map(({ led }) => led), [false, false]);
      await untilQuiet(operator);
      const after = await look(stage);
      const gone = replaced(before, after);
      assert.deepEqual(gone, [`Pod/${pool}-0`, `Pod/${pool}-1`]);
      assert.deepEqual(
        podsOf(after).filter(isOfGateway).map(({ uid }) => uid),
        podsOf(before)
          .filter(isOfGateway).map(({ uid }) => uid),
      );
    }),
);

clusterTest(
  "a change that was made while no operator ran is carried out after the take-over, as gently as any",
  (stage) =>
    left(stage, async (plane) => {
      await change(stage, {
        databases: [databaseWith({ pools: { default: { postgres: limits, multipooler: limits } } })],
      });
      const log = new Chronicle(plane);
      await using _operator = start(stage, { prepare: log.follow });
      await waitUntil("two deletions", () => log.deleted, (deleted) => deleted.length === 2, {
        timeoutMs: 60_000,
      });
      await stage.untilPhase("minimal", "Healthy");
      assert.deepEqual(log.deletions.map(({ led }) => led), [false, false]);
    }),
);

const limits = { resources: { limits: { cpu: "1", memory: "512Mi" } } };

function databaseWith(spec: unknown) {
  const shards = [{ name: "0-inf", spec }];
  return { name: "postgres", default: true, tablegroups: [{ name: "default", default: true, shards }] };
}

async function change({ client, namespace }: ClusterStage, spec: unknown): Promise<void> {
  await client.patch(MultigresClusters.resource, { namespace, name: "minimal" }, { spec });
}

async function startupPath({ client, namespace }: ClusterStage): Promise<string | undefined> {
  const { spec } = await client.get(Deployments, { namespace, name: gateway });
  return spec?.template.spec?.containers[0]?.startupProbe?.httpGet?.path;
}

clusterTest(
  "gateways that were taken over keep their template until it has to change, and are counted meanwhile",
  async (stage) => {
    await stage.apply(`${password}---\n${await example("minimal")}`);
    await leaveCluster(stage, "minimal", "minimal");
    await using operator = start(stage, { setUp: downToShards() });
    await untilClusterTakenOver(stage, "minimal", operator);
    const before = podsOf(await look(stage)).filter(isOfGateway);
    const zone = { name: "zone-a", zoneId: "use1-aza" };
    await change(stage, { cells: [{ ...zone, spec: { multigateway: { replicas: 2 } } }] });
    const more = await waitUntil(
      "a second gateway",
      async () => podsOf(await look(stage)).filter(isOfGateway),
      (pods) => pods.length === 2,
    );
    assert.ok(before.every(({ uid }) => more.some((pod) => pod.uid === uid)));
    assert.equal(await startupPath(stage), "/ready");
    await change(stage, { logLevels: { multigateway: "debug" } });
    await waitUntil("the template of today", () => startupPath(stage), (path) => path === "/live");
  },
);

clusterTest(
  "a consent brings the template of today to gateways that were taken over, without another change",
  async (stage) => {
    await stage.apply(`${password}---\n${await example("minimal")}`);
    await leaveCluster(stage, "minimal", "minimal");
    await using operator = start(stage, { setUp: downToShards() });
    await untilClusterTakenOver(stage, "minimal", operator);
    assert.equal(await startupPath(stage), "/ready");
    await stage.client.patch(MultigresClusters.resource, { namespace: stage.namespace, name: "minimal" }, {
      metadata: { annotations: { "multigres.com/adopt-operator-changes": "true" } },
    });
    await waitUntil("the template of today", () => startupPath(stage), (path) => path === "/live");
  },
);

clusterTest(
  "etcds that the Go operator made are taken over as they run: StatefulSet, members, volumes and Services",
  async (stage) => {
    await stage.apply(`${password}---\n${await example("managed_topology")}`);
    await leaveCluster(stage, "managed_topology", "managed");
    const before = await look(stage);
    await using operator = start(stage, { setUp: downToShards() });
    await untilClusterTakenOver(stage, "managed", operator);
    const after = await look(stage);
    assert.deepEqual(replaced(before, after), []);
    assert.deepEqual(changed(before, after), []);
    const workloads = [...after.values()].filter(({ kind }) =>
      kind === "StatefulSet" || kind === "Deployment"
    );
    assert.equal(workloads.length, 4);
    for (const { key, generation } of workloads) assert.equal(generation, 1, key);
    const made = ["PodDisruptionBudget/managed-global-topo"];
    assert.deepEqual(
      added(before, after).filter((key) => !/^(Shard|TableGroup)\//.test(key)),
      made,
    );
  },
);
