/**
 * Works round an answer of the API server: a map that was applied with entries, and is applied again with none, comes out as
 * null instead of empty. For custom kinds that does not fit the schema, and the whole apply is refused (422). A map that
 * is left out is removed with the last of its entries, and reads the same.
 */
import { isRecord } from "./errors.ts";
import type { FieldTree } from "./owned_fields.ts";

/** A copy without maps and lists that are empty now and have entries that this manager owns. */
export function withoutEmptied<T>(desired: T, owned: FieldTree | undefined): T {
  const copy = structuredClone(desired);
  if (owned !== undefined) prune(copy, owned);
  return copy;
}

function prune(value: unknown, owned: FieldTree): void {
  if (Array.isArray(value)) {
    for (const item of value) prune(item, ownedItem(item, owned));
  } else if (isRecord(value)) {
    for (const [name, part] of Object.entries(value)) {
      const below = owned[`f:${name}`] ?? {};
      if (isEmpty(part) && hasEntries(below)) delete value[name];
      else prune(part, below);
    }
  }
}

/** The tree of an item of a list that is merged by key. */
function ownedItem(item: unknown, owned: FieldTree): FieldTree {
  const field = Object.keys(owned).find((name) => name.startsWith("k:") && hasKey(item, name.slice(2)));
  return (field === undefined ? undefined : owned[field]) ?? {};
}

function hasKey(item: unknown, text: string): boolean {
  const key: unknown = JSON.parse(text);
  return isRecord(item) && isRecord(key) &&
    Object.entries(key).every(([name, value]) => item[name] === value);
}

function hasEntries(tree: FieldTree): boolean {
  return Object.keys(tree).some((name) => name !== ".");
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
