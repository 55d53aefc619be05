/** Runs one controller: turns changes into keys, keys into reconciles, and outcomes into what happens next. */
import type { Logger } from "../telemetry/log.ts";
import type { RuntimeMetrics } from "../telemetry/metrics.ts";
import { isTracing, markFailed, type Span, withSpan } from "../telemetry/tracing.ts";
import { act, type Caller } from "./act.ts";
import { Applier } from "./apply.ts";
import { RECONCILE_BACKOFF } from "./backoff.ts";
import { type Cache, controllerKey, type Watched } from "./cache.ts";
import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Controller, Outcome, ReconcileContext } from "./controller.ts";
import { isAborted, isFenced, isNotFound, isPermanent, isQuotaExceeded } from "./errors.ts";
import { EventRecorder, type Notice } from "./events.ts";
import type { Fence } from "./fence.ts";
import { reject } from "./rejection.ts";
import type { Plan } from "./plan.ts";
import { type Priority, WorkQueue } from "./queue.ts";
import type { Random } from "./random.ts";
import { StatusRest } from "./status_rest.ts";
import type { Resource } from "./resource.ts";
import { type Change, compareVersions, keyOf } from "./store.ts";
import { isStored } from "./stored.ts";
import type { Frozen, KubeObject, ObjectKey, Stored } from "./types.ts";

export interface RunnerOptions {
  /** Writes through it are refused once this process may not lead any more. */
  readonly client: KubeClient;
  /** For what others may go ahead of. */
  readonly courtesy: KubeClient;
  readonly fence: Fence;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
}

/** Passes that are under way at a time. Most of them wait for their turn to be sent (`limited_transport.ts`), or for an answer. */
const WORKERS = 60;

/**
 * After a pass its object rests for as long as the pass took, within these bounds in milliseconds, unless a person waits
 * for it: what the world does meanwhile is looked at in one pass. So an API server that is slow is asked less.
 */
const SHORTEST_REST_MS = 250;
const LONGEST_REST_MS = 1_000;

/** Quotas are not watched, so one that was raised is found by looking again, in milliseconds. */
const QUOTA_LOOK_MS = 60_000;

export class ControllerRunner<T extends KubeObject> {
  readonly #controller: Controller<T>;
  readonly #options: RunnerOptions;
  readonly #queue: WorkQueue;
  readonly #events: EventRecorder;
  readonly #applier: Applier;
  readonly #log: Logger;
  /** Keys of objects whose status is being written. */
  readonly #writing = new Set<string>();
  readonly #statusRest: StatusRest;
  readonly #unsubscribe: (() => void)[] = [];

  constructor(controller: Controller<T>, options: RunnerOptions) {
    const { client, courtesy, clock, random, metrics, cache } = options;
    this.#controller = controller;
    this.#options = options;
    this.#log = options.log.with({ controller: controller.name });
    this.#queue = new WorkQueue({ clock, random, backoff: RECONCILE_BACKOFF });
    this.#applier = new Applier(client, cache);
    this.#statusRest = new StatusRest(clock, controller.statusRestMs);
    const component = `${controller.name}-controller`;
    this.#events = new EventRecorder({ client: courtesy, clock, random, log: this.#log, component });
    this.#unsubscribe.push(metrics.registerQueue(controller.name, () => this.#queue));
  }

  /** What the queue remembers; all zero when every object is settled. */
  get footprint(): WorkQueue["footprint"] {
    return this.#queue.footprint;
  }

  /** Kinds that must be in step with the server before the first reconcile. */
  get resources(): Resource[] {
    return this.#watched.filter((each) => !each.optional).map((each) => each.resource);
  }

  get #watched(): Watched[] {
    const { watched, owns, sources = [] } = this.#controller;
    return [watched, ...owns, ...sources.map((source) => source.watched)];
  }

  /**
   * Works until `signal` aborts, then finishes what is under way.
   * @param cut aborts when even that takes too long.
   */
  async run(signal: AbortSignal, cut: AbortSignal): Promise<void> {
    const { cache } = this.#options;
    await cache.whenAsked(this.#watched.map(({ resource }) => resource), signal);
    const synced = await cache.whenSynced(this.resources, signal);
    if (synced) this.#subscribe();
    const onAbort = () => this.#queue.close();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const workers = Array.from({ length: WORKERS }, () => this.#work(cut));
    await Promise.all(workers);
    signal.removeEventListener("abort", onAbort);
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  /** Waits until told events are sent, at most `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    await this.#events.flush(limitMs);
  }

  #subscribe(): void {
    const { watched, owns, sources = [], wakes = [] } = this.#controller;
    const { cache } = this.#options;
    const store = cache.store(watched.resource);
    this.#unsubscribe.push(store.subscribe((change) => this.#onOwnChange(change)));
    for (const key of store.keys()) this.#queue.add(key);
    for (const owned of owns) {
      const listener = (change: Change<KubeObject>) => this.#onChildChange(change);
      this.#unsubscribe.push(cache.store(owned.resource).subscribe(listener));
    }
    for (const source of sources) {
      const listener = (change: Change<KubeObject>) => {
        for (const key of source.keys(change.object, cache)) this.#queue.add(key);
      };
      this.#unsubscribe.push(cache.store(source.watched.resource).subscribe(listener));
    }
    for (const wake of wakes) this.#unsubscribe.push(wake.subscribe((key) => this.#queue.add(key)));
  }

  #onOwnChange(change: Change<KubeObject>): void {
    const key = keyOf(change.object.metadata);
    if (this.#writing.has(key) && isOnlyStatus(change)) return;
    if (change.type !== "deleted") return this.#queue.add(key, priorityOf(change));
    this.#queue.drop(key);
    this.#statusRest.forget(key);
    this.#controller.forget?.(key);
  }

  #onChildChange(change: Change<KubeObject>): void {
    const owner = controllerKey(change.object, this.#controller.watched.resource);
    if (owner !== undefined) this.#queue.add(owner);
    if (change.type !== "updated") return;
    const former = controllerKey(change.previous, this.#controller.watched.resource);
    if (former !== undefined && former !== owner) this.#queue.add(former);
  }

  async #work(cut: AbortSignal): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const started = this.#options.clock.monotonic();
      try {
        await this.#handle(key, cut);
      } finally {
        this.#queue.done(key, restAfter(this.#options.clock.monotonic() - started));
      }
    }
  }

  async #handle(key: string, cut: AbortSignal): Promise<void> {
    const raw = this.#options.cache.store(this.#controller.watched.resource).get(key);
    if (raw === undefined) return this.#queue.forget(key);
    const { kind, metadata } = raw;
    const attributes = {
      "k8s.resource.kind": kind,
      "k8s.resource.name": metadata.name,
      "k8s.namespace": metadata.namespace ?? "",
    };
    const { cache, clock } = this.#options;
    const origin = isTracing() ? this.#controller.origin?.(raw, cache, clock.now()) : undefined;
    const pass = (span: Span) => this.#pass(raw, span, cut);
    await withSpan(`${kind}.Reconcile`, attributes, pass, { origin });
  }

  /** All that is logged here belongs to the span. */
  async #pass(raw: Frozen<KubeObject>, span: Span, cut: AbortSignal): Promise<void> {
    const key = keyOf(raw.metadata);
    const { clock, metrics } = this.#options;
    const started = clock.monotonic();
    const log = this.#log.with({ object: key, reconcile_id: crypto.randomUUID() });
    const outcome = await this.#attempt(raw, log, cut);
    const seconds = (clock.monotonic() - started) / 1000;
    if (outcome === undefined) return this.#queue.forget(key);
    if (outcome.kind === "failed") markFailed(span, outcome.error);
    metrics.reconciled(this.#controller.name, RESULT[outcome.kind], seconds, key);
    log.debug("Reconciled", { outcome: outcome.kind, duration_seconds: seconds });
    this.#follow(key, outcome, log);
  }

  /** @returns undefined when the reconcile was cut short because this process stops or does not lead any more. */
  async #attempt(raw: Frozen<KubeObject>, log: Logger, cut: AbortSignal): Promise<Outcome | undefined> {
    try {
      return await this.#reconcile(raw, log, cut);
    } catch (error) {
      if (isFenced(error) || isAborted(error)) return undefined;
      return { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  async #reconcile(raw: Frozen<KubeObject>, log: Logger, cut: AbortSignal): Promise<Outcome> {
    const context = this.#context(raw, log, cut);
    const { finalize } = this.#controller;
    if (finalize !== undefined && raw.metadata.deletionTimestamp !== undefined && isStored(raw)) {
      return await finalize(raw, context);
    }
    const decoded = this.#controller.decode(raw);
    if (!decoded.ok) {
      const { resource } = this.#controller.watched;
      await reject(raw, decoded.problems, { ...context, resource });
      return { kind: "settled" };
    }
    // An object of the cache came from the API server, so it has a UID and a resourceVersion.
    return await this.#controller.reconcile(decoded.value as T & Stored, context);
  }

  #context(raw: Frozen<KubeObject>, log: Logger, signal: AbortSignal): ReconcileContext {
    const { cache, client, fence, clock } = this.#options;
    const applier = this.#applier;
    const record = (notice: Parameters<EventRecorder["record"]>[1]) => this.#events.record(raw, notice);
    const { name, namespace } = raw.metadata;
    const key = namespace === undefined ? { name } : { name, namespace };
    return {
      cache,
      client,
      clock,
      log,
      fence,
      signal,
      record,
      act: (plan: Plan, rpc?: Caller) =>
        act(plan, { client, cache, applier, record, ...(rpc === undefined ? {} : { rpc }) }),
      writeStatus: (status, notices = []) => this.#writeStatus(raw, { key, status, notices }),
    };
  }

  /**
   * A status is written from what is known, so that it changed is no news to the pass that wrote it, whether the watch tells
   * of it or the answer does. But if someone changed the object after that, it must be looked at.
   */
  async #writeStatus(raw: Frozen<KubeObject>, { key, status, notices }: Telling): Promise<boolean> {
    const { resource } = this.#controller.watched;
    const name = keyOf(key);
    const known = this.#options.cache.store(resource).get(name);
    const object: { metadata: ObjectKey } & { status: typeof status } = { metadata: key, status };
    const waitMs = this.#statusRest.waitMs(name, statusOf(known), status);
    if (waitMs > 0) {
      if (!this.#applier.statusStands(resource, object)) this.#queue.addAfter(name, waitMs);
      return false;
    }
    for (const notice of notices) this.#events.record(raw, notice);
    this.#writing.add(name);
    try {
      const written = await this.#applier.applyStatus(resource, object);
      if (written === undefined) return false;
      this.#statusRest.wrote(name);
      const latest = this.#options.cache.store(resource).get(name)?.metadata.resourceVersion;
      if (compareVersions(latest, written.resourceVersion) > 0) this.#queue.add(name);
      return written.changed;
    } catch (error) {
      // An object that is gone needs no status.
      if (isNotFound(error)) return false;
      throw error;
    } finally {
      this.#writing.delete(name);
    }
  }

  #follow(key: string, outcome: Outcome, log: Logger): void {
    switch (outcome.kind) {
      case "settled":
        return this.#queue.forget(key);
      case "again":
        this.#queue.forget(key);
        return this.#queue.addAfter(key, outcome.afterSeconds * 1000);
      case "failed":
        return this.#followFailure(key, outcome.error, log);
    }
  }

  #followFailure(key: string, error: Error, log: Logger): void {
    if (isPermanent(error)) {
      this.#queue.forget(key);
      if (isQuotaExceeded(error)) this.#queue.addAfter(key, QUOTA_LOOK_MS);
      return log.error("Reconcile failed and waits for a change", { error });
    }
    const wait = this.#queue.retry(key);
    log.error("Reconcile failed", { error, retry_after_seconds: wait / 1000 });
  }
}

/** What is to be said of an object. */
interface Telling {
  readonly key: ObjectKey;
  readonly status: Readonly<Record<string, unknown>>;
  readonly notices: readonly Notice[];
}

function statusOf(object: Frozen<KubeObject> | undefined): unknown {
  return object !== undefined && "status" in object ? object.status : undefined;
}

function restAfter(passMs: number): number {
  return Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, passMs));
}

const RESULT = { settled: "success", again: "requeue_after", failed: "error" } as const;

/** Whether nothing but the status of an object has changed. */
function isOnlyStatus(change: Change<KubeObject>): boolean {
  if (change.type !== "updated") return false;
  const [now, before] = [change.object.metadata, change.previous.metadata];
  // The generation tells of every change of a spec, in kinds that have one.
  return now.generation !== undefined && withoutVersion(now) === withoutVersion(before);
}

function withoutVersion({ resourceVersion: _, ...metadata }: Frozen<KubeObject>["metadata"]): string {
  return JSON.stringify(metadata);
}

/** Whoever wrote the spec, or asked for deletion, is waiting; everything else is the world moving. */
function priorityOf(change: Change<KubeObject>): Priority {
  if (change.type !== "updated") return "high";
  const [now, before] = [change.object.metadata, change.previous.metadata];
  const asked = now.generation !== before.generation || now.deletionTimestamp !== before.deletionTimestamp;
  return asked ? "high" : "normal";
}
