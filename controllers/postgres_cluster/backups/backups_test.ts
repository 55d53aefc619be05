import assert from "node:assert/strict";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { isStored } from "../../../kube/stored.ts";
import { isRecord } from "../../../kube/errors.ts";
import { desiredPgbackrestConfigMap } from "../desired_pgbackrest.ts";
import { desiredStatefulSet } from "../desired_stateful_set.ts";
import type { Cluster } from "../shape.ts";
import { isHealthy } from "./archiver.ts";
import { engineOf } from "./engine.ts";
import { backupStatement, backupStatusOf } from "./status.ts";

const backup = {
  engine: "pgbackrest",
  schedule: "0 1 * * *",
  retention: { count: 4 },
  destination: {
    type: "S3",
    bucket: "b",
    region: "eu",
    credentialsSecret: "keys",
    endpoint: "https://s3.shop:9000",
  },
  encryption: { keySecret: "key" },
};

function clusterOf(spec: Record<string, unknown>, status?: Record<string, unknown>): Cluster {
  const { resource } = PostgresClusters;
  const decoded = PostgresClusters.decode({
    apiVersion: `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: { namespace: "shop", name: "orders", uid: "1", resourceVersion: "1" },
    spec: { version: "16", storage: { size: "1Gi" }, tls: { enabled: false }, ...spec },
    ...(status === undefined ? {} : { status }),
  });
  if (!decoded.ok || !isStored(decoded.value)) throw new Error(JSON.stringify(decoded));
  return decoded.value;
}

function engine(changes: Record<string, unknown> = {}) {
  const cluster = clusterOf({ backup: { ...backup, ...changes } });
  const found = engineOf(cluster);
  assert.ok(found);
  return { cluster, ...found };
}

Deno.test("archiving is well again once a segment arrived after the last that failed", () => {
  const [early, late] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
  assert.equal(isHealthy({}), undefined);
  assert.equal(isHealthy({ lastTime: early }), true);
  assert.equal(isHealthy({ lastFailedTime: early }), false);
  assert.equal(isHealthy({ lastTime: early, lastFailedTime: late }), false);
  assert.equal(isHealthy({ lastTime: late, lastFailedTime: early }), true);
});

Deno.test("the lists of both programs are read", () => {
  const walg = JSON.stringify([
    { backup_name: "base_1", time: "2026-01-01T01:00:00Z", compressed_size: 7 },
    { backup_name: "base_2_D_1", modified: "2026-01-02T01:00:00Z" },
    { strange: true },
  ]);
  assert.deepEqual(engine({ engine: "walg" }).parse(walg), [
    { name: "base_1", time: "2026-01-01T01:00:00.000Z", sizeBytes: 7, isFull: true },
    { name: "base_2_D_1", time: "2026-01-02T01:00:00.000Z", isFull: false },
  ]);
  assert.deepEqual(engine({ engine: "walg" }).parse("\n"), []);
  const info = JSON.stringify([{
    backup: [
      { label: "F", type: "full", timestamp: { start: 1, stop: 86_400 }, info: { repository: { delta: 9 } } },
      { label: "broken", type: "full", timestamp: { start: 1, stop: 2 }, error: true },
    ],
  }]);
  assert.deepEqual(engine().parse(info), [
    { name: "F", time: "1970-01-02T00:00:00.000Z", sizeBytes: 9, isFull: true },
  ]);
  assert.throws(() => engine().parse("{}"), /no JSON array/);
});

Deno.test("deltas follow a full backup as often as is allowed", () => {
  const { cluster, take } = engine({ enableDeltaBackups: true, deltaMaxSteps: 2 });
  const full = { name: "F", time: "1", isFull: true };
  const delta = { name: "I", time: "2", isFull: false };
  const typeOf = (taken: Parameters<typeof take>[1]) => /--type=(\w+)/.exec(take(cluster, taken))?.[1];
  assert.equal(typeOf([]), "full");
  assert.equal(typeOf([full]), "incr");
  assert.equal(typeOf([full, delta]), "incr");
  assert.equal(typeOf([full, delta, delta]), "full");
  assert.equal(typeOf([delta]), "full");
  const plain = engine();
  assert.match(plain.take(plain.cluster, [full]), /--process-max=16 --type=full backup$/);
});

Deno.test("members mount what pgBackRest needs, and are told nothing of WAL-G", () => {
  const cluster = clusterOf({ backup });
  const files = desiredPgbackrestConfigMap(cluster).data ?? {};
  const configuration = files["pgbackrest.conf"] ?? "";
  for (
    const line of [
      "repo1-path=/shop/orders",
      "repo1-s3-endpoint=s3.shop",
      "repo1-storage-port=9000",
      "repo1-s3-uri-style=host",
      "repo1-cipher-type=aes-256-cbc",
      "repo1-retention-full=4",
      "compress-type=lz4",
      "[orders]",
    ]
  ) assert.ok(configuration.split("\n").includes(line), `${line} in\n${configuration}`);
  assert.match(
    configuration,
    /\n\[global:archive-get\]\nio-timeout=2\n/,
    "a silent store keeps no standby for long",
  );
  assert.ok(!configuration.includes("keys"), "no secret stands in a ConfigMap");
  assert.match(files["run"] ?? "", /cat \/var\/secrets\/pgbackrest\/store\/AWS_SECRET_ACCESS_KEY/);
  const authority = "/var/secrets/pgbackrest/store/ca.crt";
  assert.ok(
    files["run"]?.includes(
      `if [ -e ${authority} ]; then export PGBACKREST_REPO1_STORAGE_CA_FILE=${authority}; fi`,
    ),
    "the store may have an authority of its own",
  );
  const pod = desiredStatefulSet(cluster, { existing: undefined, replicas: 1 }).spec?.template.spec;
  const names = pod?.containers[0]?.env?.map(({ name }) => name) ?? [];
  assert.deepEqual(names.filter((name) => /WALG|WALE|AWS_|BACKUP/.test(name)), []);
  const settings = pod?.containers[0]?.env?.find(({ name }) => name === "SPILO_CONFIGURATION")?.value ?? "";
  assert.match(settings, /archive_command: "sh \/etc\/pgbackrest\/run archive-push %p"/);
  assert.match(settings, /restore_command: "sh \/etc\/pgbackrest\/run archive-get %f \\"%p\\""/);
  const secrets = pod?.volumes?.flatMap(({ secret }) => secret?.secretName ?? []);
  assert.deepEqual(secrets, ["keys", "key"]);
  assert.equal(
    pod?.containers[0]?.volumeMounts?.filter(({ name }) => name.startsWith("pgbackrest")).length,
    3,
  );
});

Deno.test("a cluster that starts from pgBackRest's backups is told from which, and up to when", () => {
  const restore = (recoveryTarget?: Record<string, unknown>) => {
    const source = { s3: { prefix: "s3://old/path/x", region: "eu", credentialsSecret: "old-keys" } };
    const target = recoveryTarget === undefined ? {} : { recoveryTarget };
    const cluster = clusterOf({ restore: { engine: "pgbackrest", stanza: "former", source, ...target } });
    return { cluster, files: desiredPgbackrestConfigMap(cluster).data ?? {} };
  };
  const { files, cluster } = restore({ time: "2026-01-31T12:00:00+02:00" });
  assert.match(files["source.conf"] ?? "", /repo1-path=\/path\/x\nrepo1-s3-bucket=old\n/);
  assert.match(files["source.conf"] ?? "", /\n\[former\]\n/);
  assert.match(files["fetch"] ?? "", /PGBACKREST_STANZA=former\n/);
  assert.match(files["restore"] ?? "", /"--target=2026-01-31 10:00:00.000\+00"/);
  assert.match(restore({ backup: "20260101-010000F" }).files["restore"] ?? "", /--set=20260101-010000F/);
  assert.match(restore({ timeline: 3 }).files["restore"] ?? "", /--type=default .*\n.*--target-timeline=3/);
  const env = desiredStatefulSet(cluster, { existing: undefined, replicas: 1 }).spec?.template.spec
    ?.containers[0]?.env;
  assert.match(
    env?.find(({ name }) => name === "SPILO_CONFIGURATION")?.value ?? "",
    /method: "pgbackrest"\n {2}pgbackrest:\n {4}command: "sh \/etc\/pgbackrest\/restore"/,
  );
});

Deno.test("what was known of backups stays while they cannot be listed, and the reason is told", () => {
  const known = {
    enabled: true,
    destinationType: "S3",
    lastBackupName: "base_1",
    backupCount: 3,
    lastManualBackupTrigger: "now",
    lastManualBackupStatus: "completed",
  };
  const cluster = clusterOf({ backup }, { phase: "Running", readyReplicas: 1, replicas: 1, backup: known });
  const report = {
    backups: undefined,
    listError: "no network",
    archiver: { lastTime: "2026-01-01T00:00:00Z" },
  };
  const backups = { report, job: undefined, dueSeconds: 0 };
  const clock = { now: () => new Date("2026-01-02T00:00:00Z") };
  const status: unknown = backupStatusOf(cluster, backups, clock);
  assert.deepEqual(status, {
    ...known,
    lastError: "no network",
    lastErrorTime: "2026-01-02T00:00:00Z",
    lastWalArchiveTime: "2026-01-01T00:00:00Z",
    recoveryWindowEnd: "2026-01-01T00:00:00Z",
    walArchivingHealthy: true,
  });
  assert.ok(isRecord(status));
  const [statement] = backupStatement(cluster, backups);
  assert.deepEqual([statement?.status, statement?.reason], ["False", "ListingFailed"]);
});
