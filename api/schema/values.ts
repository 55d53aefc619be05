/** Scalars, lists and maps: the building blocks of the kinds, each with the bounds that a CRD can express. */
import * as z from "zod/mini";
import { annotate, rulesMetadata, type SchemaMetadata, type ValidationRule } from "./metadata.ts";
import { readEntries, readItems, readText } from "./readers.ts";

type AnySchema = z.core.$ZodType;

export interface TextOptions {
  /** Least and greatest length, in characters. */
  readonly min?: number;
  readonly max?: number;
  /** Must be valid both for JavaScript and for RE2, which the API server uses. */
  readonly pattern?: RegExp;
  readonly rules?: readonly ValidationRule[];
}

/** A string. */
export function text(options: TextOptions = {}): z.ZodMiniString<string> {
  const checks: z.core.$ZodCheck<string>[] = [];
  if (options.min !== undefined) checks.push(z.minLength(options.min));
  if (options.max !== undefined) checks.push(z.maxLength(options.max));
  if (options.pattern !== undefined) checks.push(z.regex(options.pattern));
  const schema = checks.length === 0 ? z.string() : z.string().check(...checks);
  return annotate(schema, rulesMetadata(options.rules));
}

/** One of a closed set of words. */
export function oneOf<const V extends readonly string[]>(
  ...values: V
): z.ZodMiniEnum<z.core.util.ToEnum<V[number]>> {
  return z.enum(values);
}

/** A point in time: RFC 3339, as the API server's `date-time` format checks it. */
export function timestamp(): z.ZodMiniString<string> {
  return annotate(z.string(), { format: "date-time" });
}

export interface IntegerOptions {
  readonly min?: number;
  readonly max?: number;
  readonly rules?: readonly ValidationRule[];
}

function integer(format: "int32" | "int64", options: IntegerOptions): z.ZodMiniNumberFormat {
  const checks: z.core.$ZodCheck<number>[] = [];
  if (options.min !== undefined) checks.push(z.gte(options.min));
  if (options.max !== undefined) checks.push(z.lte(options.max));
  const base = format === "int32" ? z.int32() : z.int();
  const schema = checks.length === 0 ? base : base.check(...checks);
  return annotate(schema, { format, ...rulesMetadata(options.rules) });
}

/** A 32-bit signed integer. */
export function int32(options: IntegerOptions = {}): z.ZodMiniNumberFormat {
  return integer("int32", options);
}

/** A 64-bit signed integer; values beyond 2^53 do not survive JSON in JavaScript, and are refused. */
export function int64(options: IntegerOptions = {}): z.ZodMiniNumberFormat {
  return integer("int64", options);
}

/** True or false. */
export function flag(): z.ZodMiniBoolean {
  return z.boolean();
}

/** What Kubernetes reads as a quantity: a signed decimal with an optional SI, binary or exponent suffix. */
export const quantityPattern =
  /^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$/;

type IntOrStringSchema = z.ZodMiniPipe<
  z.ZodMiniUnion<readonly [z.ZodMiniNumberFormat, z.ZodMiniString<string>]>,
  z.ZodMiniTransform<string, string | number>
>;

function integerOrString(pattern: RegExp | undefined): IntOrStringSchema {
  const string = pattern === undefined ? z.string() : z.string().check(z.regex(pattern));
  const schema = z.pipe(z.union([z.int(), string]), z.transform((value: string | number) => String(value)));
  return annotate(readText(schema, pattern), { "x-kubernetes-int-or-string": true });
}

/** An amount such as `500m` or `2Gi`. YAML may give an integer; decoding makes it a string in either case. */
export function quantity(): IntOrStringSchema {
  return integerOrString(quantityPattern);
}

/** An integer or a string, such as a port or a percentage; decodes to a string. */
export function intOrString(): IntOrStringSchema {
  return integerOrString(undefined);
}

/** Any JSON value. Only where a foreign part has no fixed shape. */
export function anything(): z.ZodMiniUnknown {
  return annotate(z.unknown(), { "x-kubernetes-preserve-unknown-fields": true });
}

export interface ListOptions {
  readonly min?: number;
  readonly max?: number;
  readonly rules?: readonly ValidationRule[];
}

function list<S extends AnySchema>(
  item: S,
  options: ListOptions,
  metadata: SchemaMetadata,
): z.ZodMiniArray<S> {
  const checks: z.core.$ZodCheck<z.output<S>[]>[] = [];
  if (options.min !== undefined) checks.push(z.minLength(options.min));
  if (options.max !== undefined) checks.push(z.maxLength(options.max));
  const schema = checks.length === 0 ? z.array(item) : z.array(item).check(...checks);
  return annotate(readItems(schema, item), { ...metadata, ...rulesMetadata(options.rules) });
}

/** A list that is replaced as a whole by whoever applies it. */
export function listOf<S extends AnySchema>(item: S, options: ListOptions = {}): z.ZodMiniArray<S> {
  return list(item, options, { "x-kubernetes-list-type": "atomic" });
}

/** A list of distinct scalars, which several appliers may share. */
export function setOf<S extends AnySchema>(item: S, options: ListOptions = {}): z.ZodMiniArray<S> {
  return list(item, options, { "x-kubernetes-list-type": "set" });
}

/** A list of objects told apart by the named fields, which must be required or have a default. */
export function keyedListOf<S extends AnySchema>(
  keys: readonly string[],
  item: S,
  options: ListOptions = {},
): z.ZodMiniArray<S> {
  return list(item, options, { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys });
}

export interface MapOptions {
  readonly max?: number;
  readonly rules?: readonly ValidationRule[];
  readonly atomic?: boolean;
}

/** An object whose keys the user chooses. A schema cannot bound the keys: rules or the webhook do. */
export function mapOf<S extends AnySchema>(
  value: S,
  options: MapOptions = {},
): z.ZodMiniRecord<z.ZodMiniString<string>, S> {
  const { max } = options;
  const base = z.record(z.string(), value);
  const schema = max === undefined
    ? base
    : base.check(z.refine((map) => Object.keys(map).length <= max, `must have at most ${max} entries`));
  return annotate(readEntries(schema, value), {
    ...(max === undefined ? {} : { maxProperties: max }),
    ...(options.atomic ? { "x-kubernetes-map-type": "atomic" as const } : {}),
    ...rulesMetadata(options.rules),
  });
}
