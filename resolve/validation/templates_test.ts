import assert from "node:assert/strict";
import { loadCatalogue, multigresMajor } from "../../postgres/catalogue/catalogue.ts";
import { clusterSpec, templatesOf, withShard } from "../../tests/support/multigres_specs.ts";
import { errorsOf, type Finding } from "./finding.ts";
import {
  type ClusterFact,
  reviewTemplate,
  reviewTemplateDeletion,
  type TemplateContent,
} from "./templates.ts";

const cell = { name: "a", zoneId: "use1-az1" };
const bad = { requests: { cpu: "2" }, limits: { cpu: "1" } };
const good = { requests: { cpu: "2" }, limits: { cpu: "2" } };

function cluster(name: string, spec: ClusterFact["spec"], deleting = false): ClusterFact {
  return { name, spec, deleting };
}

const plain = (fields: Readonly<Record<string, unknown>> = {}) => clusterSpec({ cells: [cell], ...fields });

function review(
  content: TemplateContent,
  clusters: readonly ClusterFact[] = [],
  templates = templatesOf({}),
) {
  return reviewTemplate(content, { clusters, templates });
}

function paths(findings: readonly Finding[]): string[] {
  return errorsOf(findings).map((finding) => finding.path);
}

Deno.test("a template is judged by what it says, used or not", () => {
  const cases: readonly (readonly [TemplateContent, TemplateContent, string])[] = [
    [
      { kind: "CoreTemplate", name: "t", spec: { multiadmin: { resources: bad } } },
      { kind: "CoreTemplate", name: "t", spec: { multiadmin: { resources: good } } },
      "spec.multiadmin.resources.limits.cpu",
    ],
    [
      { kind: "CellTemplate", name: "t", spec: { multigateway: { resources: bad } } },
      { kind: "CellTemplate", name: "t", spec: { multigateway: { resources: good } } },
      "spec.multigateway.resources.limits.cpu",
    ],
    [
      { kind: "CellTemplate", name: "t", spec: { multigateway: { buffer: { window: "0s" } } } },
      // Alone it says nothing of the other time, which a cell may still set.
      { kind: "CellTemplate", name: "t", spec: { multigateway: { buffer: { window: "30s" } } } },
      "spec.multigateway.buffer.window",
    ],
    [
      { kind: "ShardTemplate", name: "t", spec: { pools: { UPPER: {} } } },
      { kind: "ShardTemplate", name: "t", spec: { pools: { lower: {} } } },
      "spec.pools.UPPER",
    ],
    [
      { kind: "ShardTemplate", name: "t", spec: { pools: { p: { multipooler: { resources: bad } } } } },
      { kind: "ShardTemplate", name: "t", spec: { pools: { p: { multipooler: { resources: good } } } } },
      "spec.pools.p.multipooler.resources.limits.cpu",
    ],
  ];
  for (const [refused, accepted, path] of cases) {
    assert.deepEqual(paths(review(refused)), [path]);
    assert.deepEqual(review(accepted), []);
  }
});

Deno.test("settings of a ShardTemplate are checked where the catalogue is at hand", async () => {
  const catalogue = await loadCatalogue(multigresMajor);
  const content = (postgresConfig: Record<string, string>): TemplateContent => ({
    kind: "ShardTemplate",
    name: "t",
    spec: { postgresConfig },
  });
  const judge = (config: Record<string, string>) =>
    paths(reviewTemplate(content(config), { clusters: [], templates: templatesOf({}), catalogue }));
  assert.deepEqual(judge({ port: "1" }), ["spec.postgresConfig.port"]);
  assert.deepEqual(judge({ work_mem: "8MB" }), []);
  assert.deepEqual(paths(review(content({ port: "1" }))), []);
});

Deno.test("a template that would break a cluster which uses it is refused, and the cluster is named", () => {
  const content: TemplateContent = {
    kind: "CellTemplate",
    name: "t",
    spec: { multigateway: { buffer: { window: "30s" } } },
  };
  const templates = templatesOf({ CellTemplate: { t: {} } });
  const user = cluster("shop", plain({ cells: [{ ...cell, cellTemplate: "t" }] }));
  const [finding] = review(content, [user], templates);
  assert.match(
    finding?.message ?? "",
    /MultigresCluster shop .* would be invalid: Cannot hold statements back for 30s/,
  );
  const other = cluster("other", plain());
  const long = { multigateway: { buffer: { maxFailoverDuration: "1m" } } };
  const patched = cluster("patched", plain({ cells: [{ ...cell, cellTemplate: "t", overrides: long }] }));
  assert.deepEqual(review(content, [other, patched, { ...user, deleting: true }], templates), []);
});

Deno.test("the template named default is tried on the clusters that name none", () => {
  const content: TemplateContent = {
    kind: "ShardTemplate",
    name: "default",
    spec: { pools: { p: { cells: ["elsewhere"] } } },
  };
  assert.match(review(content, [cluster("shop", plain())])[0]?.message ?? "", /shop .*cell elsewhere/);
  const named = cluster("named", plain({ templateDefaults: { shardTemplate: "own" } }));
  assert.deepEqual(review(content, [named], templatesOf({ ShardTemplate: { own: {} } })), []);
});

Deno.test("what was broken before keeps nobody from changing a template", () => {
  const user = cluster(
    "shop",
    plain({ cells: [{ ...cell, cellTemplate: "t" }], multiadmin: { templateRef: "gone" } }),
  );
  const templates = templatesOf({ CellTemplate: { t: {} } });
  assert.deepEqual(review({ kind: "CellTemplate", name: "t", spec: {} }, [user], templates), []);
});

Deno.test("a template shrinks no volumes and changes no number of etcd members", () => {
  const pools = (size: string) => ({ pools: { p: { storage: { size } } } });
  const templates = templatesOf({
    ShardTemplate: { t: pools("10Gi") },
    CoreTemplate: { t: { globalTopoServer: { etcd: { replicas: 3 } } } },
  });
  const user = cluster("shop", withShard({ shardTemplate: "t" }, { globalTopoServer: { templateRef: "t" } }));
  const rules = (content: TemplateContent) =>
    review(content, [user], templates).map((finding) => finding.rule);
  assert.deepEqual(rules({ kind: "ShardTemplate", name: "t", spec: pools("5Gi") }), ["StorageGrowsOnly"]);
  assert.deepEqual(rules({ kind: "ShardTemplate", name: "t", spec: pools("20Gi") }), []);
  const five = { globalTopoServer: { etcd: { replicas: 5 } } };
  assert.deepEqual(rules({ kind: "CoreTemplate", name: "t", spec: five }), ["EtcdMembersFixed"]);
});

/** Each way to use a template by its name. */
const uses = [
  ["CoreTemplate", "spec.templateDefaults.coreTemplate", plain({ templateDefaults: { coreTemplate: "t" } })],
  ["CoreTemplate", "spec.multiadmin.templateRef", plain({ multiadmin: { templateRef: "t" } })],
  ["CoreTemplate", "spec.globalTopoServer.templateRef", plain({ globalTopoServer: { templateRef: "t" } })],
  ["CoreTemplate", "spec.multiadminWeb.templateRef", plain({ multiadminWeb: { templateRef: "t" } })],
  ["CellTemplate", "spec.templateDefaults.cellTemplate", plain({ templateDefaults: { cellTemplate: "t" } })],
  ["CellTemplate", "spec.cells[0].cellTemplate", plain({ cells: [{ ...cell, cellTemplate: "t" }] })],
  [
    "ShardTemplate",
    "spec.templateDefaults.shardTemplate",
    plain({ templateDefaults: { shardTemplate: "t" } }),
  ],
  [
    "ShardTemplate",
    "spec.databases[0].tablegroups[0].shards[0].shardTemplate",
    withShard({ shardTemplate: "t" }),
  ],
] as const;

Deno.test("a template that a cluster names cannot be deleted, unless the cluster goes away", () => {
  const templates = templatesOf({
    CoreTemplate: { t: {} },
    CellTemplate: { t: {} },
    ShardTemplate: { t: {} },
  });
  for (const [kind, path, spec] of uses) {
    const remove = (clusters: ClusterFact[], name = "t") =>
      reviewTemplateDeletion({ kind, name }, { clusters, templates });
    const [finding] = remove([cluster("shop", spec)]);
    assert.ok(finding?.message.includes(`in use by MultigresCluster shop (${path})`), path);
    assert.deepEqual(remove([cluster("shop", spec, true)]), []);
    assert.deepEqual(remove([cluster("shop", spec)], "unused"), []);
  }
});

Deno.test("a template named default that nobody names can be deleted, unless a cluster needs what it says", () => {
  const templates = templatesOf({
    CoreTemplate: { default: { globalTopoServer: { etcd: { replicas: 5 } } } },
    CellTemplate: { default: { multigateway: { buffer: { maxFailoverDuration: "1m" } } } },
    ShardTemplate: { default: { pools: { p: {} } } },
  });
  const remove = (kind: TemplateContent["kind"], spec: ClusterFact["spec"]) =>
    reviewTemplateDeletion({ kind, name: "default" }, { clusters: [cluster("shop", spec)], templates })
      .map((finding) => finding.rule);
  assert.deepEqual(remove("ShardTemplate", plain()), []);
  assert.deepEqual(remove("CellTemplate", plain()), []);
  const needy = plain({ cells: [{ ...cell, overrides: { multigateway: { buffer: { window: "30s" } } } }] });
  assert.deepEqual(remove("CellTemplate", needy), ["BufferTimesFit"]);
  assert.deepEqual(remove("CoreTemplate", plain()), ["EtcdMembersFixed"]);
});
