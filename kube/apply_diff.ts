/**
 * Tells, without asking the server, whether a server-side apply would change anything. That is what makes a settled
 * object silent.
 *
 * An apply changes nothing when (1) each field that it names has that value already, (2) this manager owns each of them,
 * and (3) it owns no field that the apply no longer names. The recorded field tree answers (2) and (3), and also tells
 * how the server merges each list, so no schema is needed:
 *
 * | children of a list's tree | list is merged | compared                                        |
 * | ------------------------- | -------------- | ----------------------------------------------- |
 * | `k:{...}`                 | by key         | item by item, found by the key                  |
 * | `v:...`                   | as a set       | as sets                                         |
 * | none                      | as a whole     | in order; defaults inside items make it unsure  |
 */
import { isRecord } from "./errors.ts";
import type { FieldTree } from "./owned_fields.ts";

/** `unsure`: equal but for fields inside a value owned as a whole, which the server may have added as defaults. */
export type ApplyVerdict = "same" | "unsure" | "different";

/** Fields that name the object; they are sent with each apply and owned by nobody. */
const IDENTITY = new Set(["apiVersion", "kind"]);
const METADATA_IDENTITY = new Set(["name", "namespace"]);

/** Maps whose values are quantities, which the server rewrites to their shortest form. */
const QUANTITY_MAPS = new Set(["requests", "limits", "capacity", "hard", "overhead"]);

/** Compares what would be applied with the live object and the fields that this manager owns of it. */
export function compareApply(
  desired: Readonly<Record<string, unknown>>,
  live: unknown,
  owned: FieldTree | undefined,
): ApplyVerdict {
  if (!isRecord(live) || owned === undefined) return "different";
  const { metadata, ...rest } = without(desired, IDENTITY);
  const named = isRecord(metadata) ? without(metadata, METADATA_IDENTITY) : {};
  const all = Object.keys(named).length === 0 ? rest : { ...rest, metadata: named };
  return compareMap(all, live, owned, false);
}

function without(
  map: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.has(name)));
}

function compareValue(desired: unknown, live: unknown, owned: FieldTree, quantity: boolean): ApplyVerdict {
  if (isLeaf(owned)) return compareWhole(desired, live, quantity);
  if (Array.isArray(desired)) return Array.isArray(live) ? compareList(desired, live, owned) : "different";
  if (isRecord(desired)) return isRecord(live) ? compareMap(desired, live, owned, quantity) : "different";
  return "different";
}

function isLeaf(owned: FieldTree): boolean {
  for (const field in owned) if (field !== ".") return false;
  return true;
}

function compareMap(
  desired: Readonly<Record<string, unknown>>,
  live: Readonly<Record<string, unknown>>,
  owned: FieldTree,
  quantities: boolean,
): ApplyVerdict {
  if (!coversOwned(desired, owned)) return "different";
  let verdict: ApplyVerdict = "same";
  for (const [name, value] of Object.entries(desired)) {
    if (value === undefined) continue;
    const child = owned[`f:${name}`];
    if (child === undefined || !(name in live)) return "different";
    verdict = worse(verdict, compareValue(value, live[name], child, quantities || QUANTITY_MAPS.has(name)));
    if (verdict === "different") return verdict;
  }
  return verdict;
}

/** Whether every field owned so far is still named: one that is not would be given up, and perhaps removed. */
function coversOwned(desired: Readonly<Record<string, unknown>>, owned: FieldTree): boolean {
  for (const field in owned) {
    if (field.startsWith("f:") && desired[field.slice(2)] === undefined) return false;
  }
  return true;
}

function compareList(desired: unknown[], live: unknown[], owned: FieldTree): ApplyVerdict {
  const fields = Object.keys(owned).filter((field) => field !== ".");
  if (fields.length !== desired.length) return "different";
  if (fields.every((field) => field.startsWith("v:"))) return compareSet(desired, live, fields);
  let verdict: ApplyVerdict = "same";
  for (const field of fields) {
    verdict = worse(verdict, compareKeyed(field, desired, live, owned[field] ?? {}));
    if (verdict === "different") return verdict;
  }
  return verdict;
}

function compareSet(desired: unknown[], live: unknown[], fields: string[]): ApplyVerdict {
  const has = new Set(live.map((value) => JSON.stringify(value)));
  const owns = new Set(fields.map((field) => field.slice(2)));
  const same = desired.map((value) => JSON.stringify(value)).every((text) => has.has(text) && owns.has(text));
  return same ? "same" : "different";
}

function compareKeyed(field: string, desired: unknown[], live: unknown[], owned: FieldTree): ApplyVerdict {
  if (!field.startsWith("k:")) return "different";
  const key: unknown = JSON.parse(field.slice(2));
  if (!isRecord(key)) return "different";
  const wanted = desired.filter(isRecord).find((item) => matches(item, key, true));
  const found = live.filter(isRecord).find((item) => matches(item, key, false));
  if (wanted === undefined || found === undefined) return "different";
  // A key field that is left out is filled in by the server's defaults and may count as owned, though not named.
  const filled = pick(found, Object.keys(key).filter((name) => `f:${name}` in owned));
  return compareMap({ ...filled, ...wanted }, found, owned, false);
}

function matches(
  item: Readonly<Record<string, unknown>>,
  key: Record<string, unknown>,
  loose: boolean,
): boolean {
  return Object.entries(key).every(([name, value]) =>
    item[name] === value || (loose && item[name] === undefined)
  );
}

function pick(map: Readonly<Record<string, unknown>>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => name in map).map((name) => [name, map[name]]));
}

/** Compares a value that is owned as a whole: what is named must be there, what is there besides makes it unsure. */
function compareWhole(desired: unknown, live: unknown, quantity: boolean): ApplyVerdict {
  if (Array.isArray(desired)) {
    if (!Array.isArray(live) || live.length !== desired.length) return "different";
    return desired.reduce<ApplyVerdict>(
      (sum, item, at) => worse(sum, compareWhole(item, live[at], quantity)),
      "same",
    );
  }
  if (isRecord(desired)) return isRecord(live) ? compareWholeMap(desired, live, quantity) : "different";
  if (desired === live) return "same";
  return quantity && sameQuantity(desired, live) ? "same" : "different";
}

function compareWholeMap(
  desired: Readonly<Record<string, unknown>>,
  live: Readonly<Record<string, unknown>>,
  quantity: boolean,
): ApplyVerdict {
  const named = Object.entries(desired).filter(([, value]) => value !== undefined);
  let verdict: ApplyVerdict = Object.keys(live).length > named.length ? "unsure" : "same";
  for (const [name, value] of named) {
    if (!(name in live)) return "different";
    verdict = worse(verdict, compareWhole(value, live[name], quantity || QUANTITY_MAPS.has(name)));
  }
  return verdict;
}

function worse(a: ApplyVerdict, b: ApplyVerdict): ApplyVerdict {
  if (a === "different" || b === "different") return "different";
  return a === "unsure" ? a : b;
}

function sameQuantity(a: unknown, b: unknown): boolean {
  const [left, right] = [parseQuantity(a), parseQuantity(b)];
  return left !== undefined && left === right;
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The value of a Kubernetes quantity (`250m`, `1.5Gi`, `2e3`, 4), or undefined when it is none. */
export function parseQuantity(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(
    value,
  );
  const factor = SUFFIXES[parts?.[2] ?? ""];
  if (parts === null || factor === undefined) return undefined;
  const product = Number(parts[1]) * factor;
  // "0.1" times 1 and "100m" must meet: twelve significant digits are more than a quantity can carry.
  return Number(product.toPrecision(12));
}
