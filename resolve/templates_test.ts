import assert from "node:assert/strict";
import {
  clusterSpec,
  firstCell,
  namespace,
  noTemplates,
  poolOf,
  problemsOf,
  resolvedCluster,
  templatesOf,
  withShard,
} from "../tests/support/multigres_specs.ts";
import { readTemplates } from "./templates.ts";

const gatewayOf = (replicas: number) => ({ multigateway: { replicas } });
const templates = templatesOf({
  CoreTemplate: { default: { multiadmin: { replicas: 2 } }, one: { multiadmin: { replicas: 3 } }, two: {} },
  CellTemplate: { default: gatewayOf(2), one: gatewayOf(3), two: gatewayOf(4) },
  ShardTemplate: {
    default: { pools: { implied: {} } },
    one: { pools: { one: { replicasPerCell: 3 } } },
    two: { pools: { two: {} } },
  },
});
const onlyNamed = templatesOf({ CellTemplate: { one: gatewayOf(3) } });

function replicas(cell: Record<string, unknown>, fields: Record<string, unknown> = {}, all = templates) {
  const spec = clusterSpec({ cells: [{ name: "a", zoneId: "z", ...cell }], ...fields });
  return firstCell(resolvedCluster(spec, all)).multigateway.replicas;
}

const clusterWide = { templateDefaults: { cellTemplate: "one" } };

Deno.test("the template that a part names goes before the cluster's and the namespace's", () => {
  assert.equal(replicas({ cellTemplate: "two" }, clusterWide), 4);
  assert.equal(replicas({ cellTemplate: "two" }), 4);
});

Deno.test("the cluster's template goes before the namespace's", () => {
  assert.equal(replicas({}, clusterWide), 3);
});

Deno.test("the template named default holds where nobody names one", () => {
  assert.equal(replicas({}), 2);
});

Deno.test("without any template the built-in defaults hold", () => {
  assert.equal(replicas({}, {}, noTemplates), 1);
  assert.equal(replicas({}, {}, onlyNamed), 1);
});

Deno.test("exactly one template is used: what it leaves open is not taken from the next", () => {
  const cluster = resolvedCluster(
    clusterSpec({
      templateDefaults: { coreTemplate: "two" },
      multiadmin: { templateRef: "one" },
    }),
    templates,
  );
  assert.equal(cluster.multiadmin.spec.replicas, 3);
  const other = resolvedCluster(clusterSpec({ templateDefaults: { coreTemplate: "two" } }), templates);
  assert.equal(other.multiadmin.spec.replicas, 1);
});

Deno.test("what a part says itself is merged over the cluster's template and the namespace's", () => {
  const own = { spec: { multigateway: { podLabels: { tier: "edge" } } } };
  const gateway = (fields: Record<string, unknown>) => {
    const spec = clusterSpec({ cells: [{ name: "a", zoneId: "z", ...own }], ...fields });
    const { replicas, podLabels } = firstCell(resolvedCluster(spec, templates)).multigateway;
    return { replicas, podLabels };
  };
  assert.deepEqual(gateway({}), { replicas: 2, podLabels: { tier: "edge" } });
  assert.deepEqual(gateway(clusterWide), { replicas: 3, podLabels: { tier: "edge" } });
});

Deno.test("components of the cluster take settings from a CoreTemplate, and say some themselves", () => {
  const core = templatesOf({
    CoreTemplate: {
      default: {
        globalTopoServer: {
          etcd: { replicas: 5, storage: { class: "fast" } },
          placement: { tolerations: [] },
        },
        multiadmin: { replicas: 2, podLabels: { a: "1" } },
        multiadminPlacement: { tolerations: [{ operator: "Exists" }] },
        multiadminWeb: { replicas: 4 },
      },
    },
  });
  const cluster = resolvedCluster(
    clusterSpec({
      globalTopoServer: { etcd: { storage: { size: "2Gi" } } },
      multiadmin: { spec: { podLabels: { b: "2" } } },
    }),
    core,
  );
  assert.ok(cluster.globalTopoServer.kind === "managed");
  const { etcd, placement } = cluster.globalTopoServer.spec;
  assert.equal(etcd?.replicas, 5);
  assert.deepEqual(etcd?.storage, { class: "fast", size: "2Gi" });
  assert.deepEqual(placement, { tolerations: [] });
  assert.equal(cluster.multiadmin.spec.replicas, 2);
  assert.deepEqual(cluster.multiadmin.spec.podLabels, { a: "1", b: "2" });
  assert.deepEqual(cluster.multiadmin.placement, { tolerations: [{ operator: "Exists" }] });
  assert.equal(cluster.multiadminWeb.spec.replicas, 4);
  assert.deepEqual(cluster.templates, { coreTemplates: ["default"] });
});

Deno.test("a shard takes its pools from its template, and patches them", () => {
  const shard = { shardTemplate: "one", overrides: { pools: { one: { replicasPerCell: 5 }, more: {} } } };
  const cluster = resolvedCluster(withShard(shard), templates);
  assert.equal(poolOf(cluster, "one").replicasPerCell, 5);
  assert.equal(poolOf(cluster, "more").replicasPerCell, 2);
});

Deno.test("templates in use are told sorted and once, and only those that took part", () => {
  const cell = (name: string, cellTemplate?: string) => ({
    name,
    region: name,
    ...(cellTemplate === undefined ? {} : { cellTemplate }),
  });
  const spec = withShard({ shardTemplate: "two" }, {
    cells: [cell("c", "two"), cell("b", "one"), cell("a", "two")],
    multiadmin: { templateRef: "two" },
    multiadminWeb: { templateRef: "one" },
  });
  assert.deepEqual(resolvedCluster(spec, templates).templates, {
    coreTemplates: ["default", "one", "two"],
    cellTemplates: ["one", "two"],
    shardTemplates: ["two"],
  });
});

const missing: readonly [where: string, kind: string, spec: ReturnType<typeof clusterSpec>][] = [
  [
    "spec.globalTopoServer.templateRef",
    "CoreTemplate",
    clusterSpec({ globalTopoServer: { templateRef: "gone" } }),
  ],
  ["spec.multiadmin.templateRef", "CoreTemplate", clusterSpec({ multiadmin: { templateRef: "gone" } })],
  ["spec.multiadminWeb.templateRef", "CoreTemplate", clusterSpec({ multiadminWeb: { templateRef: "gone" } })],
  [
    "spec.templateDefaults.coreTemplate",
    "CoreTemplate",
    clusterSpec({ templateDefaults: { coreTemplate: "gone" } }),
  ],
  [
    "spec.cells[1].cellTemplate",
    "CellTemplate",
    clusterSpec({ cells: [{ name: "a", region: "r" }, { name: "b", region: "r", cellTemplate: "gone" }] }),
  ],
  [
    "spec.templateDefaults.cellTemplate",
    "CellTemplate",
    withShard({}, { templateDefaults: { cellTemplate: "gone" } }),
  ],
  [
    "spec.databases[0].tablegroups[0].shards[0].shardTemplate",
    "ShardTemplate",
    withShard({ shardTemplate: "gone" }),
  ],
  [
    "spec.templateDefaults.shardTemplate",
    "ShardTemplate",
    clusterSpec({ templateDefaults: { shardTemplate: "gone" } }),
  ],
];

for (const [path, kind, spec] of missing) {
  Deno.test(`a missing template is told with the field that names it: ${path}`, () => {
    assert.deepEqual(problemsOf(spec), [{
      reason: "TemplateMissing",
      template: { kind, name: "gone" },
      path,
      message:
        `Cannot resolve ${path} as the namespace has no ${kind} named gone: create it, or name another there.`,
    }]);
  });
}

Deno.test("what is wrong in several places is told all at once, each once", () => {
  const cells = ["a", "b", "c"].map((name) => ({ name, region: name }));
  const spec = clusterSpec({
    cells,
    templateDefaults: { cellTemplate: "gone", shardTemplate: "gone" },
    multiadmin: { templateRef: "lost" },
  });
  assert.deepEqual(problemsOf(spec).map(({ path }) => path), [
    "spec.multiadmin.templateRef",
    "spec.templateDefaults.cellTemplate",
    "spec.templateDefaults.shardTemplate",
  ]);
});

Deno.test("a name that is written down must exist, even the name default", () => {
  const spec = clusterSpec({ multiadmin: { templateRef: "default" } });
  assert.deepEqual(problemsOf(spec).map(({ reason, path }) => [reason, path]), [
    ["TemplateMissing", "spec.multiadmin.templateRef"],
  ]);
});

Deno.test("a template that does not fit its schema is a problem, not an absent template", () => {
  const broken = templatesOf({ CellTemplate: { default: { multigateway: { replicas: -1 } } } });
  const spec = clusterSpec({ cells: [{ name: "a", region: "r" }] });
  assert.deepEqual(problemsOf(spec, broken), [{
    reason: "TemplateInvalid",
    template: { kind: "CellTemplate", name: "default" },
    path: "spec.templateDefaults.cellTemplate",
    message: "Cannot take settings from CellTemplate default as it does not fit its schema: " +
      "spec.multigateway.replicas must be at least 0, but it is the number -1. " +
      "Correct the template, or name another in spec.templateDefaults.cellTemplate.",
  }]);
});

Deno.test("a broken template that nobody uses stands in nobody's way", () => {
  const broken = templatesOf({ CellTemplate: { other: { multigateway: { replicas: -1 } } } });
  const spec = clusterSpec({ cells: [{ name: "a", region: "r" }] });
  assert.equal(firstCell(resolvedCluster(spec, broken)).multigateway.replicas, 1);
});

Deno.test("templates of other namespaces do not count", () => {
  const object = (inNamespace: string) => ({
    apiVersion: "multigres.com/v1alpha1",
    kind: "CellTemplate",
    metadata: { name: "default", namespace: inNamespace },
    spec: gatewayOf(7),
  });
  const read = (inNamespace: string) =>
    readTemplates(namespace, { CoreTemplate: [], CellTemplate: [object(inNamespace)], ShardTemplate: [] });
  assert.equal(replicas({}, {}, read(namespace)), 7);
  assert.equal(replicas({}, {}, read("elsewhere")), 1);
});
