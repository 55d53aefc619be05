/**
 * Parts of schemas that occur in several places, such as `affinity`: each is explained once, and linked to. Without
 * that a MultigresCluster alone would be a table of 1,250 lines.
 */
import type { StructuralSchema } from "../../api/schema/structural.ts";

/** A part that has a section of its own. */
export interface SharedPart {
  readonly title: string;
  readonly schema: StructuralSchema;
}

/** By what {@link identity} says of a schema. */
export type SharedParts = ReadonlyMap<string, SharedPart>;

/** Fewer fields than this are explained wherever they occur. */
const FEWEST_FIELDS = 5;

/** What a schema says apart from its place: two places with the same one are explained together. */
export function identity(schema: StructuralSchema): string {
  const { description: _text, default: _value, ...rest } = schema;
  return JSON.stringify(rest);
}

/** The schemas right below one, with the name that a reader knows them by and how they are reached. */
export function below(schema: StructuralSchema): { name?: string; step: string; schema: StructuralSchema }[] {
  const named = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    step: `.${name}`,
    schema: property,
  }));
  const inner = [
    { step: "[]", schema: schema.items },
    { step: ".KEY", schema: schema.additionalProperties },
  ].flatMap(({ step, schema: part }) => part === undefined ? [] : [{ step, schema: part }]);
  return [...named, ...inner];
}

/** Fields at any depth. */
export function countFields(schema: StructuralSchema): number {
  return below(schema).reduce((sum, { name, schema: part }) => sum + countFields(part) + (name ? 1 : 0), 0);
}

interface Found {
  readonly name: string;
  readonly kind: string;
  readonly schema: StructuralSchema;
  places: number;
}

/**
 * Objects of at least {@link FEWEST_FIELDS} fields that two different parents have. A parent that occurs twice counts
 * once, so that what only ever comes with it stays inside it.
 */
export function sharedParts(roots: readonly { readonly kind: string; readonly schema: StructuralSchema }[]) {
  const found = new Map<string, Found>();
  const seen = new Set<string>();

  function visit(schema: StructuralSchema, name: string, kind: string): void {
    const own = identity(schema);
    if (seen.has(own)) return;
    seen.add(own);
    for (const part of below(schema)) {
      const partName = part.name ?? name;
      if (part.schema.properties !== undefined) note(part.schema, partName, kind);
      visit(part.schema, partName, kind);
    }
  }

  function note(schema: StructuralSchema, name: string, kind: string): void {
    const key = identity(schema);
    const known = found.get(key);
    if (known === undefined) found.set(key, { name, kind, schema, places: 1 });
    else known.places += 1;
  }

  for (const { kind, schema } of roots) visit(schema, kind, kind);
  const shared = [...found].filter(([, { places, schema }]) =>
    places > 1 && countFields(schema) >= FEWEST_FIELDS
  );
  return titled(shared);
}

/** Better titles than the names of fields that say nothing without their place. */
const titles: Readonly<Record<string, string>> = {
  applied: "images of a status",
  images: "images of components",
  preference: "node selector term",
  sourceCluster: "cluster of an upgrade",
  spec: "parts of a cell",
};

/** The name of the field is the title; of several with one name the later ones say whose they are. */
function titled(shared: readonly [string, Found][]): SharedParts {
  const taken = new Set<string>();
  return new Map(shared.map(([key, { name: field, kind, schema }]) => {
    const name = titles[field] ?? field;
    const title = taken.has(name) ? `${name} of ${kind}` : name;
    if (taken.has(title)) {
      throw new Error(`Cannot tell two parts called ${title} apart: give one another name`);
    }
    taken.add(title);
    return [key, { title, schema }];
  }));
}
