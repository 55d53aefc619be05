/** One line of a table for each field of a schema. */
import type { StructuralSchema } from "../../api/schema/structural.ts";
import { below, identity, type SharedParts } from "./parts.ts";

/** A field as it is explained. All texts are Markdown that may stand in the cell of a table. */
export interface Row {
  readonly path: string;
  readonly type: string;
  readonly preset: string;
  readonly text: string;
}

export interface Context {
  readonly shared: SharedParts;
  /** From the page that is being written to the section of a part. */
  linkTo(title: string): string;
  /** Why the field with this path has no effect, if so. */
  ignored(path: string): string | undefined;
}

/** Lines for everything below a schema; `path` leads to it and is empty at the top of a section. */
export function rowsOf(schema: StructuralSchema, path: string, context: Context): Row[] {
  const required = new Set(schema.required);
  return below(schema).flatMap(({ name, step, schema: part }) => {
    const here = `${path}${step}`.replace(/^\./, "");
    if (name === undefined) return context.shared.has(identity(part)) ? [] : rowsOf(part, here, context);
    const row = rowOf(part, here, { context, required: required.has(name) });
    return context.shared.has(identity(part)) ? [row] : [row, ...rowsOf(part, here, context)];
  });
}

function rowOf(
  schema: StructuralSchema,
  path: string,
  { context, required }: { readonly context: Context; readonly required: boolean },
): Row {
  const sharedInside = [schema, schema.items, schema.additionalProperties]
    .flatMap((part) => part === undefined ? [] : [context.shared.get(identity(part))])
    .find((part) => part !== undefined);
  const ignored = context.ignored(path);
  const lines = [
    cell(schema.description ?? ""),
    ...limitsOf(schema),
    ...(sharedInside === undefined
      ? []
      : [`Fields: [${sharedInside.title}](${context.linkTo(sharedInside.title)})`]),
    ...(ignored === undefined ? [] : [`**Has no effect:** ${cell(ignored)}.`]),
  ];
  return { path, type: typeOf(schema), preset: presetOf(schema, required), text: lines.join("<br>") };
}

/** `string`, `integer`, `[]object`, `map of string`. */
export function typeOf(schema: StructuralSchema): string {
  if (schema["x-kubernetes-int-or-string"]) return "integer or string";
  if (schema.items !== undefined) return `[]${typeOf(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeOf(schema.additionalProperties)}`;
  return schema.format === "date-time" ? "time (RFC 3339)" : schema.type ?? "any";
}

function presetOf({ default: value }: StructuralSchema, required: boolean): string {
  if (value !== undefined) return code(JSON.stringify(value));
  return required ? "required" : "";
}

/** What the API server refuses, and how lists are merged. Limits of a list's items stand at the list. */
function limitsOf(schema: StructuralSchema): string[] {
  const item = schema.items ?? schema.additionalProperties;
  const ofItem = item === undefined || item.properties !== undefined ? [] : limitsOf(item);
  const keys = schema["x-kubernetes-list-map-keys"];
  return [
    ...valuesOf(schema),
    ...boundsOf(schema),
    ...ofItem.map((limit) => `Each: ${limit}`),
    ...(keys === undefined ? [] : [`One entry for each ${keys.map(code).join(", ")}`]),
    ...(schema["x-kubernetes-list-type"] === "set" ? ["No entry twice"] : []),
    ...(schema["x-kubernetes-validations"] ?? []).map(({ rule, message }) =>
      `Rule: ${cell(message ?? rule)}`
    ),
  ];
}

function valuesOf({ enum: values, pattern }: StructuralSchema): string[] {
  return [
    ...(values === undefined ? [] : [`One of ${values.map((value) => code(String(value))).join(", ")}`]),
    ...(pattern === undefined
      ? []
      : [pattern === QUANTITY ? "A quantity, such as `500m` or `1Gi`" : `Matches ${code(pattern)}`]),
  ];
}

/** What the API server takes for a quantity. */
const QUANTITY =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";

const bounds = [
  ["minimum", "maximum", ""],
  ["minLength", "maxLength", " characters"],
  ["minItems", "maxItems", " entries"],
  ["minProperties", "maxProperties", " entries"],
] as const;

function boundsOf(schema: StructuralSchema): string[] {
  return bounds.flatMap(([least, most, unit]) => {
    const [low, high] = [schema[least], schema[most]];
    const singular = (count: number) =>
      count === 1 ? unit.replace("entries", "entry").replace(/s$/, "") : unit;
    if (low !== undefined && high !== undefined) return [`${low} to ${high}${singular(high)}`];
    if (low !== undefined) return [`At least ${low}${singular(low)}`];
    return high === undefined ? [] : [`At most ${high}${singular(high)}`];
  });
}

/** Text for a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}

/** A value as code in a cell. A bar ends a cell even inside of code. */
export function code(value: string): string {
  return `\`${value.replaceAll("|", "\\|")}\``;
}
