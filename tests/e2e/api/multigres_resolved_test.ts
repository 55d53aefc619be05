import assert from "node:assert/strict";
import fc from "fast-check";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import {
  cellSpec,
  localTopoServerSpec,
  type Parent,
  shardSpec,
  tableGroupSpec,
} from "../../../resolve/child_specs.ts";
import { resolveCluster } from "../../../resolve/cluster.ts";
import { availableImages } from "../../../resolve/image_set.ts";
import { materialise } from "../../../resolve/materialise.ts";
import type { Templates } from "../../../resolve/templates.ts";
import { at } from "../../ground/json.ts";
import { clusterSpecs, templateSpecs } from "../../support/arbitrary_clusters.ts";
import { templatesOf } from "../../support/multigres_specs.ts";
import type { Manifest } from "../../support/rule_cases.ts";
import { fixtures, type KindName, Objects, withKinds } from "./multigres_support.ts";

/** Random clusters that are tried, the same in each run. */
const numRuns = 60;
const seed = 1;

function manifestOf(kind: KindName, spec: unknown): Manifest {
  return { apiVersion: "multigres.com/v1alpha1", kind, metadata: { name: "c" }, spec };
}

/** Specs of everything that is made for a cluster. */
function childrenOf(parent: Parent): [KindName, unknown][] {
  const { cells, databases, globalTopoServer } = parent.cluster;
  const cellSpecs = cells.map((cell) => cellSpec(parent, cell));
  const groups = databases.flatMap((database) =>
    database.tableGroups.map((group) => tableGroupSpec(parent, database, group))
  );
  const servers = [
    globalTopoServer.kind === "managed" ? globalTopoServer.spec : undefined,
    ...cellSpecs.map(localTopoServerSpec),
  ].filter((spec) => spec !== undefined);
  const of = (kind: KindName, specs: readonly unknown[]): [KindName, unknown][] =>
    specs.map((spec) => [kind, spec]);
  return [
    ...of("TopoServer", servers),
    ...of("Cell", cellSpecs),
    ...of("TableGroup", groups),
    ...of("Shard", groups.flatMap((group) => group.shards.map((shard) => shardSpec(group, shard)))),
  ];
}

async function accepts(objects: Objects, kind: KindName, spec: unknown): Promise<void> {
  const answer = await objects.tryCreate(kind, manifestOf(kind, spec));
  assert.equal(answer.status, 201, `${kind}: ${JSON.stringify(answer.body)} for ${JSON.stringify(spec)}`);
}

/**
 * Lets the API server judge what is made of a cluster that it takes.
 * @returns whether it was judged: the server takes the cluster, and it resolves.
 */
async function judge(objects: Objects, spec: unknown, templates: Templates): Promise<boolean> {
  const answer = await objects.tryCreate("MultigresCluster", manifestOf("MultigresCluster", spec));
  if (answer.status !== 201) return false;
  const stored = MultigresClusters.decode(answer.body);
  assert.ok(stored.ok, JSON.stringify(stored));
  const completed = materialise(stored.value.spec, templates).spec;
  await accepts(objects, "MultigresCluster", completed);
  const resolution = resolveCluster(completed, templates);
  if (!resolution.ok) return false;
  const parent = { name: "c", namespace: "shop", cluster: resolution.value, images: availableImages() };
  for (const [kind, child] of childrenOf(parent)) await accepts(objects, kind, child);
  return true;
}

type TemplateSpecs = Readonly<
  Record<"CoreTemplate" | "CellTemplate" | "ShardTemplate", Record<string, unknown>>
>;

/** Whether the API server takes all the templates. */
async function takesTemplates(objects: Objects, specs: TemplateSpecs): Promise<boolean> {
  for (const kind of ["CoreTemplate", "CellTemplate", "ShardTemplate"] as const) {
    for (const spec of Object.values(specs[kind])) {
      if ((await objects.tryCreate(kind, manifestOf(kind, spec))).status !== 201) return false;
    }
  }
  return true;
}

function namedSpecs(manifests: readonly Manifest[], kind: KindName): Record<string, unknown> {
  return Object.fromEntries(
    manifests.filter((manifest) => manifest["kind"] === kind)
      .map((manifest) => [String(at(manifest, "metadata", "name")), manifest["spec"] ?? {}]),
  );
}

Deno.test("the API server takes what is stored and made for each cluster of the fixtures", (t) =>
  withKinds(t, async (scope) => {
    const objects = new Objects(scope);
    const files = [
      "minimal",
      "managed_topology",
      "rich",
      "templates",
      "templated_clusters",
      "inline_clusters",
    ];
    const manifests = (await Promise.all(files.map(fixtures))).flat();
    const templates = templatesOf({
      CoreTemplate: namedSpecs(manifests, "CoreTemplate"),
      CellTemplate: namedSpecs(manifests, "CellTemplate"),
      ShardTemplate: namedSpecs(manifests, "ShardTemplate"),
    });
    const clusters = Object.entries(namedSpecs(manifests, "MultigresCluster"));
    assert.ok(clusters.length > 5);
    for (const [name, spec] of clusters) assert.ok(await judge(objects, spec, templates), name);
  }));

Deno.test("whatever cluster the API server takes, it takes what is stored and made for it", (t) =>
  withKinds(t, async (scope) => {
    const objects = new Objects(scope);
    let judged = 0;
    await fc.assert(
      fc.asyncProperty(clusterSpecs, templateSpecs, async (spec, templates) => {
        if (!await takesTemplates(objects, templates)) return;
        if (await judge(objects, spec, templatesOf(templates))) judged++;
      }),
      { numRuns, seed },
    );
    assert.ok(judged > numRuns / 4, `only ${judged} of ${numRuns} clusters could be judged`);
  }));
