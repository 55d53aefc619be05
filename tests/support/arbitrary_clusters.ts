/** Random clusters and templates that belong together: few names, so that parts often meet. */
import fc from "fast-check";
import { CellTemplates } from "../../api/multigres/cell_template.ts";
import { CoreTemplates } from "../../api/multigres/core_template.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { ShardTemplates } from "../../api/multigres/shard_template.ts";
import { customResourceDefinition } from "../../api/schema/crd.ts";
import type { Kind } from "../../api/schema/kind.ts";
import type { StructuralSchema } from "../../api/schema/structural.ts";
import type { KubeObject } from "../../kube/types.ts";
import { valid } from "./arbitrary_objects.ts";

type Json = Record<string, unknown>;

/** Keys of maps, some of them like properties that every object has. */
const keys = ["main", "extra", "constructor", "valueOf"];

const cellNames = ["a", "b", "c"];
const templateNames = ["default", "one", "two"];

/** Fields whose values are drawn from few, so that they agree with others of the cluster. */
const few: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  cells: fc.uniqueArray(fc.constantFrom(...cellNames), { minLength: 1 }),
  cellTemplate: fc.constantFrom(...templateNames),
  coreTemplate: fc.constantFrom(...templateNames),
  shardTemplate: fc.constantFrom(...templateNames),
  templateRef: fc.constantFrom(...templateNames),
  // Of etcd there are an odd number; this suits the other components as well.
  replicas: fc.constantFrom(1, 3, 5),
  endpoints: fc.constantFrom(["http://one:2379"], ["https://one:2379", "http://two:2379"]),
  affinity: fc.constantFrom({}, { nodeAffinity: {} }, { podAffinity: {} }),
};

/** Values of a schema, with half of the optional fields there, so that merges have something to merge. */
function dense(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema.type !== "object" || schema["x-kubernetes-int-or-string"]) return valid(schema);
  const { properties, additionalProperties, required = [] } = schema;
  if (properties === undefined) {
    return fc.dictionary(fc.constantFrom(...keys), dense(additionalProperties ?? {}), { maxKeys: 2 });
  }
  const fields = Object.entries(properties).map(([name, property]) =>
    [name, few[name] ?? dense(property)] as const
  );
  return fc.record(Object.fromEntries(fields), { requiredKeys: required });
}

function partOf<T extends KubeObject>(kind: Kind<T>, ...path: readonly string[]): StructuralSchema {
  let schema: StructuralSchema | undefined = customResourceDefinition(kind).spec.versions[0]?.schema
    .openAPIV3Schema;
  for (const step of ["spec", ...path]) {
    schema = step === "[]" ? schema?.items : schema?.properties?.[step];
  }
  if (schema === undefined) {
    throw new Error(`Cannot find ${path.join(".")} in the schema of ${kind.resource.kind}`);
  }
  return schema;
}

const backup = fc.oneof(
  fc.record({
    type: fc.constant("filesystem"),
    filesystem: dense(partOf(MultigresClusters, "backup", "filesystem")),
  }),
  fc.record({
    type: fc.constant("s3"),
    s3: dense(partOf(MultigresClusters, "backup", "s3")).map(oneIdentity),
  }),
);

/** The schema's rules: a ServiceAccount excludes the other ways to be known to an object store. */
function oneIdentity(s3: unknown): unknown {
  const { serviceAccountName, ...rest } = Object(s3);
  if (typeof serviceAccountName !== "string" || serviceAccountName === "") return rest;
  const { credentialsSecret: _, useEnvCredentials: __, ...other } = rest;
  return { ...other, serviceAccountName };
}

/** Local topology servers as the schema's rules want them: etcd or external. */
function oneServer(settings: unknown): Json {
  const { localTopoServer, ...rest } = Object(settings);
  const { etcd, external } = Object(localTopoServer);
  if (etcd !== undefined) return { ...rest, localTopoServer: { etcd } };
  return external === undefined ? rest : { ...rest, localTopoServer: { external } };
}

/** What a part says itself, or which template it takes and what it changes of it: never both. */
function either(
  spec: fc.Arbitrary<unknown>,
  reference: string,
  overrides: fc.Arbitrary<unknown>,
): fc.Arbitrary<Json> {
  return fc.oneof(
    fc.constant({}),
    fc.record({ spec }),
    fc.record({ [reference]: fc.constantFrom(...templateNames), overrides }, { requiredKeys: [] }),
  );
}

const cellPart = (name: string) => partOf(MultigresClusters, "cells", "[]", name);
const shardPath = ["databases", "[]", "tablegroups", "[]", "shards", "[]"];
const shardPart = (name: string) => partOf(MultigresClusters, ...shardPath, name);

const cell = fc.record({
  where: fc.constantFrom({ zone: "z" }, { zoneId: "i" }, { region: "r" }),
  settings: either(dense(cellPart("spec")).map(oneServer), "cellTemplate", dense(cellPart("overrides"))),
}).map(({ where, settings }) => ({ ...where, ...settings }));

const cells = fc.uniqueArray(fc.tuple(fc.constantFrom(...cellNames), cell), { selector: ([name]) => name })
  .map((drawn) => drawn.map(([name, fields]) => ({ name, ...fields })));

function withBackup(part: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.tuple(part, fc.option(backup, { nil: undefined })).map(([fields, own]) =>
    own === undefined ? fields : { ...fields, backup: own }
  );
}

const shard = withBackup(
  either(dense(shardPart("spec")), "shardTemplate", dense(shardPart("overrides")))
    .map((settings) => ({ name: "0-inf", ...settings })),
);

function tableGroup(fields: Json): fc.Arbitrary<Json> {
  return withBackup(
    fc.record({
      pvcDeletionPolicy: fc.constantFrom(undefined, { whenDeleted: "Retain" }, { whenScaled: "Retain" }),
      shards: fc.constantFrom(undefined, [], [{}]).chain((list) =>
        list?.[0] ? fc.tuple(shard) : fc.constant(list)
      ),
    }).map((drawn) => ({ ...fields, ...withoutUndefined(drawn) })),
  );
}

const databases = withBackup(
  fc.tuple(
    tableGroup({ name: "default", default: true }),
    fc.option(tableGroup({ name: "more" }), { nil: undefined }),
  )
    .map(([first, second]) => ({
      name: "postgres",
      default: true,
      tablegroups: second === undefined ? [first] : [first, second],
    })),
).map((database) => [database]);

function withoutUndefined(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** One of the ways to have a global topology server. */
const globalTopoServer = fc.oneof(
  ...["etcd", "external", "templateRef"].map((way) =>
    dense(partOf(MultigresClusters, "globalTopoServer")).map((drawn) => {
      const { etcd, external, templateRef, ...rest } = Object(drawn);
      const chosen = {
        etcd: etcd ?? {},
        external: external ?? { endpoints: ["http://e"] },
        templateRef: templateRef ?? "one",
      };
      return { ...rest, ...Object.fromEntries(Object.entries(chosen).filter(([name]) => name === way)) };
    })
  ),
);

/** A component of the cluster: settings or template, not both. */
function admin(name: string): fc.Arbitrary<Json> {
  return dense(partOf(MultigresClusters, name)).map((drawn) => {
    const { spec, templateRef, ...rest } = Object(drawn);
    return templateRef === undefined ? { ...rest, spec: spec ?? {} } : { ...rest, templateRef };
  });
}

/** Fields that keep the schema, CEL rules included, as far as resolving looks at them. */
const special: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  backup,
  cells,
  databases,
  globalTopoServer,
  multiadmin: admin("multiadmin"),
  multiadminWeb: admin("multiadminWeb"),
  postgresPasswordSecretRef: fc.constant({ name: "pw", key: "password" }),
};

/** Specs of clusters as a user may write them. */
export const clusterSpecs: fc.Arbitrary<Json> = fc.record(
  Object.fromEntries(
    Object.entries(partOf(MultigresClusters).properties ?? {}).map(([name, schema]) =>
      [name, special[name] ?? few[name] ?? dense(schema)] as const
    ),
  ),
  { requiredKeys: ["postgresPasswordSecretRef"] },
);

/** Mostly all names are there, lest few clusters resolve. */
function templates(spec: fc.Arbitrary<unknown>): fc.Arbitrary<Json> {
  const all = fc.record(Object.fromEntries(templateNames.map((name) => [name, spec] as const)));
  const some = fc.dictionary(fc.constantFrom(...templateNames), spec, { maxKeys: 2 });
  return fc.oneof({ weight: 5, arbitrary: all }, { weight: 1, arbitrary: some });
}

/** Templates of a namespace by kind and name; names that clusters use may be missing. */
export const templateSpecs = fc.record({
  CoreTemplate: templates(dense(partOf(CoreTemplates))),
  CellTemplate: templates(dense(partOf(CellTemplates)).map(oneServer)),
  ShardTemplate: templates(dense(partOf(ShardTemplates))),
});

/** Overrides of a cell and of a shard, and templates that they go over. */
export const cellOverrides = dense(cellPart("overrides"));
export const shardOverrides = dense(shardPart("overrides"));
export const cellTemplate = dense(partOf(CellTemplates)).map(oneServer);
export const shardTemplate = dense(partOf(ShardTemplates));
