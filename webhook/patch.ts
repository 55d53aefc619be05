/** JSON Patch (RFC 6902), in the two operations that defaulting needs. */
import { isRecord } from "../kube/errors.ts";

export interface PatchOperation {
  readonly op: "add" | "replace";
  /** JSON Pointer (RFC 6901), such as `/spec/images`. */
  readonly path: string;
  readonly value: unknown;
}

/**
 * What turns `from` into `to`, where `to` says more or other than `from`. What only `from` has stays: it is the user's, and
 * may be a field that this program does not know. A number and the text of it count as the same, as in quantities.
 * @param path JSON Pointer of `from` within the object.
 */
export function patchTo(from: unknown, to: unknown, path: string): PatchOperation[] {
  if (isRecord(from) && isRecord(to)) {
    return Object.entries(to).flatMap(([key, value]) => {
      const inner = `${path}/${escapePointer(key)}`;
      if (!Object.hasOwn(from, key)) return [{ op: "add" as const, path: inner, value }];
      return patchTo(from[key], value, inner);
    });
  }
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    return to.flatMap((value, index) => patchTo(from[index], value, `${path}/${index}`));
  }
  if (from === to || isSameQuantity(from, to)) return [];
  return [{ op: "replace", path, value: to }];
}

function isSameQuantity(from: unknown, to: unknown): boolean {
  return typeof from === "number" && typeof to === "string" && String(from) === to;
}

export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
