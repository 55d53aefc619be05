/** Random values for a structural schema: such as satisfy it, and such as break it at one place. */
import fc from "fast-check";
import type { StructuralSchema } from "../../api/schema/structural.ts";

/** Words, lists and maps are kept small: it is their shapes that matter. */
const small = 3;

function words(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const { minLength = 0, maxLength = 12, pattern, format } = schema;
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (format === "date-time") {
    return fc.date({ min: new Date("2000-01-01"), max: new Date("2099-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (pattern === undefined) {
    return fc.string({
      unit: fc.constantFrom(..."abz09-/:. é"),
      minLength,
      maxLength: Math.min(maxLength, minLength + 9),
    });
  }
  return fc.stringMatching(new RegExp(pattern), { size: "xsmall" })
    .filter((text) => text.length >= minLength && text.length <= maxLength);
}

function integers(schema: StructuralSchema): fc.Arbitrary<number> {
  const { minimum = -5, maximum = schema.format === "int32" ? 2 ** 31 - 1 : 2 ** 40 } = schema;
  return fc.integer({ min: minimum, max: maximum });
}

function lists(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const { items = {}, minItems = 0, maxItems = small } = schema;
  const bounds = { minLength: minItems, maxLength: Math.min(maxItems, Math.max(small, minItems)) };
  const distinct = schema["x-kubernetes-list-type"] !== "atomic";
  if (!distinct) return fc.array(valid(items), bounds);
  return fc.uniqueArray(valid(items), {
    ...bounds,
    selector: (item: unknown) =>
      JSON.stringify(keys.length === 0 ? item : keys.map((key) => Object(item)[key] ?? "")),
  });
}

function objects(schema: StructuralSchema): fc.Arbitrary<Record<string, unknown>> {
  const { properties = {}, required = [] } = schema;
  const fields = Object.entries(properties).map(([name, property]) => {
    // Few of the optional fields, lest the deeper levels grow without end.
    const value = required.includes(name)
      ? valid(property)
      : fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: valid(property) });
    return [name, value] as const;
  });
  return fc.record(Object.fromEntries(fields)).map((object) =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
  );
}

/** Values that satisfy a schema, but for its CEL rules. */
export function valid(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema["x-kubernetes-int-or-string"]) {
    return fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom("1Gi", "250m"));
  }
  switch (schema.type) {
    case "string":
      return words(schema);
    case "integer":
      return integers(schema);
    case "boolean":
      return fc.boolean();
    case "array":
      return lists(schema);
    case "object":
      if (schema.additionalProperties === undefined) return objects(schema);
      return fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), valid(schema.additionalProperties), {
        maxKeys: Math.min(schema.maxProperties ?? small, small),
      });
    default:
      throw new Error(`Cannot make up values of type ${schema.type}`);
  }
}

/** A place in a value: keys and indices from the root. */
type Place = readonly (string | number)[];

function placesOf(value: unknown, here: Place): Place[] {
  const inner = Array.isArray(value)
    ? value.flatMap((item, index) => placesOf(item, [...here, index]))
    : typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, item]) => placesOf(item, [...here, key]))
    : [];
  return here.length === 0 ? inner : [here, ...inner];
}

/** Values that fit few schemas: of each type one, and such as lie beyond most bounds. */
const oddities: readonly unknown[] = [true, -1, 0, 2 ** 31, 1.5, "", "Ü ü", "x".repeat(600), [], {}, [{}], {
  a: 1,
}];

function replaced(value: unknown, place: Place, odd: unknown): unknown {
  const [step, ...rest] = place;
  if (step === undefined) return odd;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => index === step ? replaced(item, rest, odd) : item);
  }
  return { ...Object(value), [step]: replaced(Object(value)[step], rest, odd) };
}

/** The value with one place, at any depth, filled with something odd. It may happen to satisfy the schema still. */
export function perturbed(value: unknown): fc.Arbitrary<unknown> {
  const places = placesOf(value, []);
  if (places.length === 0) return fc.constant(value);
  return fc.tuple(fc.constantFrom(...places), fc.constantFrom(...oddities))
    .map(([place, odd]) => replaced(value, place, odd));
}
