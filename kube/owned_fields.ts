/**
 * Which fields of an object this operator owns, as server-side apply recorded it. The rest of `managedFields` is as big
 * as the object itself and is dropped before an object enters a cache.
 */
import { isRecord } from "./errors.ts";
import { Recent } from "./recent.ts";
import type { KubeObject, ManagedFieldsEntry } from "./types.ts";

/** A tree of `fieldsV1`: `f:name`, `k:{...}`, `v:...` and `.` as keys; a leaf is an empty object. */
export type FieldTree = { readonly [field: string]: FieldTree };

/**
 * A tree as JSON text, as most are never looked at again. It is cut at the first level: below `f:metadata` stands the UID
 * of an owner, while what is below `f:spec` is the same text for every object of a kind, and is kept once.
 */
export type FieldTexts = { readonly [field: string]: string };

/** The owned fields of the object itself and of its status. */
export interface OwnedFields {
  readonly main?: FieldTexts;
  readonly status?: FieldTexts;
  /** Those of the asked former names under which fields of the status are still applied; absent when there is none. */
  readonly formerStatus?: readonly string[];
}

/** Reads from `managedFields` what `manager` applied. An object that it never applied yields no field at all. */
export function ownedFields(
  object: KubeObject,
  manager: string,
  formerStatusManagers: readonly string[] = [],
): OwnedFields {
  const owned: { main?: FieldTexts; status?: FieldTexts; formerStatus?: string[] } = {};
  for (const entry of object.metadata.managedFields ?? []) {
    if (isFormerStatus(entry, formerStatusManagers)) {
      owned.formerStatus = [...owned.formerStatus ?? [], entry.manager];
    }
    if (entry.manager !== manager || entry.operation !== "Apply" || entry.fieldsV1 === undefined) continue;
    if (entry.subresource === undefined) owned.main = textsOf(entry.fieldsV1);
    if (entry.subresource === "status") owned.status = textsOf(entry.fieldsV1);
  }
  return owned;
}

type FormerEntry = ManagedFieldsEntry & { readonly manager: string };

function isFormerStatus(entry: ManagedFieldsEntry, formers: readonly string[]): entry is FormerEntry {
  const { manager, operation, subresource } = entry;
  return manager !== undefined && operation === "Apply" && subresource === "status" &&
    formers.includes(manager);
}

function textsOf(tree: Readonly<Record<string, unknown>>): FieldTexts {
  return Object.fromEntries(Object.entries(tree).map(([field, below]) => [field, JSON.stringify(below)]));
}

/** Parses a tree kept by {@link ownedFields}; undefined when nothing is owned. */
export function parseFieldTree(texts: FieldTexts | undefined): FieldTree | undefined {
  if (texts === undefined) return undefined;
  const tree: [string, FieldTree][] = [];
  for (const [field, text] of Object.entries(texts)) {
    const below = recent.get(text, () => treeOf(text));
    if (below === undefined) return undefined;
    tree.push([field, below]);
  }
  return Object.fromEntries(tree);
}

/** Trees by their texts: most objects of a kind have the same. */
const recent = new Recent<FieldTree | undefined>(64);

function treeOf(text: string): FieldTree | undefined {
  const value: unknown = JSON.parse(text);
  return isFieldTree(value) ? value : undefined;
}

function isFieldTree(value: unknown): value is FieldTree {
  return isRecord(value) && Object.values(value).every(isFieldTree);
}
