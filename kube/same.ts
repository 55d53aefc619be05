/**
 * Compares JSON values, whatever the order of their fields. Each object that the API server tells of is compared with what was
 * known of it, and `isDeepStrictEqual` of `node:util`, which knows every type, takes three times as long.
 */
import { isRecord } from "./errors.ts";

export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || a === null) return a === b;
  if (Array.isArray(a)) return Array.isArray(b) && haveSameItems(a, b);
  return isRecord(a) && isRecord(b) && haveSameFields(a, b);
}

function haveSameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!isSame(a[at], b[at])) return false;
  return true;
}

function haveSameFields(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!(key in b) || !isSame(a[key], b[key])) return false;
  return true;
}
