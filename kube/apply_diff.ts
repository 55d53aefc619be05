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
import { parseQuantity } from "./quantity.ts";

/**
 * `unsure`: equal but for fields inside a value owned as a whole, which the server may have added as defaults, or for
 * empty lists and maps, which it may have dropped.
 */
export type ApplyVerdict = "same" | "unsure" | "different";

/** Fields that name the object; they are sent with each apply and owned by nobody. */
const IDENTITY = new Set(["apiVersion", "kind"]);
const METADATA_IDENTITY = new Set(["name", "namespace"]);

/** Maps whose values are quantities, which the server rewrites to their shortest form. */
const QUANTITY_MAPS = new Set(["requests", "limits", "capacity", "hard", "overhead"]);

export interface ApplyComparison {
  readonly verdict: ApplyVerdict;
  /** The live values that left a doubt, in a fixed order: while they stay the same, so does what the server does. */
  readonly doubts: readonly unknown[];
}

/** Compares what would be applied with the live object and the fields that this manager owns of it. */
export function compareApply(
  desired: Readonly<Record<string, unknown>>,
  live: unknown,
  owned: FieldTree | undefined,
): ApplyComparison {
  if (!isRecord(live) || owned === undefined) return { verdict: "different", doubts: [] };
  const { metadata, ...rest } = without(desired, IDENTITY);
  const named = isRecord(metadata) ? without(metadata, METADATA_IDENTITY) : {};
  const all = Object.keys(named).length === 0 ? rest : { ...rest, metadata: named };
  const doubts: unknown[] = [];
  return { verdict: compareMap(all, { live, owned, quantities: false, doubts }), doubts };
}

/**
 * Whether a part of an object stands as it would be applied, whoever applied it: each field that is named has that value,
 * and no field that this manager owns is left out. A doubt counts as a no.
 * @param owned the fields of that part which this manager owns
 */
export function standsAlready(desired: LiveMap, live: unknown, owned: FieldTree | undefined): boolean {
  if (!isRecord(live) || owned === undefined) return false;
  return compareMap(desired, { live, owned, quantities: false, doubts: [], isOthers: true }) === "same";
}

function without(
  map: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.has(name)));
}

/** What a part of the desired object is compared with. */
interface Place<L> {
  readonly live: L;
  readonly owned: FieldTree;
  /** Whether values here are quantities. */
  readonly quantities: boolean;
  /** Collects the live values that leave a doubt. */
  readonly doubts: unknown[];
  /** Whether a field may be somebody else's. */
  readonly isOthers?: boolean;
}

type LiveMap = Readonly<Record<string, unknown>>;

function compareValue(desired: unknown, place: Place<unknown>): ApplyVerdict {
  const { live, owned, quantities, doubts } = place;
  if (isLeaf(owned)) {
    const verdict = compareWhole(desired, live, quantities);
    if (verdict === "unsure") doubts.push(live);
    return verdict;
  }
  if (Array.isArray(desired)) {
    return Array.isArray(live) ? compareList(desired, { ...place, live }) : "different";
  }
  if (isRecord(desired)) return isRecord(live) ? compareMap(desired, { ...place, live }) : "different";
  return "different";
}

function isLeaf(owned: FieldTree): boolean {
  for (const field in owned) if (field !== ".") return false;
  return true;
}

function compareMap(desired: LiveMap, place: Place<LiveMap>): ApplyVerdict {
  if (!coversOwned(desired, place.owned)) return "different";
  let verdict: ApplyVerdict = "same";
  for (const name of Object.keys(desired)) {
    const value = desired[name];
    if (value === undefined) continue;
    verdict = worse(verdict, compareField(name, value, place));
    if (verdict === "different") return verdict;
  }
  return verdict;
}

function compareField(name: string, value: unknown, place: Place<LiveMap>): ApplyVerdict {
  const child = place.owned[`f:${name}`] ?? (place.isOthers ? {} : undefined);
  const present = name in place.live;
  if (!present && isEmpty(value)) {
    // Built-in kinds drop empty lists and maps, custom ones keep them: only the server knows.
    place.doubts.push(null);
    return "unsure";
  }
  if (child === undefined || !present) return "different";
  const quantities = place.quantities || QUANTITY_MAPS.has(name);
  return compareValue(value, { ...place, live: place.live[name], owned: child, quantities });
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Whether every field owned so far is still named: one that is not would be given up, and perhaps removed. */
function coversOwned(desired: Readonly<Record<string, unknown>>, owned: FieldTree): boolean {
  for (const field in owned) {
    if (field.startsWith("f:") && desired[field.slice(2)] === undefined) return false;
  }
  return true;
}

function compareList(desired: unknown[], place: Place<unknown[]>): ApplyVerdict {
  const fields = Object.keys(place.owned).filter((field) => field !== ".");
  if (fields.length !== desired.length) return "different";
  if (fields.every((field) => field.startsWith("v:"))) return compareSet(desired, place.live, fields);
  let verdict: ApplyVerdict = "same";
  for (const field of fields) {
    verdict = worse(verdict, compareKeyed(field, desired, place));
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

function compareKeyed(field: string, desired: unknown[], place: Place<unknown[]>): ApplyVerdict {
  if (!field.startsWith("k:")) return "different";
  const key: unknown = JSON.parse(field.slice(2));
  if (!isRecord(key)) return "different";
  const owned = place.owned[field] ?? {};
  const names = Object.keys(key);
  const has = (item: LiveMap, name: string) => item[name] === key[name];
  const wanted = findRecord(
    desired,
    (item) => names.every((name) => has(item, name) || item[name] === undefined),
  );
  const live = findRecord(place.live, (item) => names.every((name) => has(item, name)));
  if (wanted === undefined || live === undefined) return "different";
  // A key field that is left out is filled in by the server's defaults and may count as owned, though not named.
  const filled = pick(live, names.filter((name) => `f:${name}` in owned));
  return compareValue({ ...filled, ...wanted }, { ...place, live, owned, quantities: false });
}

function findRecord(items: readonly unknown[], accept: (item: LiveMap) => boolean): LiveMap | undefined {
  for (const item of items) if (isRecord(item) && accept(item)) return item;
  return undefined;
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
  const named = Object.keys(desired).filter((name) => desired[name] !== undefined);
  let verdict: ApplyVerdict = Object.keys(live).length > named.length ? "unsure" : "same";
  for (const name of named) {
    if (!(name in live)) return "different";
    verdict = worse(verdict, compareWhole(desired[name], live[name], quantity || QUANTITY_MAPS.has(name)));
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
