/** Server-side apply that is only sent when it would change something. */
import { compareApply } from "./apply_diff.ts";
import type { Cache } from "./cache.ts";
import type { Applied, KubeClient } from "./client.ts";
import { ApiError, isConflict } from "./errors.ts";
import { parseFieldTree } from "./owned_fields.ts";
import type { Resource } from "./resource.ts";
import { type ApplyMemo, keyOf, type Store } from "./store.ts";
import type { Frozen, KubeObject } from "./types.ts";

/** An object of somebody else bears the name that one of ours is to have. Nothing was changed. */
export class NameTakenError extends Error {
  override readonly name = "NameTakenError";
}

/** The two parts of an object that are applied apart from each other. */
type Part = "main" | "status";

export class Applier {
  constructor(private readonly client: KubeClient, private readonly cache: Cache) {}

  /** Applies an object unless that would change nothing. @returns whether a request was made. */
  async apply<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<boolean> {
    return await this.#apply(resource, object, "main");
  }

  /** Applies the status of an object unless that would change nothing. @returns whether a request was made. */
  async applyStatus<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<boolean> {
    return await this.#apply(resource, object, "status");
  }

  async #apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied<T>,
    part: Part,
  ): Promise<boolean> {
    const store = this.cache.store(resource);
    if (isSettled(store, object, part)) return false;
    store.putWritten(await this.#send(resource, object, part));
    remember(store, object, part);
    return true;
  }

  async #send<T extends KubeObject>(resource: Resource<T>, object: Applied<T>, part: Part): Promise<T> {
    if (part === "status") return await this.client.applyStatus(resource, object);
    return this.#isOurs(resource, object)
      ? await this.client.apply(resource, object)
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
   * seen yet. So nothing is taken over, and only where that meets resistance is it looked at who is there.
   * @throws NameTakenError
   */
  async #applyFirst<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<T> {
    try {
      return await this.client.applyUnforced(resource, object);
    } catch (error) {
      if (!isConflict(error) && !isInvalid(error)) throw error;
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
    const applied = live.metadata.managedFields?.some(({ manager, operation }) =>
      manager === fieldManager && operation === "Apply"
    );
    if (owner === undefined && applied) return;
    const whose = owner === undefined ? "nobody that we know" : `${owner.kind} ${owner.name}`;
    throw new NameTakenError(
      `Cannot make ${live.kind} ${
        keyOf(live.metadata)
      } as one of this name exists and belongs to ${whose}. ` +
        "Delete or rename it.",
    );
  }
}

function controllerOf({ metadata }: Pick<Frozen<KubeObject>, "metadata">) {
  return metadata.ownerReferences?.find(({ controller }) => controller);
}

/** The server also answers so to a second controlling owner. */
function isInvalid(error: unknown): boolean {
  return error instanceof ApiError && error.status.code === 422;
}

function isSettled<T extends KubeObject>(store: Store<T>, object: Applied<T>, part: Part): boolean {
  const entry = store.entry(keyOf(object.metadata));
  if (entry === undefined) return false;
  const { verdict, doubts } = compareApply(object, entry.object, parseFieldTree(entry.owned[part]));
  if (verdict !== "unsure") return verdict === "same";
  const memo = part === "main" ? entry.memo : entry.statusMemo;
  return memo !== undefined && memo.desired === JSON.stringify(object) &&
    memo.doubts === JSON.stringify(doubts);
}

/** What the server made of the doubtful parts: the same again, over the same, will change nothing. */
function remember<T extends KubeObject>(store: Store<T>, object: Applied<T>, part: Part): void {
  const key = keyOf(object.metadata);
  const entry = store.entry(key);
  if (entry === undefined) return;
  const { verdict, doubts } = compareApply(object, entry.object, parseFieldTree(entry.owned[part]));
  if (verdict !== "unsure") return;
  const memo: ApplyMemo = { desired: JSON.stringify(object), doubts: JSON.stringify(doubts) };
  store.remember(key, part === "main" ? "memo" : "statusMemo", memo);
}
