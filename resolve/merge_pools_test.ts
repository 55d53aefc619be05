import assert from "node:assert/strict";
import { poolOf, resolvedCluster, templatesOf, withShard } from "../tests/support/multigres_specs.ts";

type Json = Record<string, unknown>;

/** Pool `main` of the template with what the shard says of it. */
function pool(template: Json, own: Json) {
  const templates = templatesOf({ ShardTemplate: { default: { pools: { main: template } } } });
  return poolOf(resolvedCluster(withShard({ overrides: { pools: { main: own } } }), templates), "main");
}

/** Fields whose nearer value simply wins. */
const scalars: readonly [field: string, base: unknown, child: unknown][] = [
  ["replicasPerCell", 3, 4],
  ["fsGroup", 10, 20],
  ["affinity", { nodeAffinity: {} }, { podAffinity: {} }],
  ["pvcDeletionPolicy", { whenDeleted: "Delete", whenScaled: "Delete" }, {
    whenDeleted: "Retain",
    whenScaled: "Retain",
  }],
  ["cells", ["x", "y"], ["a"]],
  ["tolerations", [{ key: "x", operator: "Exists" }], [{ key: "y", operator: "Exists" }]],
];

for (const [field, base, child] of scalars) {
  Deno.test(`${field} of a pool replaces the template's, which holds otherwise`, () => {
    const merged = Object.entries(pool({ [field]: base }, { [field]: child }));
    assert.deepEqual(merged.find(([name]) => name === field)?.[1], child);
    const kept = Object.entries(pool({ [field]: base }, {}));
    assert.deepEqual(kept.find(([name]) => name === field)?.[1], base);
  });
}

Deno.test("an empty list of tolerations leaves the template's", () => {
  const tolerations = [{ key: "x", operator: "Exists" }];
  assert.deepEqual(pool({ tolerations }, { tolerations: [] }).tolerations, tolerations);
});

Deno.test("storage of a pool is merged field by field, access modes as a list", () => {
  const template = { storage: { size: "1Gi", class: "slow", accessModes: ["ReadWriteOnce"] } };
  assert.deepEqual(pool(template, { storage: { size: "2Gi" } }).storage, {
    ...template.storage,
    size: "2Gi",
  });
  assert.deepEqual(pool(template, { storage: { class: "fast", accessModes: [] } }).storage, {
    ...template.storage,
    class: "fast",
  });
  assert.deepEqual(pool(template, { storage: { accessModes: ["ReadWriteOncePod"] } }).storage, {
    ...template.storage,
    accessModes: ["ReadWriteOncePod"],
  });
});

for (const container of ["postgres", "multipooler"] as const) {
  Deno.test(`the ${container} container is merged field by field, its resources as a whole`, () => {
    const template = {
      runAsUser: 5,
      runAsGroup: 5,
      resources: { limits: { cpu: "1" }, requests: { cpu: "1" } },
    };
    assert.deepEqual(pool({ [container]: template }, { [container]: { runAsUser: 7 } })[container], {
      ...template,
      runAsUser: 7,
    });
    assert.deepEqual(
      pool({ [container]: template }, { [container]: { runAsGroup: 0, resources: {} } })[container],
      {
        ...template,
        runAsGroup: 0,
      },
    );
    const replaced =
      pool({ [container]: template }, { [container]: { resources: { limits: {} } } })[container];
    assert.deepEqual(replaced, { runAsUser: 5, runAsGroup: 5, resources: { limits: {} } });
  });
}

Deno.test("pools are merged name by name: a new name is one pool more, with its own defaults", () => {
  const templates = templatesOf({
    ShardTemplate: { default: { pools: { main: { replicasPerCell: 3, storage: { class: "fast" } } } } },
  });
  const cluster = resolvedCluster(
    withShard({ overrides: { pools: { extra: { storage: { size: "9Gi" } } } } }),
    templates,
  );
  assert.deepEqual(poolOf(cluster, "main").storage, { class: "fast", size: "1Gi" });
  assert.deepEqual(poolOf(cluster, "extra").storage, { size: "9Gi" });
  assert.equal(poolOf(cluster, "extra").replicasPerCell, 2);
});

Deno.test("a pool may be named like a method of every object", () => {
  const cluster = resolvedCluster(
    withShard({ overrides: { pools: { constructor: { replicasPerCell: 4 } } } }),
  );
  assert.equal(poolOf(cluster, "constructor").replicasPerCell, 4);
  assert.deepEqual(Object.keys(cluster.databases[0]?.tableGroups[0]?.shards[0]?.pools ?? {}), [
    "constructor",
  ]);
});
