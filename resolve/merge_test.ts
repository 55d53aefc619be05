import assert from "node:assert/strict";
import {
  clusterSpec,
  firstCell,
  firstShard,
  resolvedCluster,
  templatesOf,
  withShard,
} from "../tests/support/multigres_specs.ts";

type Json = Record<string, unknown>;

/** The gateway of a cell with the given template and overrides, or template and spec. */
function gateway(template: Json, overrides: Json, at: "overrides" | "spec" = "overrides") {
  const spec = clusterSpec({ cells: [{ name: "a", region: "r", [at]: { multigateway: overrides } }] });
  const templates = templatesOf({ CellTemplate: { default: { multigateway: template } } });
  return firstCell(resolvedCluster(spec, templates)).multigateway;
}

/** The shard with the given template and overrides, or template and spec. */
function shard(template: Json, overrides: Json, at: "overrides" | "spec" = "overrides") {
  const templates = templatesOf({ ShardTemplate: { default: template } });
  return firstShard(resolvedCluster(withShard({ [at]: overrides }), templates));
}

const affinityTo = (key: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "Exists" }] }],
    },
  },
});

for (const at of ["overrides", "spec"] as const) {
  Deno.test(`replicas in ${at} win, and those of the template hold otherwise`, () => {
    assert.equal(gateway({ replicas: 3 }, { replicas: 0 }, at).replicas, 0);
    assert.equal(gateway({ replicas: 3 }, {}, at).replicas, 3);
  });

  Deno.test(`resources in ${at} replace the template's as a whole`, () => {
    const template = { resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { memory: "2Gi" } } };
    assert.deepEqual(gateway(template, { resources: { requests: { cpu: "2" } } }, at).resources, {
      requests: { cpu: "2" },
    });
    assert.deepEqual(gateway(template, { resources: {} }, at).resources, template.resources);
    assert.deepEqual(gateway(template, { resources: { claims: [] } }, at).resources, { claims: [] });
  });

  Deno.test(`affinity in ${at} replaces the template's as a whole`, () => {
    assert.deepEqual(
      gateway({ affinity: affinityTo("x") }, { affinity: affinityTo("y") }, at).affinity,
      affinityTo("y"),
    );
    assert.deepEqual(gateway({ affinity: affinityTo("x") }, { affinity: {} }, at).affinity, {});
    assert.deepEqual(gateway({ affinity: affinityTo("x") }, {}, at).affinity, affinityTo("x"));
  });

  Deno.test(`labels and annotations in ${at} are merged with the template's key by key`, () => {
    const template = { podLabels: { a: "1", b: "1" }, podAnnotations: { c: "1" } };
    const merged = gateway(template, { podLabels: { b: "2" }, podAnnotations: { d: "2" } }, at);
    assert.deepEqual(merged.podLabels, { a: "1", b: "2" });
    assert.deepEqual(merged.podAnnotations, { c: "1", d: "2" });
  });

  Deno.test(`the buffer in ${at} is merged with the template's field by field`, () => {
    const merged = gateway({ buffer: { window: "5s", size: 10 } }, { buffer: { size: 20 } }, at);
    assert.deepEqual(merged.buffer, { enabled: true, window: "5s", size: 20 });
    const off = gateway({ buffer: { enabled: false, size: 10 } }, { buffer: { window: "1s" } }, at);
    assert.deepEqual(off.buffer, { enabled: false, window: "1s", size: 10 });
    assert.deepEqual(gateway({ buffer: { enabled: false } }, {}, at).buffer, { enabled: false });
  });

  Deno.test(`initdbArgs and the ConfigMap of settings in ${at} replace the template's`, () => {
    const template = { initdbArgs: "--a", postgresConfigRef: { name: "x", key: "k" } };
    const merged = shard(template, { initdbArgs: "--b", postgresConfigRef: { name: "y", key: "l" } }, at);
    assert.equal(merged.initdbArgs, "--b");
    assert.deepEqual(merged.postgresConfigRef, { name: "y", key: "l" });
    const kept = shard(template, { initdbArgs: "" }, at);
    assert.equal(kept.initdbArgs, "--a");
    assert.deepEqual(kept.postgresConfigRef, { name: "x", key: "k" });
  });

  Deno.test(`server settings in ${at} are merged with the template's key by key`, () => {
    const merged = shard({ postgresConfig: { a: "1", b: "1" } }, { postgresConfig: { b: "2", c: "2" } }, at);
    assert.deepEqual(merged.postgresConfig, { a: "1", b: "2", c: "2" });
    assert.ok(!("postgresConfig" in shard({ postgresConfig: {} }, { postgresConfig: {} }, at)));
  });

  Deno.test(`placement of orchestrators in ${at} replaces the template's, even with an empty list`, () => {
    const template = { multiorch: { placement: { tolerations: [{ key: "a", operator: "Exists" }] } } };
    const merged = shard(template, { multiorch: { placement: { tolerations: [] } } }, at);
    assert.deepEqual(merged.multiorch.placement, { tolerations: [] });
    assert.deepEqual(shard(template, { multiorch: { placement: {} } }, at).multiorch.placement, {});
    assert.deepEqual(
      shard(template, { multiorch: {} }, at).multiorch.placement,
      template.multiorch.placement,
    );
  });

  Deno.test(`cells of orchestrators in ${at} replace the template's unless there are none`, () => {
    assert.deepEqual(
      shard({ multiorch: { cells: ["x"] } }, { multiorch: { cells: ["y"] } }, at).multiorch.cells,
      ["y"],
    );
    assert.deepEqual(
      shard({ multiorch: { cells: ["x"] } }, { multiorch: { cells: [] } }, at).multiorch.cells,
      ["x"],
    );
  });
}

Deno.test("a cell's placement replaces the template's, even with an empty list", () => {
  const templates = templatesOf({
    CellTemplate: { default: { multigatewayPlacement: { tolerations: [{ operator: "Exists" }] } } },
  });
  const placement = (cell: Json) =>
    firstCell(resolvedCluster(clusterSpec({ cells: [{ name: "a", region: "r", ...cell }] }), templates))
      .multigatewayPlacement;
  assert.deepEqual(placement({}), { tolerations: [{ operator: "Exists" }] });
  assert.deepEqual(placement({ overrides: { multigatewayPlacement: {} } }), {});
  assert.deepEqual(placement({ spec: { multigatewayPlacement: { tolerations: [] } } }), { tolerations: [] });
});

Deno.test("a cell's own topology server replaces the template's as a whole", () => {
  const templates = templatesOf({
    CellTemplate: { default: { localTopoServer: { etcd: { replicas: 5, rootPath: "/t" } } } },
  });
  const server = (cell: Json) =>
    firstCell(resolvedCluster(clusterSpec({ cells: [{ name: "a", region: "r", ...cell }] }), templates))
      .topoServer;
  assert.deepEqual([server({})?.etcd?.replicas, server({})?.etcd?.rootPath], [5, "/t"]);
  const own = server({ spec: { localTopoServer: { etcd: { storage: { size: "3Gi" } } } } });
  assert.deepEqual([own?.etcd?.replicas, own?.etcd?.rootPath], [3, "/multigres/a"]);
  const external = { endpoints: ["https://etcd:2379"], implementation: "etcd" };
  assert.deepEqual(server({ spec: { localTopoServer: { external } } }), { external });
});

Deno.test("a shard's policy in spec replaces the template's", () => {
  const template = { pvcDeletionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" } };
  assert.deepEqual(shard(template, {}).pvcDeletionPolicy, template.pvcDeletionPolicy);
  assert.deepEqual(
    shard(template, { pvcDeletionPolicy: { whenDeleted: "Retain" } }, "spec").pvcDeletionPolicy,
    {
      whenDeleted: "Retain",
      whenScaled: "Delete",
    },
  );
  assert.equal(shard({}, {}).pvcDeletionPolicy, undefined);
});

Deno.test("what the shard says itself goes before overrides, where an older object has both", () => {
  const templates = templatesOf({
    ShardTemplate: { default: { postgresConfig: { a: "t", b: "t", c: "t" } } },
  });
  const spec = withShard({
    overrides: { postgresConfig: { b: "o", c: "o" } },
    spec: { postgresConfig: { c: "s" } },
  });
  assert.deepEqual(firstShard(resolvedCluster(spec, templates)).postgresConfig, { a: "t", b: "o", c: "s" });
});

Deno.test("durability of the database goes before the cluster's, superuser and the rest are the cluster's", () => {
  const durability = (database: Json, cluster: Json) => {
    const databases = [{ name: "postgres", default: true, ...database }];
    return resolvedCluster(clusterSpec({ databases, ...cluster })).databases[0]?.durabilityPolicy;
  };
  assert.equal(durability({ durabilityPolicy: "X" }, { durabilityPolicy: "Y" }), "X");
  assert.equal(durability({}, { durabilityPolicy: "Y" }), "Y");
  assert.equal(durability({ durabilityPolicy: "" }, { durabilityPolicy: "Y" }), "Y");
});
