import assert from "node:assert/strict";
import { backupClaimName, dataClaimName, poolPodName } from "../../../api/multigres/names.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { Chronicle } from "./chronicle.ts";
import { messageOf, pool, shardKey, type ShardStage, shardTest } from "./support.ts";

const sized = (size: string, more: Parameters<typeof pool>[0] = {}) => ({
  pools: { main: pool({ storage: { size }, ...more }) },
});
const grownBackups = {
  backup: { type: "filesystem", filesystem: { path: "/backups", storage: { size: "3Gi" } } },
} as const;

async function sizes(stage: ShardStage): Promise<string[]> {
  return (await stage.claims()).map(({ spec }) => spec?.resources?.requests?.["storage"] ?? "").sort();
}

shardTest("volumes grow while their instances work, and none is restarted for it", {}, async (stage) => {
  const log = new Chronicle(stage.plane);
  await stage.apply();
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  await stage.apply({ ...sized("2Gi"), ...grownBackups });
  await waitUntil("all to grow", () => sizes(stage), (now) => now.join() === "2Gi,2Gi,2Gi,3Gi");
  await stage.untilSettled();
  assert.deepEqual(log.deleted, []);
  await stage.untilTold("PVCExpanded", 4);
});

shardTest("a smaller volume is refused, and everything else is done", {}, async (stage) => {
  const log = new Chronicle(stage.plane);
  await stage.apply();
  await using _operator = stage.operator({ prepare: log.follow });
  await stage.untilSettled();
  await stage.apply({ ...sized("512Mi"), images: { multiorch: "m:1", multipooler: "p:1", postgres: "d:2" } });
  const refused = await stage.untilCondition("StorageAccepted", "False/StorageShrinkRefused");
  assert.match(messageOf(refused, "StorageAccepted"), /set the size back/);
  await stage.untilEvent("StorageShrinkRefused");
  await waitUntil("a rollout", () => log.deletions.length, (count) => count === 3, { timeoutMs: 60_000 });
  await stage.untilSettled();
  await stage.apply();
  await stage.untilCondition("StorageAccepted", "undefined/undefined");
});

shardTest("volumes of pods that cannot run grow all the same", {}, async (stage) => {
  const nowhere = { cellTopologyLabels: { "zone-a": { "topology.k8s.aws/zone-id": "nowhere" } } };
  await stage.apply(nowhere);
  await using _operator = stage.operator();
  await waitUntil(
    "bound claims",
    () => stage.claims(),
    (claims) => claims.length === 4 && claims.every(({ status }) => status?.phase === "Bound"),
  );
  await stage.apply({ ...nowhere, ...sized("2Gi") });
  await waitUntil("the data to grow", () => sizes(stage), (now) => now.join() === "1Gi,2Gi,2Gi,2Gi");
});

shardTest(
  "where a StorageClass lets nothing grow it is said once, and everything else is done",
  {},
  async (stage) => {
    const { ground, namespace } = stage;
    const rigid = `rigid-${namespace.slice(-8)}`;
    const volumes = Array.from({ length: 3 }, (_, index) => volumeOf(rigid, namespace, index));
    const storageClass = {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: rigid },
      provisioner: "matriarch.test/none",
    };
    for (const object of [storageClass, ...volumes]) await ground.apply(object);
    try {
      const log = new Chronicle(stage.plane);
      const of = (size: string) => ({ pools: { main: pool({ storage: { size, class: rigid } }) } });
      await stage.apply(of("1Gi"));
      await using _operator = stage.operator({ prepare: log.follow });
      await stage.untilSettled();
      await stage.apply({ ...of("2Gi"), ...grownBackups });
      const refused = await stage.untilCondition("StorageAccepted", "False/StorageCannotGrow");
      assert.match(
        messageOf(refused, "StorageAccepted"),
        /set allowVolumeExpansion on the class, or set the size back/,
      );
      await waitUntil("backups to grow", () => sizes(stage), (now) => now.join() === "1Gi,1Gi,1Gi,3Gi");
      assert.equal((await stage.untilPhase("Healthy")).status?.readyReplicas, 3);
      await delay(1_000);
      assert.equal((await stage.events()).filter(({ reason }) => reason === "StorageCannotGrow").length, 1);
      await ground.apply({ ...storageClass, allowVolumeExpansion: true });
      await waitUntil("the data to grow", () => sizes(stage), (now) => now.join() === "2Gi,2Gi,2Gi,3Gi");
      assert.deepEqual(log.deleted, []);
    } finally {
      await ground.request("DELETE", `/apis/storage.k8s.io/v1/storageclasses/${rigid}`);
      for (const { metadata } of volumes) {
        await ground.request("DELETE", `/api/v1/persistentvolumes/${metadata.name}`);
      }
    }
  },
);

/** A volume for the data of one instance, as nobody makes any for the class. */
function volumeOf(storageClassName: string, namespace: string, index: number) {
  const name = dataClaimName(poolPodName({ cluster: "c", ...shardKey, pool: "main", cell: "zone-a" }, index));
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `${namespace.slice(-8)}-${index}` },
    spec: {
      storageClassName,
      capacity: { storage: "5Gi" },
      accessModes: ["ReadWriteOnce"],
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name },
      csi: { driver: "matriarch.test", volumeHandle: `${namespace}-${index}` },
    },
  };
}

shardTest(
  "an instance whose file system does not grow by itself is restarted for it, once",
  {},
  async (stage) => {
    const { plane } = stage;
    const log = new Chronicle(plane);
    await stage.apply();
    await using _operator = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    const name = plane.instances().map(({ pod }) => pod).find((pod) => pod !== plane.primary()) ?? "";
    // Conditions are as old as whole seconds tell: the pod has to be older than the one of its claim.
    await delay(1_100);
    const waits = { type: "FileSystemResizePending", status: "True", lastTransitionTime: timestampNow() };
    await stage.patchStatus("persistentvolumeclaims", dataClaimName(name), { conditions: [waits] });
    await delay(1_500);
    assert.deepEqual(log.deleted, []);
    stage.clock.turn(125);
    await waitUntil("a restart", () => log.deleted, (pods) => pods.length > 0);
    await stage.untilSettled();
    await delay(1_000);
    assert.deepEqual(log.deleted, [name]);
  },
);

function timestampNow(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

shardTest("a claim whose class does not exist is not made, and its absence is named", {}, async (stage) => {
  await stage.apply({ pools: { main: pool({ storage: { size: "1Gi", class: "missing" } }) } });
  await using _operator = stage.operator();
  const seen = await stage.untilCondition("StorageClassValid", "False/StorageClassNotFound");
  assert.match(
    messageOf(seen, "StorageClassValid"),
    /"missing" of spec.pools.main.storage.class does not exist; create it/,
  );
  await delay(1_000);
  const claims = (await stage.claims()).map(({ metadata }) => metadata.name);
  assert.deepEqual(claims, [backupClaimName({ cluster: "c", ...shardKey })]);
});
