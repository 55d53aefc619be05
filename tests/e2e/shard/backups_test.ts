import assert from "node:assert/strict";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { BackupStatus } from "../../../topology/gen/multipooler_manager_pb.ts";
import { conditionOf, messageOf, type ShardStage, shardTest } from "./support.ts";

/** From one look into the repository to the next, in seconds. */
const LOOK = 610;
const HOUR = 3_600;

function backUp({ plane, clock }: ShardStage, status: BackupStatus, type: string): void {
  const at = timestampFromDate(clock.now());
  const backupId = `20260101-00000${plane.backups().length}F`;
  plane.backups().push({ backupId, status, type, startTimestamp: at, stopTimestamp: at });
}

shardTest(
  "the age of the newest complete backup is known, and told when it is too old",
  {},
  async (stage) => {
    await stage.apply();
    await using _operator = stage.operator();
    const none = await stage.untilCondition("BackupHealthy", "False/NoBackup");
    assert.equal(none.status?.lastBackupTime, undefined);
    await stage.untilSettled();
    backUp(stage, BackupStatus.COMPLETE, "full");
    stage.clock.turn(LOOK);
    const full = await stage.untilCondition("BackupHealthy", "True/BackupRecent");
    assert.equal(full.status?.lastBackupType, "full");
    backUp(stage, BackupStatus.COMPLETE, "diff");
    backUp(stage, BackupStatus.INCOMPLETE, "incr");
    stage.clock.turn(LOOK);
    const diff = await stage.until("the next one", ({ status }) => status?.lastBackupType === "diff");
    assert.notEqual(diff.status?.lastBackupTime, full.status?.lastBackupTime);
    stage.clock.turn(25 * HOUR);
    const stale = await stage.untilCondition("BackupHealthy", "False/BackupStale");
    assert.match(messageOf(stale, "BackupHealthy"), /more than 25 hours ago/);
    await stage.untilEvent("BackupStale");
    await stage.untilPhase("Healthy");
  },
);

shardTest("a look into the repository that is held up holds nothing else up", {}, async (stage) => {
  const { plane } = stage;
  const release = plane.fail({ method: "getBackups", delayMs: Infinity });
  await stage.apply();
  await using _operator = stage.operator();
  const seen = await stage.untilSettled();
  assert.equal(conditionOf(seen, "BackupHealthy"), "undefined/undefined");
  await stage.apply({ images: { multiorch: "m:1", multipooler: "p:1", postgres: "d:2" } });
  await stage.until("a rollout", (shard) => conditionOf(shard, "RollingUpdate") === "True/PodsDrifted");
  await stage.untilSettled();
  const unknown = await stage.untilCondition("BackupHealthy", "Unknown/BackupCheckFailed");
  assert.match(messageOf(unknown, "BackupHealthy"), /20000 ms/);
  release();
  backUp(stage, BackupStatus.COMPLETE, "full");
  stage.clock.turn(LOOK);
  await stage.untilCondition("BackupHealthy", "True/BackupRecent");
});
