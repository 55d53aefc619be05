import assert from "node:assert/strict";
import { annotations } from "../../../api/smoketurner/annotations.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { ConfigMaps, Events, Pods, Secrets } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { steadyClient } from "../../support/operator.ts";
import { playBackups, type PlayedBackups } from "../../support/played_backups.ts";
import { conditionOf, install, name, operate, type Stage, stageOf, wellPlayed } from "./stage.ts";

const backup = {
  schedule: "0 1 1 1 *",
  destination: { type: "S3", bucket: "b", region: "r", credentialsSecret: "keys" },
  encryption: { keySecret: "key" },
};

const walg = (taken: readonly string[]) => taken.map((time, at) => ({ backup_name: `base_${at}`, time }));
const pgbackrest = (taken: readonly string[]) => [{
  status: { code: taken.length === 0 ? 2 : 0 },
  backup: taken.map((time, at) => ({
    label: `${at}F`,
    type: "full",
    timestamp: { stop: Date.parse(time) / 1_000 },
  })),
}];

/** A cluster of one with backups whose member is played. */
function scenario(
  title: string,
  list: Parameters<typeof playBackups>[0],
  run: (stage: Stage, played: PlayedBackups) => Promise<void>,
): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      const played = playBackups(list);
      await using operator = operate(namespace, { ...wellPlayed, exec: played.exec });
      for (const [secret, stringData] of Object.entries(secrets)) {
        await client.create(Secrets, { metadata: { namespace, name: secret }, stringData });
      }
      await run(stageOf(client, namespace, operator), played);
    }));
}

const secrets = {
  keys: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
  key: { "encryption-key": "c" },
};

/** Makes the cluster, and labels its member as Patroni does. */
async function untilPrimary(stage: Stage, changes: Record<string, unknown> = {}): Promise<void> {
  await stage.apply({ replicas: 1, backup: { ...backup, ...changes } });
  await stage.untilPhase("Running");
  await label(stage);
}

async function label({ client, namespace }: Stage): Promise<void> {
  const key = { namespace, name: `${name}-0` };
  await client.patch(Pods, key, { metadata: { labels: { "spilo-role": "master" } } });
}

async function trigger({ client, namespace }: Stage, value: string): Promise<void> {
  const metadata = { annotations: { [annotations.triggerBackup]: value } };
  await client.patch(PostgresClusters.resource, { namespace, name }, { metadata });
}

const manual = (stage: Stage) => async () => {
  const { lastManualBackupTrigger, lastManualBackupStatus } = (await stage.status())?.backup ?? {};
  return `${lastManualBackupTrigger} ${lastManualBackupStatus}`;
};

async function reasons({ client, namespace }: Stage): Promise<string[]> {
  const events = await client.listAll(Events, { namespace, fields: `involvedObject.kind=PostgresCluster` });
  return events.flatMap(({ reason }) => reason ?? []);
}

scenario(
  "a backup is taken once for each new trigger, followed to its end, and told",
  walg,
  async (stage, played) => {
    await untilPrimary(stage);
    await stage.untilCondition("BackupsHealthy", "False/NoBackupYet");
    const { promise, resolve } = Promise.withResolvers<number>();
    played.work = () => promise;
    await trigger(stage, "first");
    await waitUntil("the start", manual(stage), (seen) => seen === "first running");
    await waitUntil("the command", () => played.started.length, (count) => count === 1);
    assert.match(played.started[0] ?? "", /envdir .* \/scripts\/postgres_backup\.sh .*\/pgdata/);
    resolve(0);
    await waitUntil("the end", manual(stage), (seen) => seen === "first completed");
    const done = await stage.untilCondition("BackupsHealthy", "True/Recoverable");
    assert.deepEqual(
      [done.backup?.lastBackupName, done.backup?.backupCount, done.backup?.walArchivingHealthy],
      ["base_0", 1, true],
    );
    assert.equal(done.backup?.recoveryWindowEnd, "2026-01-01T00:00:00Z");

    played.work = () => Promise.resolve(3);
    await trigger(stage, "second");
    await waitUntil("the failure", manual(stage), (seen) => seen === "second failed");
    assert.match((await stage.status())?.backup?.lastManualBackupMessage ?? "", /code 3: said at the end/);
    assert.equal(played.started.length, 2, "nothing is started twice");
    await waitFor("events", async () => {
      const told = await reasons(stage);
      return ["ManualBackupStarted", "ManualBackupCompleted", "ManualBackupFailed", "BackupCompleted"]
        .every((reason) => told.includes(reason));
    });
  },
);

scenario(
  "an operator that ends meanwhile is followed by one that finds the backup",
  walg,
  async (stage, played) => {
    await untilPrimary(stage);
    const { promise, resolve } = Promise.withResolvers<number>();
    played.work = () => promise;
    await trigger(stage, "first");
    await waitUntil("the start", manual(stage), (seen) => seen === "first running");
    await waitUntil("the command", () => played.started.length, (count) => count === 1);
    await stage.operator.stop();
    resolve(0);
    await using _next = operate(stage.namespace, { ...wellPlayed, exec: played.exec });
    await waitUntil("the end", manual(stage), (seen) => seen === "first completed");
    assert.equal(played.started.length, 1);
  },
);

scenario(
  "backups that cannot be listed, and a log that does not arrive, are told",
  walg,
  async (stage, played) => {
    played.fault = "the bucket is gone";
    played.archiver = { lastFailedWal: "000000010000000000000001", lastFailedTime: "2026-01-01T00:00:00Z" };
    await untilPrimary(stage);
    const status = await stage.untilCondition("BackupsHealthy", "False/ListingFailed");
    assert.match(status.backup?.lastError ?? "", /the bucket is gone/);
    assert.equal(status.backup?.walArchivingHealthy, false);
    assert.equal(conditionOf(status, "Ready"), "True/ClusterReady", "clients are served all the same");
  },
);

scenario(
  "pgBackRest takes the first backup at once, by the operator's own schedule",
  pgbackrest,
  async (stage, played) => {
    const { client, namespace } = stage;
    await untilPrimary(stage, { engine: "pgbackrest" });
    const done = await stage.untilCondition("BackupsHealthy", "True/Recoverable");
    assert.equal(done.backup?.lastBackupName, "0F");
    assert.equal(played.started.length, 1);
    assert.match(played.started[0] ?? "", /pgbackrest\/run --process-max=16 --type=full backup/);
    const configMap = await client.get(ConfigMaps, { namespace, name: `${name}-pgbackrest` });
    assert.match(configMap.data?.["pgbackrest.conf"] ?? "", /repo1-s3-bucket=b/);
    await delay(2_000);
    assert.equal(played.started.length, 1, "the next is due in January");

    await stage.apply({ replicas: 1, backup });
    await waitFor("the member without pgBackRest", async () => {
      const [pod] = await stage.members();
      if (pod?.metadata.labels?.["spilo-role"] === undefined && pod !== undefined) await label(stage);
      return pod?.spec?.volumes?.every((each) => each.name !== "pgbackrest");
    });
    await waitFor(
      "its ConfigMap to go",
      async () => await client.find(ConfigMaps, { namespace, name: `${name}-pgbackrest` }) === undefined,
    );
  },
);

scenario("what pgBackRest cannot do is refused when it is asked for", pgbackrest, async (stage) => {
  for (
    const [changes, message] of [
      [{ compression: "brotli" }, /use lz4, zstd or none/],
      [{ encryption: { keySecret: "key", method: "pgp" } }, /use method aes256/],
      [{ backupFromReplica: true }, /leave backupFromReplica false/],
      [{ destination: { ...backup.destination, endpoint: "http://s3:9000" } }, /endpoint with https/],
    ] as const
  ) {
    const asked = stage.apply({ replicas: 1, backup: { ...backup, engine: "pgbackrest", ...changes } });
    await assert.rejects(asked, { message });
  }
});
