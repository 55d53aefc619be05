import assert from "node:assert/strict";
import { images } from "../api/multigres/images.ts";
import { clusterSpec, problemsOf, resolvedCluster, templatesOf } from "../tests/support/multigres_specs.ts";

type Json = Record<string, unknown>;

/** The managed server of a cluster, below a CoreTemplate. */
function managed(template: Json, own: Json, cluster: Json = {}) {
  const templates = templatesOf({ CoreTemplate: { default: { globalTopoServer: template } } });
  const spec = clusterSpec({ globalTopoServer: own, ...cluster });
  const server = resolvedCluster(spec, templates).globalTopoServer;
  assert.ok(server.kind === "managed");
  return server;
}

const fate = (whenDeleted: string, whenScaled = "Delete") => ({ whenDeleted, whenScaled });

Deno.test("etcd of the cluster is merged over the template's field by field", () => {
  const template = {
    etcd: {
      image: "etcd:1",
      replicas: 5,
      rootPath: "/t",
      storage: { size: "2Gi", class: "slow" },
      resources: { requests: { cpu: "1" }, limits: { cpu: "2" } },
    },
  };
  assert.deepEqual(managed(template, { etcd: {} }).spec.etcd, template.etcd);
  const own = {
    image: "etcd:2",
    replicas: 1,
    storage: { class: "fast" },
    resources: { limits: { cpu: "3" } },
  };
  assert.deepEqual(managed(template, { etcd: own }).spec.etcd, {
    ...own,
    rootPath: "/t",
    storage: { size: "2Gi", class: "fast" },
  });
  assert.equal(managed(template, { etcd: { rootPath: "/c" } }).rootPath, "/c");
});

Deno.test("an external server drops the template's etcd", () => {
  const templates = templatesOf({
    CoreTemplate: { default: { globalTopoServer: { etcd: { replicas: 5 } } } },
  });
  const external = {
    endpoints: ["https://one:2379", "https://two:2379"],
    implementation: "etcd",
    rootPath: "/x",
  };
  assert.deepEqual(
    resolvedCluster(clusterSpec({ globalTopoServer: { external } }), templates).globalTopoServer,
    {
      kind: "external",
      template: "default",
      external,
    },
  );
});

Deno.test("a template without etcd leaves the defaults", () => {
  const templates = templatesOf({ CoreTemplate: { bare: { multiadmin: {} } } });
  const server =
    resolvedCluster(clusterSpec({ globalTopoServer: { templateRef: "bare" } }), templates).globalTopoServer;
  assert.ok(server.kind === "managed");
  assert.equal(server.spec.etcd?.replicas, 3);
  assert.equal(server.spec.etcd?.image, images.etcd);
});

Deno.test("placement of the cluster replaces the template's, even with an empty list", () => {
  const template = { etcd: {}, placement: { tolerations: [{ operator: "Exists" }] } };
  assert.deepEqual(managed(template, { etcd: {} }).spec.placement, template.placement);
  assert.deepEqual(managed(template, { etcd: {}, placement: { tolerations: [] } }).spec.placement, {
    tolerations: [],
  });
});

Deno.test("the fate of etcd's volumes is told once: etcd's own word, else the server's, else the cluster's", () => {
  const cluster = { pvcDeletionPolicy: fate("Retain", "Retain") };
  const policies = (template: Json, own: Json) => {
    const { spec } = managed(template, own, cluster);
    assert.ok(spec.etcd && !("pvcDeletionPolicy" in spec.etcd));
    return spec.pvcDeletionPolicy;
  };
  assert.deepEqual(policies({ etcd: {} }, { etcd: {} }), fate("Retain", "Retain"));
  assert.deepEqual(policies({ etcd: {}, pvcDeletionPolicy: fate("Delete") }, { etcd: {} }), fate("Delete"));
  const server = { etcd: {}, pvcDeletionPolicy: fate("Retain") };
  assert.deepEqual(policies({ etcd: {}, pvcDeletionPolicy: fate("Delete") }, server), fate("Retain"));
  const etcd = { etcd: { pvcDeletionPolicy: fate("Delete", "Retain") } };
  assert.deepEqual(policies(etcd, server), fate("Delete", "Retain"));
  const both = { etcd: { pvcDeletionPolicy: fate("Retain", "Delete") } };
  assert.deepEqual(policies(etcd, both), fate("Retain", "Delete"));
});

Deno.test("an address or a client that no child object can hold is refused with its field", () => {
  const problems = (external: Json) => problemsOf(clusterSpec({ globalTopoServer: { external } }));
  const path = "spec.globalTopoServer.external";
  const long = problems({ endpoints: [`https://${"x".repeat(600)}:2379`] });
  assert.deepEqual(long.map((problem) => [problem.reason, problem.path]), [[
    "ConfigError",
    `${path}.endpoints[0]`,
  ]]);
  assert.match(long[0]?.message ?? "", /external\.endpoints\[0\] must have at most 512 characters/);
  const wordy = problems({ endpoints: ["http://e"], implementation: "x".repeat(64) });
  assert.deepEqual(wordy.map((problem) => [problem.reason, problem.path]), [[
    "ConfigError",
    `${path}.implementation`,
  ]]);
});
