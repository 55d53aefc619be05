import assert from "node:assert/strict";
import fc from "fast-check";
import { Cells } from "../api/multigres/cell.ts";
import { type MultigresCluster, MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { Shards } from "../api/multigres/shard.ts";
import { TableGroups } from "../api/multigres/table_group.ts";
import { TopoServers } from "../api/multigres/topo_server.ts";
import type { Decoded } from "../kube/controller.ts";
import {
  cellOverrides,
  cellTemplate,
  clusterSpecs,
  shardOverrides,
  shardTemplate,
  templateSpecs,
} from "../tests/support/arbitrary_clusters.ts";
import {
  clusterSpec,
  deepFreeze,
  firstCell,
  firstShard,
  noTemplates,
  resolvedCluster,
  templatesOf,
  withShard,
} from "../tests/support/multigres_specs.ts";
import { cellSpec, localTopoServerSpec, type Parent, shardSpec, tableGroupSpec } from "./child_specs.ts";
import { resolveCluster } from "./cluster.ts";
import { availableImages } from "./image_set.ts";
import { materialise } from "./materialise.ts";
import type { Templates } from "./templates.ts";

type Spec = MultigresCluster["spec"];
type Json = Record<string, unknown>;

/** A cluster and templates, frozen: whoever changes an input fails. */
const inputs = fc.record({ spec: clusterSpecs, templates: templateSpecs }).map(({ spec, templates }) => ({
  spec: clusterSpec(deepFreeze(spec)),
  templates: deepFreeze(templatesOf(deepFreeze(templates))),
}));

const runs = { numRuns: 300 };

/** What is to be made of a cluster, or why not; without what is only told. */
function outcome(spec: Spec, templates: Templates): unknown {
  const resolution = resolveCluster(spec, templates);
  if (resolution.ok) return { value: resolution.value };
  return { reasons: resolution.problems.map(({ reason }) => reason) };
}

function decodes(kind: { decode(raw: unknown): Decoded<unknown> }, spec: unknown): void {
  const decoded = kind.decode({ metadata: { name: "any" }, spec });
  assert.ok(decoded.ok, JSON.stringify(decoded));
}

/** Checks every spec that is made for a cluster against the schema of its kind. */
function childrenDecode(parent: Parent): void {
  const { cells, databases, globalTopoServer } = parent.cluster;
  if (globalTopoServer.kind === "managed") decodes(TopoServers, globalTopoServer.spec);
  for (const cell of cells) {
    const spec = cellSpec(parent, cell);
    decodes(Cells, spec);
    const local = localTopoServerSpec(spec);
    if (local !== undefined) decodes(TopoServers, local);
  }
  for (const database of databases) {
    for (const group of database.tableGroups) {
      const spec = tableGroupSpec(parent, database, group);
      decodes(TableGroups, spec);
      for (const shard of spec.shards) decodes(Shards, shardSpec(spec, shard));
    }
  }
}

Deno.test("the random clusters are of both sorts: some resolve, some do not", () => {
  const verdicts = fc.sample(inputs, { numRuns: 100, seed: 1 }).map(({ spec, templates }) =>
    resolveCluster(spec, templates).ok
  );
  for (const verdict of [true, false]) assert.ok(verdicts.filter((ok) => ok === verdict).length > 10);
});

Deno.test("whatever resolves, every child fits the schema of its kind", () => {
  fc.assert(
    fc.property(inputs, ({ spec, templates }) => {
      const resolution = resolveCluster(spec, templates);
      if (!resolution.ok) return;
      childrenDecode({ name: "c", namespace: "shop", cluster: resolution.value, images: availableImages() });
    }),
    runs,
  );
});

Deno.test("what is stored resolves to the same as what was sent", () => {
  fc.assert(
    fc.property(inputs, ({ spec, templates }) => {
      assert.deepEqual(outcome(materialise(spec, templates).spec, templates), outcome(spec, templates));
    }),
    runs,
  );
});

Deno.test("what is stored is stored again as it is, and fits the schema", () => {
  fc.assert(
    fc.property(inputs, ({ spec, templates }) => {
      const stored = deepFreeze(materialise(spec, templates).spec);
      decodes(MultigresClusters, stored);
      assert.deepEqual(materialise(stored, templates).spec, stored);
      assert.deepEqual(materialise(clusterSpec({ ...stored }), templates).spec, stored);
    }),
    runs,
  );
});

Deno.test("storing neither takes a word of the user's away nor puts spec beside a template or overrides", () => {
  fc.assert(
    fc.property(inputs, ({ spec, templates }) => {
      const stored = materialise(spec, templates).spec;
      assert.deepEqual(missingFrom(stored, spec), []);
      const parts = [
        ...stored.cells ?? [],
        ...(stored.databases ?? []).flatMap((database) =>
          (database.tablegroups ?? []).flatMap((group) => group.shards ?? [])
        ),
      ];
      for (const part of parts) {
        if (!("spec" in part)) continue;
        assert.ok(!("overrides" in part || "cellTemplate" in part || "shardTemplate" in part));
      }
    }),
    runs,
  );
});

/** Values of no meaning, which storing may drop or fill. */
function saysNothing(value: unknown): boolean {
  return value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

/** Paths of what one value says and the other does not say the same way. */
function missingFrom(found: unknown, wanted: unknown, path = ""): string[] {
  if (saysNothing(wanted)) return [];
  if (typeof wanted !== "object" || wanted === null) return Object.is(found, wanted) ? [] : [path];
  if (typeof found !== "object" || found === null) return [path];
  const known = new Map(Object.entries(found));
  return Object.entries(wanted).flatMap(([key, value]) =>
    missingFrom(known.get(key), value, `${path}.${key}`)
  );
}

Deno.test("resolving twice gives the same, in whatever order templates and keys come", () => {
  fc.assert(
    fc.property(clusterSpecs, templateSpecs, (spec, templates) => {
      const usual = outcome(clusterSpec(spec), templatesOf(templates));
      assert.deepEqual(outcome(clusterSpec(spec), templatesOf(templates)), usual);
      assert.deepEqual(outcome(clusterSpec(reversed(spec)), templatesOf(reversed(templates))), usual);
    }),
    runs,
  );
});

/** The same value with the keys of every object in the opposite order. */
function reversed<T extends Json>(value: T): T;
function reversed(value: unknown): unknown;
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reversed(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, reversed(inner)]));
}

function without(object: Json, key: string): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

function jsonOf(value: unknown): Json {
  assert.ok(typeof value === "object" && value !== null);
  return Object.fromEntries(Object.entries(value));
}

/** The gateway of a cell, and a shard, below a template. */
function cellBelow(template: unknown, overrides: unknown): Json {
  const spec = clusterSpec({ cells: [{ name: "a", region: "r", overrides }] });
  return jsonOf(
    firstCell(resolvedCluster(spec, templatesOf({ CellTemplate: { default: template } }))).multigateway,
  );
}

function shardBelow(template: unknown, overrides: unknown): Json {
  return jsonOf(
    firstShard(
      resolvedCluster(withShard({ overrides }), templatesOf({ ShardTemplate: { default: template } })),
    ),
  );
}

Deno.test("a field of the gateway that is taken out of the overrides returns to the template's value", () => {
  fc.assert(
    fc.property(cellTemplate, cellOverrides, (template, overrides) => {
      const gateway = jsonOf(jsonOf(overrides)["multigateway"] ?? {});
      const bare = cellBelow(template, {});
      for (const field of Object.keys(gateway)) {
        const left = cellBelow(template, { multigateway: without(gateway, field) });
        assert.deepEqual(left[field], bare[field], field);
      }
    }),
    runs,
  );
});

Deno.test("a field of a shard that is taken out of the overrides returns to the template's value", () => {
  fc.assert(
    fc.property(shardTemplate, shardOverrides, (template, overrides) => {
      const bare = shardBelow(template, {});
      for (const field of ["initdbArgs", "multiorch", "postgresConfig", "postgresConfigRef"]) {
        assert.deepEqual(shardBelow(template, without(jsonOf(overrides), field))[field], bare[field], field);
      }
      assert.deepEqual(shardBelow(template, {}), bare);
    }),
    runs,
  );
});

Deno.test("a field of a pool that is taken out of the overrides returns to the template's value", () => {
  fc.assert(
    fc.property(shardTemplate, shardOverrides, (template, overrides) => {
      const bare = jsonOf(shardBelow(template, {})["pools"]);
      const own = jsonOf(jsonOf(overrides)["pools"] ?? {});
      for (const [name, pool] of Object.entries(own)) {
        if (!Object.hasOwn(jsonOf(jsonOf(template)["pools"] ?? {}), name)) continue;
        for (const field of Object.keys(jsonOf(pool))) {
          // The number of instances follows the number of cells unless it is given.
          if (field === "cells" || field === "replicasPerCell") continue;
          const left = shardBelow(template, {
            ...jsonOf(overrides),
            pools: { ...own, [name]: without(jsonOf(pool), field) },
          });
          assert.deepEqual(
            jsonOf(jsonOf(left["pools"])[name])[field],
            jsonOf(bare[name])[field],
            `${name}.${field}`,
          );
        }
      }
    }),
    runs,
  );
});

Deno.test("overrides over no template are as good as settings of the part's own", () => {
  fc.assert(
    fc.property(shardOverrides, (overrides) => {
      const asSpec = resolvedCluster(withShard({ spec: overrides }), noTemplates);
      assert.deepEqual(resolvedCluster(withShard({ overrides }), noTemplates), asSpec);
    }),
    runs,
  );
});
