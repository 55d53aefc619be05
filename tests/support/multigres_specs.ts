/** Clusters and templates for tests, read as the API server would hand them out, and frozen all the way down. */
import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { resolveCluster, type ResolvedCluster } from "../../resolve/cluster.ts";
import type { ResolveProblem, TemplateKind } from "../../resolve/problem.ts";
import { readTemplates, type Templates } from "../../resolve/templates.ts";

/** The namespace of the templates. */
export const namespace = "shop";

/** Makes a value and all that hangs on it unchangeable: whoever tries to change it fails. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

type Spec = MultigresCluster["spec"];

/** The spec of a cluster with the given fields, and the one field that must be there. */
export function clusterSpec(fields: Readonly<Record<string, unknown>>): Spec {
  const spec = { postgresPasswordSecretRef: { name: "pw", key: "password" }, ...fields };
  const decoded = MultigresClusters.decode({ metadata: { name: "c", namespace }, spec });
  if (!decoded.ok) throw new Error(`Cannot use the cluster: ${JSON.stringify(decoded.problems)}`);
  return deepFreeze(decoded.value.spec);
}

/** One cell `a`, one shard with the given fields. */
export function withShard(
  shard: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, unknown>> = {},
): Spec {
  const shards = [{ name: "0-inf", ...shard }];
  const tablegroups = [{ name: "default", default: true, shards }];
  return clusterSpec({
    cells: [{ name: "a", zoneId: "use1-az1" }],
    databases: [{ name: "postgres", default: true, tablegroups }],
    ...fields,
  });
}

type TemplateSpecsByName = { readonly [K in TemplateKind]?: Readonly<Record<string, unknown>> };

/** Templates by kind and name. */
export function templatesOf(specs: TemplateSpecsByName): Templates {
  const objects = (kind: TemplateKind): Frozen<KubeObject>[] =>
    Object.entries(specs[kind] ?? {}).map(([name, spec]) =>
      deepFreeze({ apiVersion: "multigres.com/v1alpha1", kind, metadata: { name, namespace }, spec })
    );
  return readTemplates(namespace, {
    CoreTemplate: objects("CoreTemplate"),
    CellTemplate: objects("CellTemplate"),
    ShardTemplate: objects("ShardTemplate"),
  });
}

export const noTemplates = templatesOf({});

/** What a cluster resolves to; fails when it does not. */
export function resolvedCluster(spec: Spec, templates = noTemplates): ResolvedCluster {
  const resolution = resolveCluster(spec, templates);
  if (!resolution.ok) throw new Error(`Cannot resolve: ${JSON.stringify(resolution.problems)}`);
  return resolution.value;
}

/** Why a cluster cannot be resolved; fails when it can. */
export function problemsOf(spec: Spec, templates = noTemplates): readonly ResolveProblem[] {
  const resolution = resolveCluster(spec, templates);
  if (resolution.ok) throw new Error("Cannot tell problems: the cluster can be resolved");
  return resolution.problems;
}

/** The first cell, and the first shard, of a cluster that has them. */
export function firstCell(cluster: ResolvedCluster): ResolvedCluster["cells"][number] {
  const [cell] = cluster.cells;
  assert.ok(cell);
  return cell;
}

export function firstShard(cluster: ResolvedCluster) {
  const shard = cluster.databases[0]?.tableGroups[0]?.shards[0];
  assert.ok(shard);
  return shard;
}

/** Pool of the first shard. */
export function poolOf(cluster: ResolvedCluster, name: string) {
  const pool = firstShard(cluster).pools[name];
  assert.ok(pool, `no pool ${name}`);
  return pool;
}

/** The objects of a file with several YAML documents. */
export async function readDocuments(file: URL): Promise<Record<string, unknown>[]> {
  return parseAllDocuments(await Deno.readTextFile(file)).map((document) => {
    const manifest: unknown = document.toJS();
    if (!isRecord(manifest)) throw new Error(`Cannot use ${file.pathname}: a document is no object`);
    return manifest;
  });
}
