import assert from "node:assert/strict";
import { clusterSpec, noTemplates, templatesOf, withShard } from "../tests/support/multigres_specs.ts";
import { resolveCluster } from "./cluster.ts";
import { completeCluster } from "./cluster_defaults.ts";

const cells = [{ name: "a", region: "r" }];

function messages(spec: ReturnType<typeof clusterSpec>, templates = noTemplates): string[] {
  const resolution = resolveCluster(spec, templates);
  assert.ok(resolution.ok);
  assert.ok(
    resolution.notices.every(({ type, reason }) => type === "Normal" && reason === "ImplicitDefault"),
  );
  return resolution.notices.map((notice) => notice.message);
}

const shardPath = "spec.databases[0].tablegroups[0].shards[0]";
const pool = `${shardPath}.spec.pools is not given: one pool named default is used`;

Deno.test("parts that are absent or empty are added at each level, and told", () => {
  const shards = { table: "spec.databases[0].tablegroups[0].shards is not given: shard 0-inf is used" };
  const whole = "database postgres with table group default and shard 0-inf is used";
  assert.deepEqual(messages(clusterSpec({ cells })), [`spec.databases is not given: ${whole}`, pool]);
  assert.deepEqual(messages(clusterSpec({ cells, databases: [] })), [
    `spec.databases is not given: ${whole}`,
    pool,
  ]);
  const database = { name: "postgres", default: true };
  for (const tablegroups of [undefined, []]) {
    const given = tablegroups === undefined ? database : { ...database, tablegroups };
    assert.deepEqual(messages(clusterSpec({ cells, databases: [given] })), [
      "spec.databases[0].tablegroups is not given: table group default with shard 0-inf is used",
      pool,
    ]);
  }
  for (const group of [{ name: "default", default: true }, { name: "default", default: true, shards: [] }]) {
    const databases = [{ ...database, tablegroups: [group] }];
    assert.deepEqual(messages(clusterSpec({ cells, databases })), [shards.table, pool]);
  }
});

Deno.test("nothing is told where the user or a template says what is wanted", () => {
  assert.deepEqual(messages(withShard({ spec: { pools: { main: {} } } })), []);
  assert.deepEqual(
    messages(withShard({}), templatesOf({ ShardTemplate: { default: { pools: { main: {} } } } })),
    [],
  );
});

Deno.test("further table groups keep their names and get their shards", () => {
  const tablegroups = [{ name: "default", default: true }, { name: "reports" }];
  const databases = [{ name: "postgres", default: true, tablegroups }];
  const [database] = completeCluster(clusterSpec({ databases })).databases;
  assert.deepEqual(
    database?.tablegroups.map(({ name, shards }) => [name, shards.map((shard) => shard.name)]),
    [["default", ["0-inf"]], ["reports", ["0-inf"]]],
  );
});

Deno.test("filling in plain settings twice changes nothing", () => {
  const once = completeCluster(clusterSpec({ cells }));
  assert.deepEqual(completeCluster(once), once);
});
