import { deepEqual, equal, ok } from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import {
  allKinds,
  customResourceDefinitionFiles,
  customResourceDefinitions,
  renderCustomResourceDefinitions,
} from "./crds.ts";
import type { StructuralSchema } from "./schema/structural.ts";

const folder = new URL("../manifests/crds/", import.meta.url);

Deno.test("the definitions in manifests/crds are those of the kinds: else run manifests/crds/generate.ts", async () => {
  const stored: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".yaml") && name !== "kustomization.yaml") stored.push(name);
  }
  const files = customResourceDefinitionFiles();
  deepEqual(stored.sort(), files.map(({ name }) => name).sort());
  for (const { name, content } of files) {
    ok(await Deno.readTextFile(new URL(name, folder)) === content, `${name} is out of date`);
  }
});

Deno.test("the YAML stream holds one document a kind and reads back as the same objects", () => {
  const documents = parseAllDocuments(renderCustomResourceDefinitions());
  deepEqual(documents.map((document): unknown => document.toJS()), customResourceDefinitions());
  equal(documents.length, allKinds.length);
});

Deno.test("each definition fits the annotation of a client-side apply, which is 256 KiB", () => {
  for (const definition of customResourceDefinitions()) {
    const bytes = new TextEncoder().encode(JSON.stringify(definition)).length;
    ok(bytes < 256 * 1024, `${definition.metadata.name} has ${bytes} bytes`);
  }
});

interface FieldText {
  readonly path: string;
  readonly description: string | undefined;
}

/** Every named field below a node, at any depth. */
function fieldsOf(schema: StructuralSchema, path: string): FieldText[] {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
    { path: `${path}.${name}`, description: property.description },
    ...fieldsOf(property, `${path}.${name}`),
  ]);
  const inner = [schema.items, schema.additionalProperties].filter((part) => part !== undefined);
  return [...fields, ...inner.flatMap((part) => fieldsOf(part, `${path}[]`))];
}

Deno.test("every field of every kind says in a sentence what it is for", () => {
  for (const { metadata, spec } of customResourceDefinitions()) {
    for (const version of spec.versions) {
      const fields = fieldsOf(version.schema.openAPIV3Schema, metadata.name);
      ok(fields.length > 20, `${metadata.name} has ${fields.length} fields only`);
      // Kubernetes describes metadata itself.
      const poor = fields.filter(({ path, description = "" }) =>
        path !== `${metadata.name}.metadata` && !/^\S.{5,}\.$/.test(description)
      );
      deepEqual(poor, []);
    }
  }
});

Deno.test("no two rules of a kind say the same, so that a user learns which one was broken", () => {
  for (const { metadata, spec } of customResourceDefinitions()) {
    const rules = new Map<string, string>();
    for (
      const { message, rule } of spec.versions.flatMap((version) => rulesOf(version.schema.openAPIV3Schema))
    ) {
      equal(rules.get(message) ?? rule, rule, `${metadata.name}: ${message}`);
      rules.set(message, rule);
    }
  }
});

function rulesOf(schema: StructuralSchema): { message: string; rule: string }[] {
  const parts = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return [
    ...schema["x-kubernetes-validations"] ?? [],
    ...parts.filter((part) => part !== undefined).flatMap((part) => rulesOf(part)),
  ];
}

/** Files that a file imports, statically and by a relative path, and theirs in turn. */
async function reachable(file: URL, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  const source = await Deno.readTextFile(file);
  for (const [, specifier = ""] of source.matchAll(/^(?:import|export) (?!type )[^;]*?from "(\.[^"]+)";/gm)) {
    await reachable(new URL(specifier, file), seen);
  }
  return seen;
}

Deno.test("declaring and decoding kinds loads neither the conversion to CRDs nor YAML", async () => {
  const files = new Set<string>();
  for (const folder of ["multigres", "smoketurner", "kubernetes"]) {
    const place = new URL(`./${folder}/`, import.meta.url);
    for await (const { name, isFile } of Deno.readDir(place)) {
      if (isFile && name.endsWith(".ts") && !name.endsWith("_test.ts")) {
        await reachable(new URL(name, place), files);
      }
    }
  }
  ok(files.size > 30);
  for (const file of files) {
    ok(!/schema\/(crd|structural)\.ts$|api\/crds\.ts$/.test(file), file);
    ok(!(await Deno.readTextFile(new URL(file))).includes('from "yaml"'), file);
  }
});
