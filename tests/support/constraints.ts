/** Lists every rule of a CRD's schema, so that a test can see whether each has its case. */
import type { StructuralSchema } from "../../api/schema/structural.ts";

const keywords = [
  "minimum",
  "maximum",
  "enum",
  "pattern",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
] as const;

/** `spec.replicas minimum`, `spec.storage required`, `spec.backup rule: …`, in no particular order. */
export function constraintsOf(schema: StructuralSchema, path: string): string[] {
  return [
    ...keywords.filter((keyword) => schema[keyword] !== undefined).map((keyword) => `${path} ${keyword}`),
    ...(schema["x-kubernetes-validations"] ?? []).map(({ message }) => `${path} rule: ${message}`),
    ...(schema.required ?? []).map((name) => `${path}.${name} required`),
    // In a list of any other type, two items may be alike.
    ...(/map|set/.test(schema["x-kubernetes-list-type"] ?? "") ? [`${path} duplicate`] : []),
    ...childrenOf(schema, path).flatMap(([child, childPath]) => constraintsOf(child, childPath)),
  ];
}

function childrenOf(schema: StructuralSchema, path: string): [StructuralSchema, string][] {
  const { properties = {}, items, additionalProperties } = schema;
  const children = Object.entries(properties).map((
    [name, child],
  ): [StructuralSchema, string] => [child, `${path}.${name}`]);
  if (items !== undefined) children.push([items, `${path}[]`]);
  if (additionalProperties !== undefined) children.push([additionalProperties, `${path}{}`]);
  return children;
}
