/**
 * Objects with named fields. A field cannot be declared without its description, which is what `kubectl explain`
 * prints; that is why fields are built with {@link required}, {@link optional} and {@link defaulted}.
 */
import * as z from "zod/mini";
import { annotate, rulesMetadata, type SchemaMetadata, type ValidationRule } from "./metadata.ts";
import { readFields } from "./readers.ts";

type AnySchema = z.core.$ZodType;

/** A property of an object: its schema, and the text that explains it. */
export interface Field<S extends AnySchema = AnySchema> {
  readonly schema: S;
  readonly description: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** The zod object that belongs to a set of fields. */
export type Struct<F extends Fields> = z.ZodMiniObject<{ -readonly [K in keyof F]: F[K]["schema"] }>;

/** The value that a schema decodes to: defaults are filled in, quantities are strings. */
export type Output<S extends AnySchema> = z.output<S>;

/** The value as a user may write it: fields with a default may be absent. */
export type Input<S extends AnySchema> = z.input<S>;

/** A field that must be present. */
export function required<S extends AnySchema>(schema: S, description: string): Field<S> {
  return { schema, description };
}

/** A field that may be absent; when present it has a value (never `undefined`). */
export function optional<S extends AnySchema>(
  schema: S,
  description: string,
): Field<z.ZodMiniExactOptional<S>> {
  return { schema: z.exactOptional(schema), description };
}

/**
 * A field with a default, which the API server writes into the stored object, and which decoding fills in where an
 * object was stored without it. Defaults of nested fields apply inside an object default.
 */
export function defaulted<S extends AnySchema>(
  schema: S,
  value: z.input<S>,
  description: string,
): Field<z.ZodMiniPrefault<S>> {
  return { schema: z.prefault(schema, value), description };
}

export interface StructOptions {
  /** CEL rules on the object as a whole. */
  readonly rules?: readonly ValidationRule[];
  /** One owner for the whole object in server-side apply, instead of one per field. */
  readonly atomic?: boolean;
  /** Keep fields that the schema does not name. Only where a foreign part has no fixed shape. */
  readonly preserveUnknownFields?: boolean;
}

/** An object with the given fields. Unknown fields are dropped on decoding, as the API server does on storing. */
export function struct<F extends Fields>(fields: F, options?: StructOptions): Struct<F>;
export function struct(fields: Fields, options: StructOptions = {}): z.ZodMiniObject {
  const shape: Record<string, AnySchema> = {};
  const descriptions: Record<string, string> = {};
  for (const [name, field] of Object.entries(fields)) {
    shape[name] = field.schema;
    descriptions[name] = field.description;
  }
  const metadata: SchemaMetadata = {
    "x-fields": descriptions,
    ...(options.atomic ? { "x-kubernetes-map-type": "atomic" as const } : {}),
    ...(options.preserveUnknownFields ? { "x-kubernetes-preserve-unknown-fields": true as const } : {}),
    ...rulesMetadata(options.rules),
  };
  if (options.preserveUnknownFields) {
    return annotate(new z.ZodMiniObject({ type: "object", shape, catchall: z.unknown() }), metadata);
  }
  return annotate(readFields(new z.ZodMiniObject({ type: "object", shape }), shape), metadata);
}
