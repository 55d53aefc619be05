import assert from "node:assert/strict";
import { Shards } from "../../api/multigres/shard.ts";
import { loadCatalogue } from "../../postgres/catalogue/catalogue.ts";
import { configurationFor, type SettingSources } from "./settings.ts";

const catalogue = await loadCatalogue("17");

function sourcesOf(spec: Record<string, unknown>, more: Partial<SettingSources> = {}): SettingSources {
  const decoded = Shards.decode({
    apiVersion: "multigres.com/v1alpha1",
    kind: "Shard",
    metadata: { name: "s", namespace: "n" },
    spec: {
      databaseName: "postgres",
      tableGroupName: "default",
      shardName: "0-inf",
      globalTopoServer: { address: "t:2379", implementation: "etcd", rootPath: "/r" },
      images: { multiorch: "m", multipooler: "p", postgres: "d" },
      postgresPasswordSecretRef: { name: "pw", key: "password" },
      multiorch: { cells: ["a"] },
      pools: { main: { type: "readWrite", replicasPerCell: 2, cells: ["a"] } },
      ...spec,
    },
  });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return {
    shard: decoded.value,
    cluster: "c",
    referenced: { kind: "none" },
    before: undefined,
    catalogue,
    ...more,
  };
}

const before = { text: "old", restartHash: "r", reloadHash: "l" };

Deno.test("what a user sets takes effect, and its restart hash tells what was asked for", () => {
  const plain = configurationFor(sourcesOf({}));
  const reloadable = configurationFor(sourcesOf({ postgresConfig: { work_mem: "8MB" } }));
  const restarting = configurationFor(sourcesOf({ postgresConfig: { max_connections: "200" } }));
  assert.equal(plain.error, undefined);
  assert.match(reloadable.settings?.text ?? "", /^work_mem = '8MB'/m);
  assert.equal(reloadable.settings?.askedHash, plain.settings?.askedHash);
  assert.notEqual(restarting.settings?.askedHash, plain.settings?.askedHash);
  assert.notEqual(reloadable.settings?.reloadHash, plain.settings?.reloadHash);
});

Deno.test("while a ConfigMap is being read, instances keep what they have", () => {
  const ref = { postgresConfigRef: { name: "tuning", key: "conf" } };
  const found = configurationFor(sourcesOf(ref, { referenced: { kind: "pending" }, before }));
  assert.deepEqual([found.settings, found.error], [before, undefined]);
});

Deno.test("wrong settings leave instances with what they have, and say what is wrong", () => {
  const wrong = { postgresConfig: { work_mem: "lots" } };
  const found = configurationFor(sourcesOf(wrong, { before }));
  assert.deepEqual(found.settings, before);
  assert.match(found.error ?? "", /set work_mem/);
  const first = configurationFor(sourcesOf(wrong));
  assert.equal(first.settings?.text, configurationFor(sourcesOf({})).settings?.text);
});

Deno.test("a missing ConfigMap is an error, its text is read where it is there", () => {
  const ref = { postgresConfigRef: { name: "tuning", key: "conf" } };
  const missing = { kind: "missing", message: "ConfigMap tuning does not exist" } as const;
  assert.equal(configurationFor(sourcesOf(ref, { referenced: missing, before })).error, missing.message);
  const text = { kind: "found", text: "work_mem = 9MB\n" } as const;
  assert.match(
    configurationFor(sourcesOf(ref, { referenced: text })).settings?.text ?? "",
    /^work_mem = '9MB'/m,
  );
  const broken = { kind: "found", text: "include 'x'\n" } as const;
  assert.match(configurationFor(sourcesOf(ref, { referenced: broken })).error ?? "", /line 1/);
});
