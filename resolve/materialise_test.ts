import assert from "node:assert/strict";
import { clusterSpec, noTemplates, templatesOf, withShard } from "../tests/support/multigres_specs.ts";
import { materialise } from "./materialise.ts";

type Spec = ReturnType<typeof clusterSpec>;

const allTemplates = templatesOf({
  CoreTemplate: { default: {} },
  CellTemplate: { default: {} },
  ShardTemplate: { default: {} },
});

function stored(spec: Spec, templates = noTemplates): Spec {
  return materialise(spec, templates).spec;
}

function firstShard(spec: Spec) {
  return spec.databases?.[0]?.tablegroups?.[0]?.shards?.[0];
}

const resources = (cpu: string, memory: string, limit: string) => ({
  requests: { cpu, memory },
  limits: { memory: limit },
});

Deno.test("a cluster of one cell is stored with all its defaults, images and cells left open", () => {
  const spec = clusterSpec({ cells: [{ name: "a", zoneId: "z" }] });
  assert.deepEqual(stored(spec), {
    ...spec,
    images: { imagePullPolicy: "IfNotPresent" },
    topologyPruning: { enabled: true },
    durabilityPolicy: "AT_LEAST_2",
    logLevels: {
      multiadmin: "info",
      multigateway: "info",
      multiorch: "info",
      multipooler: "info",
      pgctld: "info",
    },
    pvcDeletionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" },
    backup: { type: "filesystem", filesystem: { path: "/backups", storage: { size: "10Gi" } } },
    globalTopoServer: {
      etcd: {
        replicas: 3,
        rootPath: "/multigres/global",
        storage: { size: "1Gi" },
        resources: resources("100m", "256Mi", "512Mi"),
      },
    },
    multiadmin: { spec: { replicas: 1, resources: resources("100m", "128Mi", "256Mi") } },
    multiadminWeb: { spec: { replicas: 1, resources: resources("50m", "64Mi", "128Mi") } },
    cells: [{
      name: "a",
      zoneId: "z",
      spec: {
        multigateway: {
          replicas: 1,
          buffer: { enabled: true },
          resources: resources("100m", "128Mi", "256Mi"),
        },
      },
    }],
    databases: [{
      name: "postgres",
      default: true,
      tablegroups: [{
        name: "default",
        default: true,
        shards: [{
          name: "0-inf",
          spec: {
            multiorch: { replicas: 1, resources: resources("50m", "64Mi", "128Mi") },
            pools: {
              default: {
                type: "readWrite",
                replicasPerCell: 2,
                storage: { size: "1Gi" },
                postgres: { resources: resources("100m", "256Mi", "512Mi") },
                multipooler: { resources: resources("100m", "128Mi", "256Mi") },
              },
            },
          },
        }],
      }],
    }],
  });
});

Deno.test("templates named default are written down as the cluster's, unless it names others", () => {
  assert.deepEqual(stored(clusterSpec({}), allTemplates).templateDefaults, {
    coreTemplate: "default",
    cellTemplate: "default",
    shardTemplate: "default",
  });
  const named = clusterSpec({ templateDefaults: { cellTemplate: "mine" } });
  assert.deepEqual(stored(named, allTemplates).templateDefaults, {
    coreTemplate: "default",
    cellTemplate: "mine",
    shardTemplate: "default",
  });
  assert.ok(!("templateDefaults" in stored(clusterSpec({}))));
});

Deno.test("a template that does not fit its schema is written down too: it is there", () => {
  const broken = templatesOf({ CellTemplate: { default: { multigateway: { replicas: -1 } } } });
  assert.deepEqual(stored(clusterSpec({}), broken).templateDefaults, { cellTemplate: "default" });
});

Deno.test("where a template has a say, nothing is written down", () => {
  const spec = withShard({}, { multiadmin: { spec: { replicas: 2 } } });
  const kept = stored(spec, allTemplates);
  assert.deepEqual(kept.cells, spec.cells);
  assert.deepEqual(kept.databases, spec.databases);
  assert.deepEqual(kept.multiadmin, spec.multiadmin);
  assert.ok(!("globalTopoServer" in kept) && !("multiadminWeb" in kept));
});

Deno.test("a template that one part names says nothing of the others", () => {
  const kept = stored(clusterSpec({
    cells: [{ name: "a", region: "r", cellTemplate: "mine" }, { name: "b", region: "r" }],
    multiadmin: { templateRef: "mine" },
  }));
  assert.deepEqual(kept.cells?.map((cell) => "spec" in cell), [false, true]);
  assert.deepEqual(kept.multiadmin, { templateRef: "mine" });
  assert.equal(kept.multiadminWeb?.spec?.replicas, 1);
});

Deno.test("parts with overrides get no spec beside them", () => {
  const cell = { name: "a", region: "r", overrides: { multigateway: { replicas: 2 } } };
  const spec = withShard({ overrides: { postgresConfig: { a: "1" } } }, { cells: [cell] });
  assert.deepEqual(stored(spec).cells, [cell]);
  assert.deepEqual(firstShard(stored(spec)), firstShard(spec));
});

Deno.test("shards of a cluster without cells are left open", () => {
  const spec = stored(clusterSpec({}));
  assert.deepEqual(firstShard(spec), { name: "0-inf" });
  const withCell = stored({ ...spec, cells: [{ name: "a", region: "r" }] });
  assert.equal(firstShard(withCell)?.spec?.pools?.["default"]?.replicasPerCell, 2);
});

Deno.test("a shard's backup stays the cluster's to change", () => {
  assert.ok(!("backup" in (firstShard(stored(withShard({}))) ?? {})));
  const backup = { type: "filesystem" as const, filesystem: { path: "/own" } };
  assert.deepEqual(firstShard(stored(withShard({ backup })))?.backup, backup);
});

Deno.test("images that the user chose are kept, also etcd's", () => {
  const kept = stored(clusterSpec({
    images: { postgres: "mine" },
    globalTopoServer: { etcd: { image: "etcd:1" } },
    cells: [{ name: "a", region: "r", spec: { localTopoServer: { etcd: {} } } }],
  }));
  assert.deepEqual(kept.images, { postgres: "mine", imagePullPolicy: "IfNotPresent" });
  assert.equal(kept.globalTopoServer?.etcd?.image, "etcd:1");
  const local = kept.cells?.[0]?.spec?.localTopoServer?.etcd;
  assert.deepEqual([local?.replicas, local?.rootPath, local && "image" in local], [3, "/multigres/a", false]);
});

Deno.test("an external topology server is stored with client and prefix, without an etcd", () => {
  const kept = stored(clusterSpec({ globalTopoServer: { external: { endpoints: ["http://e"] } } }));
  assert.deepEqual(kept.globalTopoServer, {
    external: { endpoints: ["http://e"], implementation: "etcd", rootPath: "/multigres/global" },
  });
});

Deno.test("placement and policy beside a part stay beside it", () => {
  const kept = stored(clusterSpec({
    multiadmin: { spec: {}, placement: { tolerations: [] } },
    globalTopoServer: {
      etcd: {},
      placement: { tolerations: [] },
      pvcDeletionPolicy: { whenDeleted: "Retain" },
    },
  }));
  assert.deepEqual(kept.multiadmin?.placement, { tolerations: [] });
  assert.deepEqual(kept.globalTopoServer?.placement, { tolerations: [] });
  assert.deepEqual(kept.globalTopoServer?.pvcDeletionPolicy, { whenDeleted: "Retain", whenScaled: "Delete" });
});

Deno.test("the pool that is added names its cells where the orchestrators name theirs", () => {
  const cells = ["a", "b"].map((name) => ({ name, region: name }));
  const spec = withShard({ spec: { multiorch: { cells: ["b"] } } }, { cells });
  assert.deepEqual(firstShard(stored(spec))?.spec?.pools?.["default"]?.cells, ["b"]);
});

Deno.test("a shard that cannot be written down is left to validation", () => {
  const cells = Array.from({ length: 11 }, (_, index) => ({ name: `c${index}`, region: "r" }));
  const spec = withShard({ spec: { multiorch: { cells: cells.map((cell) => cell.name) } } }, { cells });
  assert.deepEqual(firstShard(stored(spec)), firstShard(spec));
});

Deno.test("what is added is told when it is stored, and not again", () => {
  const { spec, notices } = materialise(clusterSpec({ cells: [{ name: "a", region: "r" }] }), noTemplates);
  assert.deepEqual(notices.map((notice) => notice.reason), ["ImplicitDefault"]);
  assert.deepEqual(materialise(spec, noTemplates).notices, []);
});
