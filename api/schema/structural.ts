/**
 * From a zod schema to the structural OpenAPI schema of a CustomResourceDefinition. Only `matriarch crds` and tests
 * load this module: a running operator has no need of it.
 */
import { toJSONSchema } from "zod/v4/core";
import type * as z from "zod/mini";
import { kubernetesMetadata, type ValidationRule } from "./metadata.ts";

/** The part of OpenAPI v3 that a CustomResourceDefinition may use, and that this program does use. */
export interface StructuralSchema {
  description?: string;
  type?: string;
  format?: string;
  default?: unknown;
  enum?: unknown[];
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  anyOf?: StructuralSchema[];
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  properties?: Record<string, StructuralSchema>;
  required?: string[];
  "x-kubernetes-int-or-string"?: true;
  "x-kubernetes-preserve-unknown-fields"?: true;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: string;
  "x-kubernetes-validations"?: ValidationRule[];
}

type Json = Record<string, unknown>;

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function object(value: unknown, path: string): Json {
  if (!isJson(value)) {
    throw new TypeError(`Cannot convert the schema of ${path} as a part of it is no object`);
  }
  return value;
}

/** Keywords that go over unchanged, in the order in which they are printed. */
const copied = [
  "type",
  "format",
  "default",
  "enum",
  "nullable",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
] as const;

const extensions = [
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
] as const;

/** Keywords with a rule of their own below. `propertyNames` has no counterpart: keys of a map are strings anyway. */
const handled = new Set<string>([
  ...copied,
  ...extensions,
  "anyOf",
  "items",
  "additionalProperties",
  "properties",
  "required",
  "x-fields",
  "propertyNames",
]);

/** The bounds that zod writes for every integer, whether asked or not: the format says as much. */
const impliedBounds = new Set<unknown>([
  -2147483648,
  2147483647,
  Number.MIN_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER,
]);

function copyKeywords(json: Json, keywords: readonly string[], into: Json): void {
  for (const keyword of keywords) {
    const value = json[keyword];
    if (value === undefined) continue;
    if ((keyword === "minimum" || keyword === "maximum") && impliedBounds.has(value)) continue;
    // JavaScript escapes the slash in a pattern's source, RE2 has no need of it.
    into[keyword] = keyword === "pattern" ? String(value).replaceAll("\\/", "/") : value;
  }
}

/** An int-or-string has no type of its own; the pattern of its string branch holds for the node. */
function convertIntOrString(json: Json, path: string): StructuralSchema {
  const branches = json["anyOf"];
  if (!Array.isArray(branches)) {
    throw new TypeError(`Cannot convert ${path} as its int-or-string has no branches`);
  }
  const pattern = branches.map((branch) => object(branch, path)["pattern"]).find((found) =>
    found !== undefined
  );
  const result: Json = {};
  copyKeywords({ ...json, pattern }, ["default", "pattern"], result);
  return { ...result, anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true };
}

function convertProperties(json: Json, path: string): Record<string, StructuralSchema> {
  const properties = object(json["properties"], path);
  const descriptions = object(json["x-fields"], path);
  const result: Record<string, StructuralSchema> = {};
  for (const name of Object.keys(properties).sort()) {
    const description = descriptions[name];
    if (typeof description !== "string" || description.trim() === "") {
      throw new TypeError(
        `Cannot describe ${path}.${name} as it has no description: say what the field is for`,
      );
    }
    result[name] = { description, ...convert(object(properties[name], path), `${path}.${name}`) };
  }
  return result;
}

function convertObject(json: Json, path: string): StructuralSchema {
  // OpenAPI for CRDs knows properties or additionalProperties, never both.
  if (isJson(json["properties"])) {
    const required = json["required"];
    return {
      properties: convertProperties(json, path),
      ...(Array.isArray(required) && required.length > 0 ? { required: required.map(String).sort() } : {}),
    };
  }
  if (isJson(json["additionalProperties"])) {
    return { additionalProperties: convert(json["additionalProperties"], `${path}{}`) };
  }
  return {};
}

function convert(json: Json, path: string): StructuralSchema {
  const unknown = Object.keys(json).filter((keyword) => !handled.has(keyword));
  if (unknown.length > 0) {
    throw new TypeError(
      `Cannot express ${
        unknown.join(", ")
      } of ${path} in a CustomResourceDefinition: use the builders of values.ts`,
    );
  }
  if (json["x-kubernetes-int-or-string"] === true) return convertIntOrString(json, path);
  if (json["anyOf"] !== undefined) {
    throw new TypeError(
      `Cannot express the union of ${path} in a CustomResourceDefinition: name its fields instead`,
    );
  }
  const result: Json = {};
  copyKeywords(json, copied, result);
  if (json["items"] !== undefined) result["items"] = convert(object(json["items"], path), `${path}[]`);
  Object.assign(result, convertObject(json, path));
  copyKeywords(json, extensions, result);
  return result;
}

/**
 * Converts one schema.
 * @param path where the schema stands in its object, for messages: `spec`, `status`.
 * @throws TypeError when a field lacks its description, or a node cannot be expressed structurally.
 */
export function structuralSchema(schema: z.core.$ZodType, path: string): StructuralSchema {
  const json: unknown = toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
    cycles: "throw",
    unrepresentable: "throw",
    metadata: kubernetesMetadata,
  });
  // A JSON round trip drops the frozen `~standard` member and gives every use of a shared node its own copy.
  const plain: unknown = JSON.parse(JSON.stringify(json));
  return convert(object(plain, path), path);
}
