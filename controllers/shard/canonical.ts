/** One text for all values that mean the same. */
import { isRecord } from "../../kube/errors.ts";

/**
 * JSON with the fields of objects in the order of their names. Undefined fields leave no trace, empty objects do, as some
 * mean something (a selector without rules selects all); the order of lists counts.
 */
export function canonicalText(value: unknown): string {
  return JSON.stringify(ordered(value)) ?? "";
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).filter((name) => value[name] !== undefined).sort();
  return Object.fromEntries(names.map((name) => [name, ordered(value[name])]));
}
