/** Turns any value into one that JSON can hold, without throwing, without end, and without secrets. */

/** A JSON value. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Levels of nesting that a log line shows; whatever lies deeper is named, not shown. */
const DEEPEST = 6;

/** Elements of a list, and keys of an object, that a log line shows. */
const LONGEST_LIST = 100;

/** Characters of one string that a log line shows. */
const LONGEST_STRING = 8_192;

/** Names of fields whose value is never written, in lower case and without separators. */
const SECRET_NAMES = new Set([
  "accesstoken",
  "apikey",
  "authorization",
  "bearertoken",
  "certkey",
  "clientsecret",
  "connectionstring",
  "keypem",
  "password",
  "privatekey",
  "refreshtoken",
  "secretdata",
  "stringdata",
  "tlskey",
  "token",
]);

/** What stands in the place of a value that must not be written. */
const REDACTED = "[redacted]";

/** How an error is written. */
export interface ValueOptions {
  /** Whether errors keep their stack. */
  readonly stacks: boolean;
}

/**
 * The JSON form of a log field.
 *
 * Errors become `{name, message, stack, cause}`; dates RFC 3339; big integers, symbols and functions text. A Kubernetes
 * object (anything with `kind` and `metadata`) becomes `{kind, namespace, name}`: whole objects do not belong in a log,
 * and a Secret least of all. Fields whose name says that they hold a secret become `[redacted]`. Returns undefined for
 * undefined, which JSON leaves out. Never throws.
 */
export function jsonValue(value: unknown, options: ValueOptions): JsonValue | undefined {
  return convert(value, { options, above: [] });
}

/** Whether the value of a field of this name must not be written. */
export function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replaceAll(/[^a-z]/g, ""));
}

/** Where the conversion stands: the objects that contain the present value. */
interface Place {
  readonly options: ValueOptions;
  readonly above: readonly object[];
}

function convert(value: unknown, place: Place): JsonValue | undefined {
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "string":
      return shorten(value);
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
    case "symbol":
      return String(value);
    case "function":
      return `[function ${value.name || "without name"}]`;
    case "object":
      return value === null ? null : convertObject(value, place);
  }
}

function convertObject(value: object, place: Place): JsonValue {
  if (place.above.includes(value)) return "[circular]";
  if (place.above.length >= DEEPEST) return Array.isArray(value) ? "[list]" : "[object]";
  const inner: Place = { options: place.options, above: [...place.above, value] };
  try {
    return convertSpecial(value) ?? convertContainer(value, inner);
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : "a getter threw"}]`;
  }
}

/** Objects that are one value to a reader. */
function convertSpecial(value: object): JsonValue | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof URL) return value.href;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return reference(value);
}

function convertContainer(value: object, place: Place): JsonValue {
  if (value instanceof Error) return convertError(value, place);
  if (value instanceof Map) {
    return convertEntries([...value].map(([key, item]) => [String(key), item]), place);
  }
  if (Array.isArray(value) || value instanceof Set) return convertList([...value], place);
  return convertEntries(Object.entries(value), place);
}

function convertError(error: Error, place: Place): JsonValue {
  const result: { [key: string]: JsonValue } = { name: error.name, message: shorten(error.message) };
  if (place.options.stacks && error.stack !== undefined) result["stack"] = shorten(error.stack);
  const cause = convert(error.cause, place);
  if (cause !== undefined) result["cause"] = cause;
  if (error instanceof AggregateError) result["errors"] = convertList(error.errors, place);
  return result;
}

function convertList(items: readonly unknown[], place: Place): JsonValue[] {
  const shown = items.slice(0, LONGEST_LIST).map((item) => convert(item, place) ?? null);
  if (items.length > LONGEST_LIST) shown.push(`[${items.length - LONGEST_LIST} more]`);
  return shown;
}

function convertEntries(entries: readonly (readonly [string, unknown])[], place: Place): JsonValue {
  const result: { [key: string]: JsonValue } = {};
  for (const [key, item] of entries.slice(0, LONGEST_LIST)) {
    const converted = isSecretName(key) && item !== undefined ? REDACTED : convert(item, place);
    if (converted !== undefined) define(result, key, converted);
  }
  if (entries.length > LONGEST_LIST) result["…"] = `[${entries.length - LONGEST_LIST} more]`;
  return result;
}

/** Plain assignment to `__proto__` would change the object's prototype instead of adding a key. */
function define(target: { [key: string]: JsonValue }, key: string, value: JsonValue): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Name of a Kubernetes object, or undefined when `value` is none. */
function reference(value: object): JsonValue | undefined {
  if (!("kind" in value) || !("metadata" in value)) return undefined;
  const { kind, metadata } = value;
  if (typeof kind !== "string" || typeof metadata !== "object" || metadata === null) return undefined;
  const namespace = "namespace" in metadata && typeof metadata.namespace === "string"
    ? { namespace: metadata.namespace }
    : {};
  return { kind, ...namespace, name: "name" in metadata ? String(metadata.name) : "" };
}

function shorten(text: string): string {
  if (text.length <= LONGEST_STRING) return text;
  return `${text.slice(0, LONGEST_STRING)}… [${text.length - LONGEST_STRING} more characters]`;
}
