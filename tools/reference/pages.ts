/** The pages of `docs/reference/`: one for each kind, one for the parts that several have, one of rights, and an index. */
import { allKinds } from "../../api/crds.ts";
import { customResourceDefinition } from "../../api/schema/crd.ts";
import type { KindDefinition } from "../../api/schema/kind.ts";
import type { StructuralSchema } from "../../api/schema/structural.ts";
import { ignoredFields } from "../../api/smoketurner/ignored_fields.ts";
import { type SharedParts, sharedParts } from "./parts.ts";
import { cell, code, type Context, type Row, rowsOf } from "./rows.ts";
import { rightsPage } from "./rights.ts";
import { slug } from "./slug.ts";

/** A file: its name below `docs/reference/`, and what is in it. */
export interface Page {
  readonly name: string;
  readonly content: string;
}

const SHARED = "shared.md";
const HEAD = "<!-- Generated from the declarations below api/ by `deno task manifests`. -->\n\n";

interface Described {
  readonly definition: KindDefinition;
  readonly schema: StructuralSchema;
}

/** All pages, in the order of the kinds. */
export function referencePages(): Page[] {
  const kinds = allKinds.map(({ definition }) => ({ definition, schema: schemaOf(definition) }));
  const shared = sharedParts(kinds.map(({ definition, schema }) => ({ kind: definition.kind, schema })));
  return [
    { name: "README.md", content: HEAD + index(kinds) },
    ...kinds.map((kind) => ({
      name: pageName(kind.definition.kind),
      content: HEAD + kindPage(kind, shared),
    })),
    {
      name: "rights.md",
      content: "<!-- Generated from manifests/rbac/rights.ts by `deno task manifests`. -->\n\n" +
        rightsPage(),
    },
    { name: SHARED, content: HEAD + sharedPage(shared) },
  ];
}

function schemaOf(definition: KindDefinition): StructuralSchema {
  const [version] = customResourceDefinition({ definition }).spec.versions;
  if (version === undefined) throw new Error(`Cannot explain ${definition.kind} as it has no version`);
  return version.schema.openAPIV3Schema;
}

/** `MultigresCluster` becomes `multigrescluster.md`, the name that `kubectl explain` takes. */
function pageName(kind: string): string {
  return `${kind.toLowerCase()}.md`;
}

function index(kinds: readonly Described[]): string {
  const lines = kinds.map(({ definition: { kind, group, version, shortNames = [], description } }) =>
    `| [${kind}](${pageName(kind)}) | ${code(`${group}/${version}`)} | ${shortNames.map(code).join(", ")} | ${
      cell(description)
    } |`
  );
  return [
    "# Kinds, field by field",
    "",
    "What the API server takes, fills in and refuses; `kubectl explain` shows the same texts. Rules that need more",
    "than one object are judged by [the webhooks](../webhooks.md), or told in the status where there are none.",
    "",
    "| kind | apiVersion | short | what it is |",
    "| --- | --- | --- | --- |",
    ...lines,
    "",
    `What several kinds have in common: [shared parts](${SHARED}).`,
    "",
    "What the operator may do in a cluster: [rights](rights.md).",
    "",
    "`[]` is a list, `KEY` a key that you choose, `required` stands where a value must be given.",
    "",
  ].join("\n");
}

function kindPage({ definition, schema }: Described, shared: SharedParts): string {
  const { kind, group, version, plural } = definition;
  const part = (name: "spec" | "status"): string[] => {
    const inner = schema.properties?.[name];
    if (inner === undefined) return [];
    const rows = rowsOf(inner, "", contextOf(kind, name, shared));
    return [`## ${name}`, "", inner.description ?? "", "", ...rulesOf(inner), ...table(rows), ""];
  };
  return [
    `# ${kind}`,
    "",
    definition.description,
    "",
    "```yaml",
    `apiVersion: ${group}/${version}`,
    `kind: ${kind}`,
    "```",
    "",
    `\`kubectl get ${[plural, ...definition.shortNames ?? []].join("`, `kubectl get ")}\``,
    "",
    ...rulesOf(schema),
    ...part("spec"),
    ...part("status"),
    ...columns(definition),
  ].join("\n");
}

function contextOf(kind: string, part: string, shared: SharedParts): Context {
  const ignored = Object.entries(ignoredFields).flatMap(([name, fields]) => name === kind ? [...fields] : []);
  return {
    shared,
    linkTo: (title) => `${SHARED}#${slug(title)}`,
    ignored: (path) => {
      const field = ignored.find((each) => each.path.join(".") === `${part}.${path}`);
      if (field === undefined) return undefined;
      return "value" in field ? `${field.value}, as ${field.reason}` : field.reason;
    },
  };
}

/** CEL rules on a whole object. */
function rulesOf(schema: StructuralSchema): string[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return [];
  return [...rules.map(({ rule, message }) => `- ${cell(message ?? rule)}`), ""];
}

function columns({ printerColumns = [], scale }: KindDefinition): string[] {
  return [
    ...(printerColumns.length === 0 ? [] : [
      "## Columns of kubectl get",
      "",
      "| column | what it shows |",
      "| --- | --- |",
      ...printerColumns.map(({ name, description, priority = 0 }) =>
        `| ${name} | ${cell(description)}${priority > 0 ? " With `-o wide`." : ""} |`
      ),
      "",
    ]),
    ...(scale === undefined
      ? []
      : [`\`kubectl scale\` and autoscalers set ${code(scale.specReplicasPath)}.`, ""]),
  ];
}

function sharedPage(shared: SharedParts): string {
  const parts = [...shared.values()].sort((a, b) => a.title.localeCompare(b.title, "en"));
  const sections = parts.flatMap(({ title, schema }) => {
    const rows = rowsOf(schema, "", {
      shared,
      linkTo: (other) => `#${slug(other)}`,
      ignored: () => undefined,
    });
    return [`## ${title}`, "", ...rulesOf(schema), ...table(rows), ""];
  });
  return ["# Shared parts", "", "Parts that several kinds, or several places of one, have.", "", ...sections]
    .join("\n");
}

function table(rows: readonly Row[]): string[] {
  return [
    "| field | type | default | what it is for |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ path, type, preset, text }) => `| ${code(path)} | ${type} | ${preset} | ${text} |`),
  ];
}
