/** What the operator knows of one kind: trimmed, frozen copies, kept current by reflectors and by our own writes. */
import { type OwnedFields, ownedFields } from "./owned_fields.ts";
import { isRecord } from "./errors.ts";
import { isSame } from "./same.ts";
import { StringPool } from "./string_pool.ts";
import type { Frozen, KubeObject, ObjectKey } from "./types.ts";

export type Change<T extends KubeObject> =
  | { readonly type: "added"; readonly object: Frozen<T> }
  | { readonly type: "updated"; readonly object: Frozen<T>; readonly previous: Frozen<T> }
  | { readonly type: "deleted"; readonly object: Frozen<T> };

/** Cuts off what nobody reads, before an object is kept. It may change its argument. */
export type Trim<T extends KubeObject> = (object: T) => T;

/** The values under which an object is found in an index, for example the UIDs of its owners. */
export type IndexBy<T extends KubeObject> = (object: Frozen<T>) => readonly string[];

export interface StoreOptions<T extends KubeObject> {
  /** Whose applied fields are remembered. */
  readonly fieldManager: string;
  /** Whose applied statuses are to be taken back: see `resource.ts`. */
  readonly formerStatusManagers?: readonly string[];
  readonly trim?: Trim<T>;
  readonly indexes?: Readonly<Record<string, IndexBy<T>>>;
}

/** The two parts of an object that are applied apart from each other. */
export type Part = "main" | "status";

/** Digests of what was last applied to an object, and of the doubtful parts it left: see `apply.ts`. */
export interface ApplyMemo {
  readonly desired: string;
  readonly doubts: string;
}

interface Index<T extends KubeObject> {
  readonly by: IndexBy<T>;
  /** Keys of the objects with each value. */
  readonly keys: Map<string, Set<string>>;
}

interface Entry<T extends KubeObject> {
  readonly object: Frozen<T>;
  readonly owned: OwnedFields;
  readonly memos: Partial<Record<Part, ApplyMemo>>;
  /** Digests of what stands in this version of the object: applying it would change nothing. */
  readonly stands: Partial<Record<Part, string>>;
}

/** `namespace/name`, or `name` for cluster-scoped objects. */
export function keyOf(key: ObjectKey | { readonly namespace?: string; readonly name: string }): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

/** The inverse of {@link keyOf}. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export class Store<T extends KubeObject> {
  readonly #options: StoreOptions<T>;
  readonly #pool = new StringPool();
  readonly #entries = new Map<string, Entry<T>>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #progress = new Map<string, string>();

  constructor(options: StoreOptions<T>) {
    this.#options = options;
    this.addIndexes(options.indexes ?? {});
  }

  /** Adds indexes, over what is here already too. One that is known by its name stays as it is. */
  addIndexes(indexes: Readonly<Record<string, IndexBy<T>>>): void {
    for (const [name, by] of Object.entries(indexes)) {
      if (this.#indexes.has(name)) continue;
      const keys = new Map<string, Set<string>>();
      this.#indexes.set(name, { by, keys });
      for (const [key, { object }] of this.#entries) {
        for (const value of by(object)) addTo(keys, value, key);
      }
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Frozen<T> | undefined {
    return this.#entries.get(key)?.object;
  }

  /** The object and what the operator remembers of its own applies to it. */
  entry(key: string): Readonly<Entry<T>> | undefined {
    return this.#entries.get(key);
  }

  /** Remembers the outcome of an apply, for as long as the object is kept. */
  remember(key: string, part: Part, memo: ApplyMemo): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.memos[part] = memo;
  }

  *values(): IterableIterator<Frozen<T>> {
    for (const entry of this.#entries.values()) yield entry.object;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Objects found under `value` in an index. @throws TypeError when there is no such index. */
  find(index: string, value: string): Frozen<T>[] {
    const known = this.#indexes.get(index);
    if (known === undefined) {
      throw new TypeError(`Cannot look up in index "${index}" as this store has none`);
    }
    const found: Frozen<T>[] = [];
    for (const key of known.keys.get(value) ?? []) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) found.push(entry.object);
    }
    return found;
  }

  /** Calls `listener` after each change, until the returned function is called. */
  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Takes in an object of a list, a watch, or an answer to a write. An older version than the known one is passed over:
   * answers to writes and watch events overtake each other.
   * @returns whether the store now holds this version.
   */
  put(object: T): boolean {
    const key = keyOf(object.metadata);
    const known = this.#entries.get(key);
    if (known !== undefined && !isNewer(object, known.object)) return false;
    const { fieldManager, formerStatusManagers } = this.#options;
    const owned = deepFreeze(ownedFields(object, fieldManager, formerStatusManagers), this.#pool);
    const kept = trimmed(object, this.#options.trim);
    const same = known !== undefined && known.object.metadata.uid === kept.metadata.uid;
    if (same) keepParts(kept, known.object);
    const frozen = deepFreeze(kept, this.#pool);
    this.#entries.set(key, { object: frozen, owned, memos: same ? known.memos : {}, stands: {} });
    this.#reindex(key, known?.object, frozen);
    this.#tell(
      known === undefined
        ? { type: "added", object: frozen }
        : { type: "updated", object: frozen, previous: known.object },
    );
    return true;
  }

  /**
   * Takes in the answer to a write, so that the next reconcile reads it. An object that is unknown here, and older than
   * what the watch has shown already, was deleted meanwhile: it must not come back to life.
   */
  putWritten(object: T): void {
    const seen = this.#progress.get(object.metadata.namespace ?? "") ?? this.#progress.get("");
    const unknown = !this.#entries.has(keyOf(object.metadata));
    if (unknown && compareVersions(object.metadata.resourceVersion, seen) <= 0) return;
    this.put(object);
  }

  /** Notes how far the watch of a namespace (the empty string: of all) has come. */
  progress(namespace: string, resourceVersion: string): void {
    this.#progress.set(namespace, resourceVersion);
  }

  /** Removes an object. With `upTo`, only if the known version is not newer than that. */
  remove(key: string, upTo?: string): boolean {
    const known = this.#entries.get(key);
    if (known === undefined) return false;
    if (upTo !== undefined && compareVersions(known.object.metadata.resourceVersion, upTo) > 0) return false;
    this.#entries.delete(key);
    this.#reindex(key, known.object, undefined);
    this.#tell({ type: "deleted", object: known.object });
    return true;
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
  }

  #reindex(key: string, before: Frozen<T> | undefined, after: Frozen<T> | undefined): void {
    for (const { by, keys } of this.#indexes.values()) {
      for (const value of before === undefined ? [] : by(before)) dropFrom(keys, value, key);
      for (const value of after === undefined ? [] : by(after)) addTo(keys, value, key);
    }
  }
}

function addTo(values: Map<string, Set<string>>, value: string, key: string): void {
  const keys = values.get(value);
  if (keys === undefined) values.set(value, new Set([key]));
  else keys.add(key);
}

function dropFrom(values: Map<string, Set<string>>, value: string, key: string): void {
  const keys = values.get(value);
  keys?.delete(key);
  if (keys?.size === 0) values.delete(value);
}

/** A copy without `managedFields`: deleting the field would turn `metadata` into a hash table four times as large. */
function trimmed<T extends KubeObject>(object: T, trim: Trim<T> | undefined): T {
  const { managedFields: _, ...metadata } = object.metadata;
  const kept: KubeObject = object;
  kept.metadata = metadata;
  return trim === undefined ? object : trim(object);
}

/**
 * Lets parts stay what they are that a new version of an object did not change, most often its spec: they need no freezing,
 * and what follows from them can be remembered by them.
 */
function keepParts<T extends KubeObject>(fresh: T, known: Frozen<T>): void {
  const [parts, before]: [object, object] = [fresh, known];
  if (!isRecord(parts) || !isRecord(before)) return;
  for (const key of Object.keys(before)) {
    if (key !== "metadata" && isSame(parts[key], before[key])) parts[key] = before[key];
  }
}

function isNewer(object: KubeObject, known: Frozen<KubeObject>): boolean {
  return compareVersions(object.metadata.resourceVersion, known.metadata.resourceVersion) > 0;
}

/**
 * Orders two resourceVersions of one kind: negative when `a` is older. Kubernetes promises since 1.35 that they are
 * decimal numbers which grow; they may exceed 2^53, so the digits are compared.
 */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  const [left, right] = [a ?? "", b ?? ""];
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Freezes a JSON value in depth; its texts become those of `pool`, where one is given. */
export function deepFreeze<T>(value: T, pool?: StringPool): Frozen<T> {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    freezeParts(value, pool);
    Object.freeze(value);
  }
  // A frozen value is what the read-only type describes.
  return value as Frozen<T>;
}

function freezeParts(value: object, pool: StringPool | undefined): void {
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at];
      if (typeof item !== "string") deepFreeze(item, pool);
      else if (pool !== undefined) value[at] = pool.share(item);
    }
  } else if (isRecord(value)) {
    for (const key of Object.keys(value)) {
      const part = value[key];
      if (typeof part !== "string") deepFreeze(part, pool);
      else if (pool !== undefined) value[key] = pool.share(part);
    }
  }
}
