/** The stores of all kinds that the controllers watch, and the reflectors that keep them current. */
import type { Logger } from "../telemetry/log.ts";
import type { RuntimeMetrics } from "../telemetry/metrics.ts";
import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";
import { Reflector, type ReflectorState } from "./reflector.ts";
import { apiVersionOf, qualifiedName, type Resource, storeName } from "./resource.ts";
import { Store, type StoreOptions } from "./store.ts";
import type { Frozen, KubeObject, ObjectKey } from "./types.ts";
import { keyOf } from "./store.ts";

/** One kind to be watched. */
export interface Watched<T extends KubeObject = KubeObject>
  extends Pick<StoreOptions<T>, "trim" | "indexes"> {
  readonly resource: Resource<T>;
  /** Only objects with these labels: own objects are selected, strangers are read live. */
  readonly labels?: string;
  /** Whether work may begin before this kind is in step with the server, or without the right to see it. */
  readonly optional?: boolean;
}

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
  /** Only these namespaces; all when absent. */
  readonly namespaces?: readonly string[];
  /** See {@link Reflector}. */
  readonly silenceMs?: number;
}

/** Where the reflector of one kind in one namespace stands. */
export interface Standing {
  readonly resource: string;
  readonly namespace?: string;
  readonly optional: boolean;
  readonly state: ReflectorState;
}

/** Index by the UID of the controlling owner; every store has it. */
const BY_CONTROLLER = "controller";

interface Slot {
  readonly watched: Watched;
  readonly store: Store<KubeObject>;
  readonly reflectors: Reflector<KubeObject>[];
}

export class Cache {
  readonly #options: CacheOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #waiters = new Set<() => void>();
  #changes = 0;

  constructor(options: CacheOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that a kind is watched; asking again for the same kind adds only indexes that are new.
   * @throws TypeError when the kind is watched already with another selection.
   */
  watch<T extends KubeObject>(watched: Watched<T>): Store<T> {
    const name = storeName(watched.resource);
    const known = this.#slots.get(name);
    if (known !== undefined && known.watched.labels !== watched.labels) {
      throw new TypeError(
        `Cannot watch ${name} with labels "${watched.labels}" as it is watched with "${known.watched.labels}"`,
      );
    }
    const slot = known ?? this.#open(watched);
    // A slot's store holds the objects of the resource that it was opened for.
    const store = slot.store as unknown as Store<T>;
    store.addIndexes(watched.indexes ?? {});
    return store;
  }

  /** Grows with each change of any store: while it stays the same, so does all that is read from them. */
  get changes(): number {
    return this.#changes;
  }

  isWatched(resource: Resource): boolean {
    return this.#slots.has(storeName(resource));
  }

  /** The store of a watched kind. @throws TypeError when the kind is not watched. */
  store<T extends KubeObject>(resource: Resource<T>): Store<T> {
    const slot = this.#slots.get(storeName(resource));
    if (slot === undefined) {
      throw new TypeError(`Cannot read ${resource.kind} from the cache as it is not watched`);
    }
    return slot.store as unknown as Store<T>;
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Frozen<T> | undefined {
    return this.store(resource).get(keyOf(key));
  }

  /** Objects of a kind whose controlling owner has this UID. */
  children<T extends KubeObject>(resource: Resource<T>, ownerUid: string): Frozen<T>[] {
    return this.store(resource).find(BY_CONTROLLER, ownerUid);
  }

  /** Runs all reflectors until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const reflectors = [...this.#slots.values()].flatMap((slot) => slot.reflectors);
    await Promise.all(reflectors.map((reflector) => reflector.run(signal)));
  }

  /** Whether one kind is in step with the server: when not, absence from its store proves nothing. */
  isCurrent<T extends KubeObject>(resource: Resource<T>): boolean {
    return this.isSynced([resource]);
  }

  /** Whether all of these kinds were listed and are being watched, in every namespace. */
  isSynced(resources: readonly Resource[]): boolean {
    return this.#reflectorsOf(resources).every((reflector) => reflector.state.kind === "synced");
  }

  /** Waits until these kinds are in step with the server. @returns false when `signal` aborted first. */
  async whenSynced(resources: readonly Resource[], signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted && !this.isSynced(resources)) await this.#nextChange(signal);
    return !signal.aborted;
  }

  /** Waits until the server has said something of these kinds, be it that they do not exist: not yet known is not unknown. */
  async whenAsked(resources: readonly Resource[], signal: AbortSignal): Promise<void> {
    const isStarting = () => this.#reflectorsOf(resources).some(({ state }) => state.kind === "starting");
    while (!signal.aborted && isStarting()) await this.#nextChange(signal);
  }

  standings(): Standing[] {
    return [...this.#slots.values()].flatMap((slot) =>
      slot.reflectors.map((reflector, at) => {
        const namespace = this.#options.namespaces?.[at];
        return {
          resource: qualifiedName(slot.watched.resource),
          ...(namespace === undefined || !slot.watched.resource.namespaced ? {} : { namespace }),
          optional: slot.watched.optional ?? false,
          state: reflector.state,
        };
      })
    );
  }

  #open<T extends KubeObject>(watched: Watched<T>): Slot {
    const { namespaces, client, ...shared } = this.#options;
    const { resource, labels } = watched;
    const store = new Store<T>({
      fieldManager: resource.fieldManager ?? client.fieldManager,
      ...(resource.formerStatusManagers === undefined
        ? {}
        : { formerStatusManagers: resource.formerStatusManagers }),
      ...(watched.trim === undefined ? {} : { trim: watched.trim }),
      indexes: { ...watched.indexes, [BY_CONTROLLER]: controllerUids },
    });
    store.subscribe(() => this.#changes++);
    const scopes = resource.namespaced && namespaces !== undefined
      ? namespaces.map((namespace) => ({ namespace }))
      : [{}];
    const reflectors = scopes.map((scope) =>
      new Reflector<T>({
        ...shared,
        client,
        resource,
        store,
        selection: labels === undefined ? scope : { ...scope, labels },
        optional: watched.optional ?? false,
        onState: () => this.#tellWaiters(),
      })
    );
    // The map holds stores of many kinds; `watch` and `store` hand each out under its own resource only.
    const slot = { watched, store, reflectors } as unknown as Slot;
    this.#slots.set(storeName(resource), slot);
    return slot;
  }

  #reflectorsOf(resources: readonly Resource[]): Reflector<KubeObject>[] {
    return resources.flatMap((resource) => this.#slots.get(storeName(resource))?.reflectors ?? []);
  }

  #tellWaiters(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        this.#waiters.delete(finish);
        signal.removeEventListener("abort", finish);
        resolve();
      };
      this.#waiters.add(finish);
      signal.addEventListener("abort", finish, { once: true });
    });
  }
}

function controllerUids(object: Frozen<KubeObject>): string[] {
  return (object.metadata.ownerReferences ?? []).filter((owner) => owner.controller).map((owner) =>
    owner.uid
  );
}

/** The key of the controlling owner when it is of kind `resource`, as its children's events lead back to it. */
export function controllerKey(object: Frozen<KubeObject>, resource: Resource): string | undefined {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  if (owner === undefined || owner.kind !== resource.kind) return undefined;
  if (owner.apiVersion.split("/")[0] !== apiVersionOf(resource).split("/")[0]) return undefined;
  const { namespace } = object.metadata;
  return keyOf(
    resource.namespaced && namespace !== undefined ? { namespace, name: owner.name } : { name: owner.name },
  );
}
