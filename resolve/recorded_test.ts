import assert from "node:assert/strict";
import { images } from "../api/multigres/images.ts";
import {
  cellObjectName,
  globalTopoServerName,
  shardObjectName,
  tableGroupObjectName,
} from "../api/multigres/names.ts";
import { isRecord } from "../kube/errors.ts";
import { clusterSpec, readDocuments, templatesOf } from "../tests/support/multigres_specs.ts";
import { cellSpec, type Parent, shardSpec, tableGroupSpec } from "./child_specs.ts";
import { resolveCluster } from "./cluster.ts";
import { completeSet, type ImageSet } from "./image_set.ts";

/** The operator's images at the time of recording. */
const recordedImages: ImageSet = {
  multiadmin: "ghcr.io/multigres/multigres:sha-66d2310",
  multiadminWeb: "ghcr.io/multigres/multiadmin-web:sha-64da1ab",
  multigateway: "ghcr.io/multigres/multigres:sha-66d2310",
  multiorch: "ghcr.io/multigres/multigres:sha-66d2310",
  multipooler: "ghcr.io/multigres/multigres:sha-66d2310",
  postgres: "ghcr.io/multigres/pgctld:sha-66d2310",
};

interface Example {
  readonly parent: Parent;
  readonly resolvedTemplates: unknown;
  readonly reasons: readonly string[];
}

/** Resolves the cluster of a manifest with the templates beside it. */
async function example(name: string, namespace: string): Promise<Example> {
  const documents = await readDocuments(new URL(`../tests/fixtures/multigres/${name}.yaml`, import.meta.url));
  const ofKind = (kind: string) => documents.filter((document) => document["kind"] === kind);
  const shardTemplates = Object.fromEntries(
    ofKind("ShardTemplate").map((template) => [nameOf(template), template["spec"]]),
  );
  const [cluster] = ofKind("MultigresCluster");
  assert.ok(cluster && isRecord(cluster["spec"]));
  const resolution = resolveCluster(
    clusterSpec(cluster["spec"]),
    templatesOf({ ShardTemplate: shardTemplates }),
  );
  assert.ok(resolution.ok);
  return {
    parent: { name: nameOf(cluster), namespace, cluster: resolution.value, images: recordedImages },
    resolvedTemplates: resolution.value.templates,
    reasons: resolution.notices.map((notice) => notice.reason),
  };
}

function nameOf(manifest: Record<string, unknown>): string {
  const metadata = manifest["metadata"];
  assert.ok(isRecord(metadata) && typeof metadata["name"] === "string");
  return metadata["name"];
}

/** Specs of everything that is made for a cluster, by kind and name. */
function childrenOf(parent: Parent): Map<string, unknown> {
  const { cluster, name } = parent;
  const children = new Map<string, unknown>();
  for (const cell of cluster.cells) {
    children.set(`Cell/${cellObjectName(name, cell.name)}`, cellSpec(parent, cell));
  }
  for (const database of cluster.databases) {
    for (const group of database.tableGroups) {
      const spec = tableGroupSpec(parent, database, group);
      children.set(`TableGroup/${tableGroupObjectName(name, database.name, group.name)}`, spec);
      for (const shard of spec.shards) {
        const path = { cluster: name, database: database.name, tableGroup: group.name, shard: shard.name };
        children.set(`Shard/${shardObjectName(path)}`, shardSpec(spec, shard));
      }
    }
  }
  const server = cluster.globalTopoServer;
  if (server.kind === "managed") children.set(`TopoServer/${globalTopoServerName(name)}`, server.spec);
  return children;
}

async function recorded(name: string): Promise<Record<string, unknown>[]> {
  return await readDocuments(new URL(`fixtures/recorded_${name}.yaml`, import.meta.url));
}

async function recordedSpecs(name: string): Promise<Map<string, unknown>> {
  const children = (await recorded(name)).filter((document) => document["kind"] !== "MultigresCluster");
  return new Map(children.map((child) => [`${child["kind"]}/${nameOf(child)}`, child["spec"]]));
}

async function recordedStatus(name: string): Promise<Record<string, unknown>> {
  const cluster = (await recorded(name)).find((document) => document["kind"] === "MultigresCluster");
  assert.ok(cluster && isRecord(cluster["status"]));
  return cluster["status"];
}

for (const name of ["minimal", "rich"]) {
  Deno.test(`the children of the ${name} cluster have exactly the recorded specs`, async () => {
    const { parent, resolvedTemplates } = await example(name, "any");
    assert.deepEqual(childrenOf(parent), await recordedSpecs(name));
    const status = await recordedStatus(name);
    assert.deepEqual(resolvedTemplates, status["resolvedTemplates"]);
    assert.ok(isRecord(status["images"]) && isRecord(status["images"]["applied"]));
    assert.deepEqual(completeSet(status["images"]["applied"]), recordedImages);
  });
}

Deno.test("a managed topology server, and the cell that uses it, have exactly the recorded specs", async () => {
  const { parent } = await example("managed_topology", "fx-managed-topology");
  const made = childrenOf(parent);
  const wanted = await recordedSpecs("managed_topology");
  assert.deepEqual([...wanted.keys()].sort(), [
    "Cell/managed-zone-a-ea1bded2",
    "TopoServer/managed-global-topo",
  ]);
  for (const [name, spec] of wanted) assert.deepEqual(made.get(name), withEtcdImage(spec));
});

/** The image of etcd is this operator's, which may be newer than the recorded one. */
function withEtcdImage(spec: unknown): unknown {
  if (!isRecord(spec) || !isRecord(spec["etcd"])) return spec;
  assert.equal(typeof spec["etcd"]["image"], "string");
  return { ...spec, etcd: { ...spec["etcd"], image: images.etcd } };
}

Deno.test("what was filled in unasked is told where the recorded operator told it", async () => {
  assert.ok((await example("minimal", "any")).reasons.includes("ImplicitDefault"));
  assert.ok((await example("managed_topology", "any")).reasons.includes("ImplicitDefault"));
  assert.deepEqual((await example("rich", "any")).reasons, []);
});
