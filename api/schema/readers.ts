/**
 * Short ways to read what is as its schema wants it, which nearly everything is: a large cluster is read in a third of the
 * time that zod takes, which makes several objects for each field, and for each one that is absent. Where anything is not as
 * it should be zod reads the whole again, and says what is wrong.
 */
import type * as z from "zod/mini";
import { isRecord } from "../../kube/errors.ts";

type Schema = z.core.$ZodType;
type Internals = Schema["_zod"];
type Payload = Parameters<Internals["parse"]>[0];

const WAY = Symbol("way");

/** Handed down to all parts. Those of a whole that is read the short way need not say what is wrong with them. */
type Context = Parameters<Internals["parse"]>[1] & { readonly [WAY]?: "short" | "long" };

/** A context in which zod reads everything itself. */
export function long<C extends object>(context: C): C {
  return { ...context, [WAY]: "long" };
}

/** What a short way gives that cannot say what comes of a value. */
const UNFIT = Symbol("unfit");

type Read = (value: unknown, context: Context) => unknown;

/** Has a schema take the short way first. Bounds and patterns of the schema as a whole are checked after it, as ever. */
function readBy<S extends Schema>(schema: S, read: Read): S {
  const internals: Internals = schema._zod;
  const { parse } = internals;
  const first = (payload: Payload, context: Context): ReturnType<Internals["parse"]> => {
    const way = context[WAY];
    if (way === "long" || context.direction === "backward") return parse(payload, context);
    const value = read(payload.value, way === "short" ? context : { ...context, [WAY]: "short" });
    if (value !== UNFIT) {
      payload.value = value;
    } else if (way === "short") {
      payload.issues.push({ code: "custom", input: payload.value, path: [] });
    } else {
      return parse(payload, long(context));
    }
    return payload;
  };
  internals.parse = first;
  if (internals.run === parse) internals.run = first;
  return schema;
}

/** Reads one value after another. All that fit leave its list of issues empty, so one is enough for them. */
class Reader {
  readonly #payload: { value: unknown; issues: [] } = { value: undefined, issues: [] };

  constructor(private readonly context: Context) {}

  read({ run }: Internals, value: unknown): unknown {
    this.#payload.value = value;
    const result = run(this.#payload, this.context);
    return result instanceof Promise || result.issues.length > 0 ? UNFIT : result.value;
  }
}

interface KnownField {
  readonly key: string;
  readonly internals: Internals;
  readonly ifAbsent: "skip" | "read" | "unfit";
}

/** An object with these fields. Those that it has not are not looked into, unless they have a default. */
export function readFields<S extends Schema>(schema: S, shape: Readonly<Record<string, Schema>>): S {
  let fields: readonly KnownField[] | undefined;
  return readBy(schema, (value, context) => {
    if (!isRecord(value)) return UNFIT;
    const reader = new Reader(context);
    const result: Record<string, unknown> = {};
    fields ??= Object.entries(shape).map(([key, { _zod }]) => knownField(key, _zod));
    for (const { key, internals, ifAbsent } of fields) {
      const given = value[key];
      if (given === undefined && ifAbsent !== "read" && !(key in value)) {
        if (ifAbsent === "skip") continue;
        return UNFIT;
      }
      const read = reader.read(internals, given);
      if (read === UNFIT) return UNFIT;
      result[key] = read;
    }
    return result;
  });
}

function knownField(key: string, internals: Internals): KnownField {
  const { optin, optout } = internals;
  if (optin === undefined) return { key, internals, ifAbsent: "unfit" };
  return { key, internals, ifAbsent: optin === "optional" && optout === "optional" ? "skip" : "read" };
}

/** A map from names to values of one schema. */
export function readEntries<S extends Schema>(schema: S, { _zod }: Schema): S {
  return readBy(schema, (value, context) => {
    if (!isRecord(value)) return UNFIT;
    const reader = new Reader(context);
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const read = key === "__proto__" ? UNFIT : reader.read(_zod, value[key]);
      if (read === UNFIT) return UNFIT;
      result[key] = read;
    }
    return result;
  });
}

/** A list of values of one schema. */
export function readItems<S extends Schema>(schema: S, { _zod }: Schema): S {
  return readBy(schema, (value, context) => {
    if (!Array.isArray(value)) return UNFIT;
    const reader = new Reader(context);
    const result: unknown[] = [];
    for (const item of value) {
      const read = reader.read(_zod, item);
      if (read === UNFIT) return UNFIT;
      result.push(read);
    }
    return result;
  });
}

/** A text that may also be given as an integer, which becomes its text. */
export function readText<S extends Schema>(schema: S, pattern: RegExp | undefined): S {
  return readBy(schema, (value) => {
    if (typeof value === "string") return pattern === undefined || pattern.test(value) ? value : UNFIT;
    return Number.isSafeInteger(value) ? String(value) : UNFIT;
  });
}
