/** Server-side apply that is only sent when it would change something. */
import { compareApply } from "./apply_diff.ts";
import type { Cache } from "./cache.ts";
import type { Applied, KubeClient } from "./client.ts";
import { digestOf } from "./digest.ts";
import { isConflict } from "./errors.ts";
import { withoutEmptied } from "./emptied.ts";
import { parseFieldTree } from "./owned_fields.ts";
import type { Resource } from "./resource.ts";
import { type ApplyMemo, keyOf, type Part, type Store } from "./store.ts";
import type { Frozen, KubeObject } from "./types.ts";

/** An object of somebody else bears the name that one of ours is to have. Nothing was changed. */
export class NameTakenError extends Error {
  override readonly name = "NameTakenError";
}

/** What came of an apply that was sent. */
export interface Written {
  /** Of the object as it then was. */
  readonly resourceVersion: string;
  readonly changed: boolean;
}

export class Applier {
  constructor(private readonly client: KubeClient, private readonly cache: Cache) {}

  /** Applies an object unless that would change nothing. @returns whether that changed something. */
  async apply<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<boolean> {
    return (await this.#apply(resource, object, "main"))?.changed ?? false;
  }

  /**
   * Applies the status of an object unless that would change nothing.
   * @returns what came of the request; undefined when none was made.
   */
  async applyStatus<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied<T>,
  ): Promise<Written | undefined> {
    return await this.#apply(resource, object, "status");
  }

  /** Whether a status stands already, so that applying it would make no request. */
  statusStands<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): boolean {
    const store = this.cache.store(resource);
    return isSettled(store, object, "status") && formersOf(store, object, "status").length === 0;
  }

  async #apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied<T>,
    part: Part,
  ): Promise<Written | undefined> {
    const store = this.cache.store(resource);
    const formers = formersOf(store, object, part);
    const isStanding = isSettled(store, object, part);
    if (isStanding && formers.length === 0) return undefined;
    const before = store.get(keyOf(object.metadata))?.metadata.resourceVersion;
    let after = isStanding ? undefined : await this.#send(resource, object, part);
    // Ours stands now, so nothing is missing meanwhile that is said before and after.
    for (const manager of formers) {
      after = await this.client.withdrawStatus(resource, object.metadata, manager);
    }
    if (after === undefined) return undefined;
    store.putWritten(after);
    const { resourceVersion = "" } = after.metadata;
    remember(store, object, { part, resourceVersion });
    return { resourceVersion, changed: resourceVersion !== before };
  }

  async #send<T extends KubeObject>(resource: Resource<T>, object: Applied<T>, part: Part): Promise<T> {
    const owned = parseFieldTree(this.cache.store(resource).entry(keyOf(object.metadata))?.owned[part]);
    if (part === "status") return await this.client.applyStatus(resource, withoutEmptied(object, owned));
    return this.#isOurs(resource, object)
      ? await this.client.apply(resource, withoutEmptied(object, owned))
      : await this.#applyFirst(resource, object);
  }

  /** Whether what the store holds under the name is known to be ours: it has our owner, or none but fields that we applied. */
  #isOurs<T extends KubeObject>(resource: Resource<T>, wanted: Applied<T>): boolean {
    const entry = this.cache.store(resource).entry(keyOf(wanted.metadata));
    if (entry === undefined) return false;
    const owner = controllerOf(entry.object);
    return owner === undefined ? entry.owned.main !== undefined : owner.uid === controllerOf(wanted)?.uid;
  }

  /**
   * What is not known to be ours is new, or a stranger's (most bear no label that we watch), or our own that we have not
   * seen yet. So it is created; only where something is in the way, it is looked at whose it is. Applying it at once would
   * be wrong even without force: a selector or the data of a ConfigMap is merged with what is there, without a conflict.
   * @throws NameTakenError
   */
  async #applyFirst<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<T> {
    try {
      return await this.client.applyNew(resource, object);
    } catch (error) {
      if (!isConflict(error)) throw error;
      const live = await this.client.find(resource, object.metadata);
      if (live === undefined) throw error;
      this.#refuseStranger(live, object, this.client.managerOf(resource));
      return await this.client.apply(resource, object);
    }
  }

  /** Ours is what has our owner, and what has none (any more) but bears fields that we applied: it may be adopted. */
  #refuseStranger(live: Frozen<KubeObject>, wanted: Applied<KubeObject>, fieldManager: string): void {
    const owner = controllerOf(live);
    if (owner !== undefined && owner.uid === controllerOf(wanted)?.uid) return;
    // A status is said of every object of our kinds, whoever made it.
    const applied = live.metadata.managedFields?.some(({ manager, operation, subresource }) =>
      manager === fieldManager && operation === "Apply" && subresource === undefined
    );
    if (owner === undefined && applied) return;
    const whose = owner === undefined ? "nobody that we know" : `${owner.kind} ${owner.name}`;
    const { name } = live.metadata;
    throw new NameTakenError(
      `Cannot make ${live.kind} ${name} as one of this name exists and belongs to ${whose}. Delete or rename it.`,
    );
  }
}

function controllerOf({ metadata }: Pick<Frozen<KubeObject>, "metadata">) {
  return metadata.ownerReferences?.find(({ controller }) => controller);
}

/** Names under which others applied this part in former days: nobody else would take back what they said. */
function formersOf<T extends KubeObject>(
  store: Store<T>,
  { metadata }: Applied<T>,
  part: Part,
): readonly string[] {
  return part === "status" ? store.entry(keyOf(metadata))?.owned.formerStatus ?? [] : [];
}

function isSettled<T extends KubeObject>(store: Store<T>, object: Applied<T>, part: Part): boolean {
  const entry = store.entry(keyOf(object.metadata));
  if (entry === undefined) return false;
  const desired = digestOf(object);
  // To compare costs twenty times as much as to find that it was done already.
  if (entry.stands[part] === desired) return true;
  const { verdict, doubts } = compareApply(object, entry.object, parseFieldTree(entry.owned[part]));
  const memo = entry.memos[part];
  const stands = verdict === "same" ||
    (verdict === "unsure" && memo?.desired === desired && memo.doubts === digestOf(doubts));
  if (stands) entry.stands[part] = desired;
  return stands;
}

/** What the server made of the doubtful parts: the same again, over the same, will change nothing. */
function remember<T extends KubeObject>(
  store: Store<T>,
  object: Applied<T>,
  { part, resourceVersion }: { readonly part: Part; readonly resourceVersion: string },
): void {
  const key = keyOf(object.metadata);
  const entry = store.entry(key);
  if (entry === undefined) return;
  // To apply the same twice in a row changes nothing the second time.
  if (entry.object.metadata.resourceVersion === resourceVersion) entry.stands[part] = digestOf(object);
  const { verdict, doubts } = compareApply(object, entry.object, parseFieldTree(entry.owned[part]));
  if (verdict !== "unsure") return;
  const memo: ApplyMemo = { desired: digestOf(object), doubts: digestOf(doubts) };
  store.remember(key, part, memo);
}
