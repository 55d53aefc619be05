import assert from "node:assert/strict";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { BackupStatus } from "../../../topology/gen/multipooler_manager_pb.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { Chronicle } from "./chronicle.ts";
import { type ShardStage, shardTest } from "./support.ts";

/** From one look into the repository to the next, in seconds; and how old an instance is that is rebuilt. */
const BACKUP_LOOK = 610;
const AGE = 185;

/** A full backup that ended just now, by the clock of the operator. */
function backUp({ plane, clock }: ShardStage): void {
  const at = timestampFromDate(clock.now());
  plane.backups().push({
    backupId: "20260101-000000F",
    status: BackupStatus.COMPLETE,
    type: "full",
    startTimestamp: at,
    stopTimestamp: at,
  });
}

function standbyOf({ plane }: ShardStage): string {
  return plane.instances().map(({ pod }) => pod).find((pod) => pod !== plane.primary()) ?? "";
}

async function uidOf(stage: ShardStage, claim: string): Promise<string | undefined> {
  return (await stage.claims()).find(({ metadata }) => metadata.name === claim)?.metadata.uid;
}

async function untilStandInIsGone(stage: ShardStage): Promise<void> {
  const numbers = async () => (await stage.pods()).map(({ metadata }) => metadata.name.slice(-1)).join();
  await waitUntil("the stand-in to go", numbers, (seen) => seen === "0,1,2", { timeoutMs: 60_000 });
}

shardTest(
  "a quarantined instance has a stand-in, and is rebuilt from a recent backup, not without",
  {},
  async (stage) => {
    const { plane } = stage;
    const log = new Chronicle(plane);
    await stage.apply();
    await using _operator = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    const ill = standbyOf(stage);
    const volume = await uidOf(stage, `data-${ill}`);
    plane.quarantine(ill);
    await stage.until("its role", ({ status }) => status?.podRoles?.[ill] === "QUARANTINED");
    const { message = "" } = await stage.untilEvent("QuarantineRemediationBlocked");
    assert.ok(message.includes(ill) && message.includes("take a backup"), message);
    await stage.until(
      "a stand-in that streams",
      ({ status }) => Object.keys(status?.podRoles ?? {}).length === 4,
    );
    stage.clock.turn(AGE);
    await delay(1_000);
    assert.equal(log.deletions.length, 0, log.deleted.join());
    stage.clock.turn(BACKUP_LOOK);
    backUp(stage);
    stage.clock.turn(BACKUP_LOOK);
    await stage.untilCondition("BackupHealthy", "True/BackupRecent");
    await waitUntil(
      "another volume",
      () => uidOf(stage, `data-${ill}`),
      (uid) => uid !== undefined && uid !== volume,
    );
    await untilStandInIsGone(stage);
    await stage.untilSettled();
    assert.equal(log.deleted[0], ill);
    assert.equal(log.deletions.length, 2);
    assert.ok(log.deletions.every(({ led }) => !led));
  },
);

shardTest(
  "a drained instance keeps its pod and volume, has a stand-in, and comes back when its mark is taken off",
  {},
  async (stage) => {
    const { plane } = stage;
    const log = new Chronicle(plane);
    await stage.apply();
    await using _operator = stage.operator({ prepare: log.follow });
    await stage.untilSettled();
    const aside = standbyOf(stage);
    await stage.patchMetadata("pods", aside, { labels: { "multigres.com/role": "DRAINED" } });
    await stage.until("its role", ({ status }) => status?.podRoles?.[aside] === "DRAINED");
    await stage.until(
      "a stand-in that streams",
      ({ status }) => Object.keys(status?.podRoles ?? {}).length === 4,
    );
    await stage.untilEvent("PodSetAside");
    await stage.untilPhase("Healthy");
    assert.equal(log.deletions.length, 0, log.deleted.join());
    await stage.patchMetadata("pods", aside, { labels: { "multigres.com/role": null } });
    await untilStandInIsGone(stage);
    await stage.untilSettled();
    assert.deepEqual(log.deleted.map((name) => name.slice(-2)), ["-3"]);
  },
);
