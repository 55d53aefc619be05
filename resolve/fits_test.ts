import assert from "node:assert/strict";
import {
  clusterSpec,
  problemsOf,
  resolvedCluster,
  templatesOf,
  withShard,
} from "../tests/support/multigres_specs.ts";

const numbered = (count: number, prefix: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, "1"]));
const pools = (count: number, prefix: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, {}]));
const cells = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `c${index}`, region: `r${index}` }));

const shardPath = "spec.databases[0].tablegroups[0].shards[0]";

Deno.test("a pool in all cells of a cluster with more cells than a pool may have is refused with the remedy", () => {
  assert.deepEqual(problemsOf(withShard({ spec: { pools: { main: {} } } }, { cells: cells(11) })), [{
    reason: "ConfigError",
    path: `${shardPath}.pools.main.cells`,
    message: `Cannot merge the settings of ${shardPath}: with template, overrides and defaults, ` +
      "pools.main.cells must have at most 10 items, but it is a list. List the cells to run in.",
  }]);
  resolvedCluster(withShard({ spec: { pools: { main: {} } } }, { cells: cells(10) }));
  resolvedCluster(withShard({ spec: { pools: { main: { cells: ["c3"] } } } }, { cells: cells(11) }));
});

Deno.test("pools of template and shard together are at most as many as a Shard holds", () => {
  const templates = templatesOf({ ShardTemplate: { default: { pools: pools(5, "t") } } });
  const spec = (count: number) => withShard({ overrides: { pools: pools(count, "o") } });
  resolvedCluster(spec(3), templates);
  assert.deepEqual(problemsOf(spec(4), templates), [{
    reason: "ConfigError",
    path: `${shardPath}.pools`,
    message: `Cannot merge the settings of ${shardPath}: with template, overrides and defaults, ` +
      "pools must have at most 8 entries, but it is an object. Say less in the template or in the cluster.",
  }]);
});

Deno.test("server settings of template and shard together are at most as many as a Shard holds", () => {
  const templates = templatesOf({ ShardTemplate: { default: { postgresConfig: numbered(120, "t") } } });
  const spec = (count: number) => withShard({ overrides: { postgresConfig: numbered(count, "o") } });
  resolvedCluster(spec(80), templates);
  assert.deepEqual(problemsOf(spec(81), templates).map(({ path }) => path), [`${shardPath}.postgresConfig`]);
});

Deno.test("labels of template and cell together are at most as many as a Cell holds", () => {
  const templates = templatesOf({
    CellTemplate: { default: { multigateway: { podLabels: numbered(12, "t") } } },
    ShardTemplate: { default: { multiorch: { podAnnotations: numbered(12, "t") } } },
  });
  const cell = (count: number) =>
    clusterSpec({
      cells: [{ name: "a", region: "r", overrides: { multigateway: { podLabels: numbered(count, "o") } } }],
    });
  resolvedCluster(cell(8), templates);
  assert.deepEqual(problemsOf(cell(9), templates).map(({ path }) => path), [
    "spec.cells[0].multigateway.podLabels",
  ]);
  const shard = withShard({ overrides: { multiorch: { podAnnotations: numbered(9, "o") } } });
  assert.deepEqual(problemsOf(shard, templates).map(({ path }) => path), [
    `${shardPath}.multiorch.podAnnotations`,
  ]);
});
