/**
 * Which fields of an object this operator owns, as server-side apply recorded it. The rest of `managedFields` is as big
 * as the object itself and is dropped before an object enters a cache.
 */
import { isRecord } from "./errors.ts";
import type { KubeObject } from "./types.ts";

/** A tree of `fieldsV1`: `f:name`, `k:{...}`, `v:...` and `.` as keys; a leaf is an empty object. */
export type FieldTree = { readonly [field: string]: FieldTree };

/** The owned fields of the object itself and of its status, as JSON text: most are never looked at again. */
export interface OwnedFields {
  readonly main?: string;
  readonly status?: string;
}

/** Reads from `managedFields` what `manager` applied. An object that it never applied yields no field at all. */
export function ownedFields(object: KubeObject, manager: string): OwnedFields {
  const owned: { main?: string; status?: string } = {};
  for (const entry of object.metadata.managedFields ?? []) {
    if (entry.manager !== manager || entry.operation !== "Apply" || entry.fieldsV1 === undefined) continue;
    if (entry.subresource === undefined) owned.main = JSON.stringify(entry.fieldsV1);
    if (entry.subresource === "status") owned.status = JSON.stringify(entry.fieldsV1);
  }
  return owned;
}

/** Parses a tree kept by {@link ownedFields}; undefined when nothing is owned. */
export function parseFieldTree(text: string | undefined): FieldTree | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return isFieldTree(value) ? value : undefined;
}

function isFieldTree(value: unknown): value is FieldTree {
  return isRecord(value) && Object.values(value).every(isFieldTree);
}
