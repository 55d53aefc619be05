import assert from "node:assert/strict";
import { waitUntil } from "../../ground/wait_for.ts";
import {
  ID_ComponentType as Component,
  ShardInitClaimSchema,
} from "../../../topology/gen/clustermetadata_pb.ts";
import { claimKey } from "../../../topology/keys.ts";
import { readClaim } from "../../../topology/records/claims.ts";
import { put } from "../../support/topology.ts";
import { encode } from "../../support/topology_records.ts";
import { Chronicle } from "./chronicle.ts";
import { conditionOf, messageOf, shardKey, shardTest } from "./support.ts";
import { TopologySwitch } from "./topology_switch.ts";

/** What a lost primary may take to be missed, in milliseconds. */
const MISSED = 5_000;

const images = { multiorch: "m:1", multipooler: "p:1", postgres: "d:2" };

shardTest("a killed primary is missed within five seconds, and its successor makes the shard whole again", {
  plane: { speed: 5 },
}, async (stage) => {
  const { plane } = stage;
  await stage.apply();
  await using _operator = stage.operator({}, { evidenceSeconds: 4 });
  await stage.untilSettled();
  const killed = plane.primary() ?? "";
  const at = performance.now();
  plane.kill(killed);
  await stage.until("another phase", ({ status }) => status?.phase !== "Healthy");
  assert.ok(performance.now() - at < MISSED, `it took ${performance.now() - at} ms`);
  const followed = await stage.until(
    "the next primary",
    (shard) => conditionOf(shard, "PrimaryAvailable") === "True/PrimarySeen" && plane.primary() !== killed,
  );
  assert.deepEqual(
    Object.entries(followed.status?.podRoles ?? {}).filter(([, role]) => role === "PRIMARY").map(([pod]) =>
      pod
    ),
    [plane.primary()],
  );
  assert.equal(followed.status?.phase, "Progressing");
  plane.revive(killed);
  await stage.untilSettled();
  assert.notEqual(plane.primary(), killed);
});

shardTest(
  "while the topology cannot be reached the shard is Unknown, keeps its roles, and nothing is taken away",
  {},
  async (stage) => {
    using stores = new TopologySwitch();
    await stage.apply();
    const log = new Chronicle(stage.plane);
    await using _operator = stage.operator({ prepare: log.follow }, { stores });
    const { podRoles } = (await stage.untilSettled()).status ?? {};
    stores.on = false;
    const at = performance.now();
    const cut = await stage.untilPhase("Unknown");
    assert.ok(performance.now() - at < MISSED);
    for (const type of ["Available", "Ready", "PrimaryAvailable"]) {
      assert.equal(conditionOf(cut, type), "Unknown/TopologyUnreachable");
    }
    assert.deepEqual(cut.status?.podRoles, podRoles);
    await stage.apply({ images });
    const waiting = await stage.until(
      "the rollout to wait",
      (shard) => messageOf(shard, "RollingUpdate").includes("topology"),
    );
    assert.equal(conditionOf(waiting, "RollingUpdate"), "True/PodsDrifted");
    stage.clock.turn(3_600);
    await stage.until("a rollout that stands still", (shard) => shard.status?.phase === "Unknown");
    assert.deepEqual(log.deleted, []);
    stores.on = true;
    await stage.untilSettled();
    assert.equal(log.deletions.length, 3);
  },
);

shardTest("an evicted pod is made again on its volume", {}, async (stage) => {
  const { plane } = stage;
  await stage.apply();
  await using _operator = stage.operator();
  await stage.untilSettled();
  const claims = (await stage.claims()).map(({ metadata }) => metadata.uid);
  const [victim] = (await stage.pods()).filter(({ metadata }) => metadata.name !== plane.primary());
  assert.ok(victim !== undefined);
  plane.kill(victim.metadata.name);
  const status = { phase: "Failed", reason: "Evicted", message: "the node was low on memory" };
  await stage.patchStatus("pods", victim.metadata.name, status);
  stage.clock.turn(15);
  await waitUntil(
    "another pod in its place",
    async () =>
      (await stage.pods()).find(({ metadata }) => metadata.name === victim.metadata.name)?.metadata.uid,
    (uid) => uid !== undefined && uid !== victim.metadata.uid,
  );
  await stage.untilSettled();
  assert.deepEqual((await stage.claims()).map(({ metadata }) => metadata.uid), claims);
});

shardTest(
  "a pod that does not end on a node that is gone is named, and replaced when it has ended",
  {},
  async (stage) => {
    const { ground, namespace, plane } = stage;
    const node = `node-${namespace.slice(-8)}`;
    const labels = { "matriarch.test/fake": "true", "matriarch.test/own": node };
    await ground.apply({ apiVersion: "v1", kind: "Node", metadata: { name: node, labels } });
    try {
      await stage.apply({ cellTopologyLabels: { "zone-a": { "matriarch.test/own": node } } });
      const log = new Chronicle(plane);
      await using _operator = stage.operator({ prepare: log.follow });
      await stage.untilSettled();
      const name = (await stage.pods()).map(({ metadata }) =>
        metadata.name
      ).find((pod) => pod !== plane.primary()) ??
        "";
      await stage.patchMetadata("pods", name, { finalizers: ["matriarch.test/hold"] });
      const status = { conditions: [{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" }] };
      await ground.request(
        "PATCH",
        `/api/v1/nodes/${node}/status`,
        { status },
        "application/strategic-merge-patch+json",
      );
      await ground.request("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`);
      await stage.untilCondition("Ready", "False/ReplicasNotStreaming");
      stage.clock.turn(100);
      const { message = "" } = await stage.untilEvent("StuckTerminating");
      assert.ok(message.includes(name) && message.includes(`node ${node} does not report`), message);
      assert.deepEqual(log.deleted, []);
      await stage.patchMetadata("pods", name, { finalizers: null });
      await stage.untilSettled();
    } finally {
      await ground.request("DELETE", `/api/v1/nodes/${node}`);
    }
  },
);

shardTest(
  "pods that fit no node are replaced at once by those of a spec that mends it",
  {},
  async (stage) => {
    await stage.apply({ cellTopologyLabels: { "zone-a": { "topology.k8s.aws/zone-id": "nowhere" } } });
    await using _operator = stage.operator();
    const stuck = await stage.untilPhase("Progressing");
    assert.match(stuck.status?.message ?? "", /0 of 3 pods are Ready/);
    await waitUntil(
      "word of the scheduler",
      () => stage.pods(),
      (pods) =>
        pods.length === 3 && pods.every(({ status }) => status?.conditions?.[0]?.reason === "Unschedulable"),
    );
    await stage.apply();
    await stage.untilSettled();
  },
);

const stranger = { component: Component.MULTIORCH, cell: "zone-a", name: "was-here" };

shardTest(
  "a claim to bootstrap the shard is released when its writer is gone and nobody leads, and only then",
  {},
  async (stage) => {
    const { store, root, plane } = stage;
    const claim = encode(ShardInitClaimSchema, { claimerId: stranger });
    await put(store, claimKey(root, shardKey), claim);
    await stage.apply();
    await using _operator = stage.operator();
    await stage.untilSettled();
    await stage.untilEvent("BootstrapClaimReleased");
    const claimer = async () => (await readClaim(store, root, shardKey))?.record.claimerId?.name;
    const own = await claimer();
    assert.ok(own !== undefined && own !== stranger.name);
    plane.kill(plane.primary() ?? "");
    await stage.untilCondition("PrimaryAvailable", "True/PrimarySeen");
    assert.equal(await claimer(), own);
    await put(store, claimKey(root, shardKey), claim);
    stage.clock.turn(60);
    await stage.untilCondition("PrimaryAvailable", "True/PrimarySeen");
    assert.equal(await claimer(), stranger.name);
  },
);
