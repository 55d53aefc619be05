import assert from "node:assert/strict";
import { clusterSpec, firstShard, resolvedCluster, withShard } from "../tests/support/multigres_specs.ts";

type Json = Record<string, unknown>;

/** The backup of a shard below a cluster. */
function backup(cluster: Json | undefined, own: Json | undefined) {
  const shard = own === undefined ? {} : { backup: own };
  return firstShard(resolvedCluster(withShard(shard, cluster === undefined ? {} : { backup: cluster })))
    .backup;
}

const s3 = (fields: Json = {}) => ({ type: "s3", s3: { bucket: "b", region: "r", ...fields } });
const onVolume = (fields: Json = {}) => ({ type: "filesystem", filesystem: fields });

Deno.test("a level that says nothing of backups takes them from above", () => {
  assert.deepEqual(backup(s3(), undefined), s3());
});

Deno.test("a level that says all goes on below a cluster that says nothing", () => {
  assert.deepEqual(backup(undefined, s3()), s3());
});

Deno.test("another type replaces everything, encryption and certificates included", () => {
  const cluster = { ...s3(), encryption: { secretName: "keys" }, pgbackrestTLS: { secretName: "tls" } };
  assert.deepEqual(backup(cluster, onVolume()), onVolume({ path: "/backups", storage: { size: "10Gi" } }));
});

Deno.test("a repository on a volume is merged field by field", () => {
  const cluster = onVolume({
    path: "/a",
    storage: { size: "5Gi", class: "slow", accessModes: ["ReadWriteMany"] },
  });
  assert.deepEqual(backup(cluster, onVolume({ storage: { size: "7Gi", accessModes: [] } })), {
    type: "filesystem",
    filesystem: { path: "/a", storage: { size: "7Gi", class: "slow", accessModes: ["ReadWriteMany"] } },
  });
  const other = onVolume({ path: "/b", storage: { class: "fast", accessModes: ["ReadWriteOnce"] } });
  assert.deepEqual(backup(cluster, other), {
    type: "filesystem",
    filesystem: { path: "/b", storage: { size: "5Gi", class: "fast", accessModes: ["ReadWriteOnce"] } },
  });
  assert.deepEqual(backup(cluster, onVolume({ path: "" })), cluster);
});

Deno.test("folder and size of a volume are filled in where no level names them", () => {
  assert.deepEqual(backup(onVolume({ storage: { class: "fast" } }), undefined), {
    type: "filesystem",
    filesystem: { path: "/backups", storage: { class: "fast", size: "10Gi" } },
  });
});

Deno.test("an object store is merged field by field; empty words do not count", () => {
  const cluster = s3({ endpoint: "http://one", keyPrefix: "p", credentialsSecret: "one" });
  assert.deepEqual(
    backup(cluster, s3({ bucket: "c", endpoint: "", keyPrefix: "q", credentialsSecret: "" })),
    {
      type: "s3",
      s3: { bucket: "c", region: "r", endpoint: "http://one", keyPrefix: "q", credentialsSecret: "one" },
    },
  );
});

Deno.test("useEnvCredentials is not inherited by a level that names a bucket", () => {
  assert.deepEqual(backup(s3({ useEnvCredentials: true }), s3()), s3());
  assert.deepEqual(backup(s3({ useEnvCredentials: true }), undefined), s3({ useEnvCredentials: true }));
});

/** Ways to be known to an object store: above, below, merged. */
const identities: readonly [above: Json, below: Json, merged: Json][] = [
  [{ credentialsSecret: "s" }, {}, { credentialsSecret: "s" }],
  [{ serviceAccountName: "a" }, {}, { serviceAccountName: "a" }],
  [{ credentialsSecret: "s" }, { serviceAccountName: "a" }, { serviceAccountName: "a" }],
  [{ serviceAccountName: "a" }, { credentialsSecret: "s" }, { credentialsSecret: "s" }],
  [{ serviceAccountName: "a" }, { useEnvCredentials: true }, { useEnvCredentials: true }],
  [{ credentialsSecret: "s" }, { useEnvCredentials: true }, {
    credentialsSecret: "s",
    useEnvCredentials: true,
  }],
  [{ serviceAccountName: "a" }, { serviceAccountName: "b" }, { serviceAccountName: "b" }],
  [{ serviceAccountName: "a" }, { serviceAccountName: "" }, { serviceAccountName: "a" }],
];

for (const [above, below, merged] of identities) {
  const name = `${JSON.stringify(above)} above ${JSON.stringify(below)}`;
  Deno.test(`no merge names a ServiceAccount beside another way in: ${name}`, () => {
    assert.deepEqual(backup(s3(above), s3(below)), s3(merged));
  });
}

Deno.test("certificates and encryption of pgBackRest replace those from above", () => {
  const cluster = { ...s3(), encryption: { secretName: "k1" }, pgbackrestTLS: { secretName: "t1" } };
  assert.deepEqual(backup(cluster, s3()), cluster);
  const own = { ...s3(), encryption: { secretName: "k2" }, pgbackrestTLS: {} };
  assert.deepEqual(backup(cluster, own), own);
});

Deno.test("backups are merged level by level: cluster, database, table group, shard", () => {
  const level = (keyPrefix: string, more: Json = {}) => ({ backup: s3({ keyPrefix, ...more }) });
  const shards = [{ name: "0-inf", ...level("shard") }];
  const tablegroups = [{
    name: "default",
    default: true,
    ...level("group", { credentialsSecret: "group" }),
    shards,
  }];
  const database = {
    name: "postgres",
    default: true,
    ...level("db", { endpoint: "http://db" }),
    tablegroups,
  };
  const cluster = resolvedCluster(clusterSpec({ ...level("cluster"), databases: [database] }));
  const [resolved] = cluster.databases;
  assert.deepEqual(resolved?.backup, s3({ keyPrefix: "db", endpoint: "http://db" }));
  const inherited = { endpoint: "http://db", credentialsSecret: "group" };
  assert.deepEqual(resolved?.tableGroups[0]?.backup, s3({ keyPrefix: "group", ...inherited }));
  assert.deepEqual(firstShard(cluster).backup, s3({ keyPrefix: "shard", ...inherited }));
});
