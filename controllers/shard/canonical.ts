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
  const entries = Object.entries(value)
    .map(([name, field]) => [name, ordered(field)] as const)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries);
}
