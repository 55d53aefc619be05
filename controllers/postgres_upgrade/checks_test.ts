import assert from "node:assert/strict";
import { type PostgresUpgrade, PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import { POSTGRES_UPGRADE_PHASES } from "../../api/smoketurner/postgres_upgrade/status.ts";
import { isStored } from "../../kube/stored.ts";
import { isSignedBy, readBundle } from "../../certs/read.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { SecretWorld } from "../../tests/support/secret_world.ts";
import { certificateSet } from "../postgres_cluster/desired_certificates.ts";
import { backupCheck, nextVerification, windowCheck } from "./checks.ts";
import { limitOf } from "./course.ts";
import { desiredTarget, desiredTargetAuthority } from "./desired_target.ts";
import type { Upgrade } from "./kinds.ts";

function upgradeOf(strategy: object = {}, status?: PostgresUpgrade["status"]): Upgrade {
  const { resource } = PostgresUpgrades;
  const decoded = PostgresUpgrades.decode({
    apiVersion: `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: { namespace: "fx-patroni", name: "next", uid: "u", resourceVersion: "1" },
    spec: { sourceCluster: { name: "orders" }, targetVersion: "17", strategy },
    ...(status === undefined ? {} : { status }),
  });
  if (!decoded.ok || !isStored(decoded.value)) throw new Error(JSON.stringify(decoded));
  return decoded.value;
}

Deno.test("a window counts in its own time zone, and may reach over midnight", () => {
  const at = (time: string) => new Date(`2026-01-15T${time}:00Z`);
  const isOpen = (startTime: string, endTime: string, timezone: string, time: string) =>
    windowCheck({ startTime, endTime, timezone }, at(time)).holds;
  assert.equal(isOpen("02:00", "04:00", "UTC", "03:00"), true);
  assert.equal(isOpen("02:00", "04:00", "UTC", "05:00"), false);
  assert.equal(isOpen("02:00", "04:00", "America/New_York", "03:00"), false, "22:00 there");
  assert.equal(isOpen("02:00", "04:00", "America/New_York", "08:00"), true, "03:00 there");
  assert.equal(isOpen("22:00", "04:00", "UTC", "23:00"), true);
  assert.equal(isOpen("22:00", "04:00", "UTC", "03:00"), true);
  assert.equal(isOpen("22:00", "04:00", "UTC", "12:00"), false);
  assert.equal(windowCheck(undefined, at("12:00")).holds, true);
  const nowhere = windowCheck(
    { startTime: "00:00", endTime: "23:59", timezone: "Mars/Olympus" },
    at("12:00"),
  );
  assert.deepEqual([nowhere.holds, nowhere.reason], [false, "UnknownTimeZone"]);
});

Deno.test("phases that wait for a person, a window or the end of a cutover have no limit in time", () => {
  const bounded = POSTGRES_UPGRADE_PHASES.filter((phase) => limitOf(upgradeOf(), phase) !== undefined);
  assert.deepEqual([...bounded].sort(), [
    "ConfiguringReplication",
    "CreatingTarget",
    "HealthChecking",
    "Replicating",
    "SyncingSequences",
    "Verifying",
  ]);
  const { timeouts } = { timeouts: { verification: "45m" } };
  assert.equal(limitOf(upgradeOf({ timeouts }), "Verifying"), 2_700);
});

Deno.test("the same comparison twice counts once, and one that finds something begins anew", () => {
  const found = { kind: "verified", tables: 2, mismatches: [], differences: [] } as const;
  const lag = { bytes: 0, seconds: 0, confirmed: true, sourceLsn: "0/1", targetLsn: "0/1" };
  const first = nextVerification(undefined, { ...found, lag, at: "1" });
  assert.equal(first?.consecutivePasses, 1);
  assert.equal(nextVerification(first, { ...found, lag, at: "1" })?.consecutivePasses, 1);
  const second = nextVerification(first, { ...found, lag, at: "2" });
  assert.equal(second?.consecutivePasses, 2);
  const mismatches = [{ schema: "public", table: "t", sourceCount: 2, targetCount: 1, difference: 1 }];
  assert.equal(nextVerification(second, { ...found, mismatches, lag, at: "3" })?.consecutivePasses, 0);
});

const destination = { type: "S3", bucket: "b", region: "eu", credentialsSecret: "keys", path: "all/orders/" };
const backup = { schedule: "0 1 * * *", destination, encryption: { keySecret: "key" } };

Deno.test("an automatic cutover waits for a backup that is new enough, where the source keeps any", () => {
  const clock = { now: () => new Date("2026-01-01T12:00:00Z") };
  const { preChecks } = upgradeOf({ preChecks: { requireBackupWithin: "1h" } }).spec.strategy;
  const at = (lastBackupTime?: string) => ({
    ...storedCluster({ backup }),
    status: {
      phase: "Running" as const,
      readyReplicas: 1,
      replicas: 1,
      backup: { enabled: true, ...(lastBackupTime === undefined ? {} : { lastBackupTime }) },
    },
  });
  assert.equal(backupCheck(preChecks, storedCluster(), clock).reason, "NoBackups");
  assert.equal(backupCheck(preChecks, at(), clock).reason, "NoBackupKnown");
  assert.equal(backupCheck(preChecks, at("2026-01-01T10:59:00Z"), clock).reason, "BackupTooOld");
  assert.equal(backupCheck(preChecks, at("2026-01-01T11:01:00Z"), clock).holds, true);
});

Deno.test("the new cluster keeps its backups in a place of its own, and restores nothing", () => {
  const source = { s3: { prefix: "s3://b/old", region: "eu", credentialsSecret: "keys" } };
  const { spec } = desiredTarget(upgradeOf(), storedCluster({ backup, restore: { source } }));
  assert.equal(spec?.backup?.destination?.path, "all/orders/next-target");
  assert.equal(spec?.restore, undefined);
  assert.equal(spec?.version, "17");
});

Deno.test("who trusts the source's authority trusts the new cluster, which makes the copy its own", async () => {
  const world = new SecretWorld();
  const source = storedCluster();
  const target = storedCluster(source.spec, { name: "next-target" });
  await world.settle(certificateSet(source));
  const [theirs, ours] = [
    certificateSet(source).authority.secretName,
    certificateSet(target).authority.secretName,
  ];
  const authority = world.secrets.get(theirs);
  assert.ok(authority !== undefined);
  const copy = desiredTargetAuthority(upgradeOf(), authority);
  world.put({ apiVersion: "v1", kind: "Secret", ...copy });
  await world.settle(certificateSet(target));
  assert.deepEqual(world.secrets.get(ours)?.metadata.ownerReferences?.map(({ name }) => name), [
    "next-target",
  ]);
  const [leaf] = certificateSet(target).leaves;
  const [trusted] = readBundle(world.text(theirs, "ca.crt")).certificates;
  const [shown] = readBundle(world.text(leaf?.secretName ?? "", "tls.crt")).certificates;
  assert.ok(trusted !== undefined && shown !== undefined && isSignedBy(shown, trusted));
});
