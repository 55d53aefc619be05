/** Server-side apply that is only sent when it would change something. */
import { compareApply } from "./apply_diff.ts";
import type { Cache } from "./cache.ts";
import type { Applied, KubeClient } from "./client.ts";
import { parseFieldTree } from "./owned_fields.ts";
import type { Resource } from "./resource.ts";
import { type ApplyMemo, keyOf, type Store } from "./store.ts";
import type { KubeObject } from "./types.ts";

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
    const answer = part === "main"
      ? await this.client.apply(resource, object)
      : await this.client.applyStatus(resource, object);
    store.putWritten(answer);
    remember(store, object, part);
    return true;
  }
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
