/**
 * Keeps a {@link Store} equal to what the API server has: list once, then watch.
 *
 * | what happens                             | what follows                                                        |
 * | ---------------------------------------- | ------------------------------------------------------------------- |
 * | the watch ends in good order             | a new watch from the last version seen                              |
 * | it breaks, or stays silent for too long, | the same, after a pause that grows                                  |
 * | or ends at once without a word           |                                                                     |
 * | 410 Gone, or an unreadable line          | a fresh list, after a pause that grows                              |
 * | 404: the kind is not served              | the store is emptied; its CustomResourceDefinition is waited for    |
 * | 401, 403, no connection                  | said once, tried again after a pause that grows (up to 30 s ± 50 %) |
 *
 * Watching on from the last version loses nothing: the server sends every later change or answers 410.
 */
import type { Logger } from "../telemetry/log.ts";
import type { RuntimeMetrics } from "../telemetry/metrics.ts";
import { backoffMs, REFLECTOR_BACKOFF } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { waitUntilServed } from "./definition.ts";
import { ApiError, isGone, isNotFound } from "./errors.ts";
import type { Random } from "./random.ts";
import { qualifiedName, type Resource } from "./resource.ts";
import type { Selection } from "./selector.ts";
import { compareVersions, keyOf, type Store } from "./store.ts";
import { TransportError } from "./transport.ts";
import type { KubeObject } from "./types.ts";
import { isObject, type WatchConnection, type WatchEvent } from "./watch.ts";

/** Where a reflector stands; `message` tells a person what to do. */
export type ReflectorState =
  | { readonly kind: "starting" }
  | { readonly kind: "synced" }
  | { readonly kind: "missing"; readonly message: string }
  | { readonly kind: "forbidden"; readonly message: string }
  | { readonly kind: "unreachable"; readonly message: string };

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly selection: Selection;
  readonly store: Store<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
  /**
   * A watch that says nothing for this long is taken for dead, in milliseconds. The server sends a bookmark about every
   * minute, so the default is 150 000.
   */
  readonly silenceMs?: number;
  /** Whether work goes on without this kind: that it is not there is then no warning. */
  readonly optional?: boolean;
  /** Called whenever the state changes. */
  readonly onState?: (state: ReflectorState) => void;
}

const SILENCE_MS = 150_000;

/** A watch that ends sooner than this without an event is no watch: whoever answers so would be asked in a tight loop. */
const SHORTEST_WATCH_MS = 1_000;

/** The server ends a watch after this many seconds (up to twice, by chance), so that load spreads over its replicas. */
const WATCH_SECONDS = 300;

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #log: Logger;
  #state: ReflectorState = { kind: "starting" };
  #version: string | undefined;
  /** The newest version ever seen, to notice an API server that was restored from a backup. */
  #highest = "";
  #failures = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#log = options.log.with({
      resource: qualifiedName(options.resource),
      ...namespaceOf(options.selection),
    });
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** Runs until `signal` aborts. Never rejects: whatever goes wrong is logged and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, selection, store } = this.#options;
    const seen = new Set<string>();
    let version = "";
    for await (const page of client.list(resource, selection)) {
      if (signal.aborted) return;
      if (version === "" && compareVersions(page.resourceVersion, this.#highest) < 0) this.#startOver();
      for (const item of page.items) this.#takeListed(item, seen);
      version = page.resourceVersion;
    }
    for (const key of [...store.keys()]) {
      if (!seen.has(key) && this.#covers(key)) store.remove(key, version);
    }
    this.#options.metrics.listed(qualifiedName(resource), seen.size);
    this.#advance(version);
    this.#enter({ kind: "synced" });
  }

  #takeListed(item: T, seen: Set<string>): void {
    if (!isObject<T>(item)) {
      this.#log.warn("Passed over a malformed object in a list", {
        excerpt: JSON.stringify(item).slice(0, 300),
      });
      return;
    }
    seen.add(keyOf(item.metadata));
    this.#guard(item, () => this.#options.store.put(item));
  }

  /** A consistent list that is older than what was seen before: history was rewound, so nothing known can be trusted. */
  #startOver(): void {
    this.#log.warn(
      "The API server's history was rewound (restored from a backup?): taking everything in afresh",
    );
    this.#highest = "";
    this.#empty();
  }

  #empty(): void {
    for (const key of [...this.#options.store.keys()]) if (this.#covers(key)) this.#options.store.remove(key);
  }

  /** Whether a key of the store is this reflector's to remove: each namespace may have a reflector of its own. */
  #covers(key: string): boolean {
    const { namespace } = this.#options.selection;
    return namespace === undefined || key.startsWith(`${namespace}/`);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, selection, random, metrics } = this.#options;
    if (this.#version === undefined) return;
    const stop = new AbortController();
    const onAbort = () => stop.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + random()));
    let reason = "ended";
    try {
      const options = { resourceVersion: this.#version, timeoutSeconds, signal: stop.signal };
      const connection = await client.watch(resource, selection, options);
      try {
        await this.#consume(connection);
      } finally {
        await connection.close();
      }
    } catch (error) {
      reason = endReason(error);
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      metrics.watchEnded(qualifiedName(resource), reason);
    }
  }

  async #consume(connection: WatchConnection<T>): Promise<void> {
    const { clock, silenceMs = SILENCE_MS } = this.#options;
    const silence = new Silence(clock, silenceMs, () => connection.close());
    const opened = clock.monotonic();
    let heard = false;
    try {
      for (let events = await connection.next(); events !== undefined; events = await connection.next()) {
        silence.broken();
        heard = true;
        for (const event of events) this.#handle(event);
        this.#failures = 0;
        this.#enter({ kind: "synced" });
      }
      if (silence.expired) throw new TransportError("timeout", "The watch stayed silent for too long");
      if (!heard && clock.monotonic() - opened < SHORTEST_WATCH_MS) {
        throw new TransportError("broken", "The watch ended at once, without an event");
      }
    } finally {
      silence.stop();
    }
  }

  #handle(event: WatchEvent<T>): void {
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        this.#guard(event.object, () => this.#options.store.put(event.object));
        return this.#advance(event.object.metadata.resourceVersion);
      case "DELETED": {
        const { metadata } = event.object;
        this.#guard(
          event.object,
          () => this.#options.store.remove(keyOf(metadata), metadata.resourceVersion),
        );
        return this.#advance(metadata.resourceVersion);
      }
      case "BOOKMARK":
        return this.#advance(event.resourceVersion);
      case "MALFORMED":
        return this.#log.warn("Passed over a malformed watch event", { excerpt: event.line.slice(0, 300) });
      case "ERROR":
        throw event.error;
    }
  }

  /** A listener that throws is a bug of ours, but it must not keep the next object from being seen. */
  #guard(object: T, take: () => void): void {
    try {
      take();
    } catch (error) {
      this.#log.error("Cannot take in an object", { object: keyOf(object.metadata), error });
    }
  }

  #advance(version: string | undefined): void {
    if (version === undefined || compareVersions(version, this.#version) < 0) return;
    this.#version = version;
    if (compareVersions(version, this.#highest) > 0) this.#highest = version;
    this.#options.store.progress(this.#options.selection.namespace ?? "", version);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failures++;
    if (isGone(error) || error instanceof SyntaxError) this.#version = undefined;
    if (isNotFound(error)) return await this.#awaitDefinition(signal);
    this.#note(error);
    const { clock, random } = this.#options;
    await sleep(clock, backoffMs(REFLECTOR_BACKOFF, this.#failures, random), signal);
  }

  #note(error: unknown): void {
    if (error instanceof ApiError && [401, 403].includes(error.status.code)) {
      const message = `Cannot list and watch ${
        qualifiedName(this.#options.resource)
      }: ${error.status.message}`;
      return this.#enter({ kind: "forbidden", message });
    }
    const unreachable = error instanceof TransportError &&
      (error.failure === "unreachable" || error.failure === "untrusted" || this.#failures > 3);
    if (unreachable) return this.#enter({ kind: "unreachable", message: error.message });
    const write = this.#failures > 3 ? this.#log.warn : this.#log.debug;
    write.call(this.#log, "A list or watch ended early and is taken up again", {
      failures: this.#failures,
      error,
    });
  }

  async #awaitDefinition(signal: AbortSignal): Promise<void> {
    const { client, resource, clock, random } = this.#options;
    this.#version = undefined;
    this.#empty();
    this.#enter({
      kind: "missing",
      message: `The API server does not serve ${
        qualifiedName(resource)
      }; install its CustomResourceDefinition`,
    });
    await waitUntilServed({ client, resource, clock, random, failures: this.#failures }, signal);
  }

  #enter(state: ReflectorState): void {
    if (state.kind === this.#state.kind) return;
    this.#state = state;
    if (state.kind === "synced") {
      this.#log.debug("In step with the API server", { objects: this.#options.store.size });
    } else if (state.kind !== "starting") this.#tell(state.kind, state.message);
    this.#options.onState?.(state);
  }

  /** A kind that nobody needs may be missing for good. */
  #tell(kind: ReflectorState["kind"], message: string): void {
    if (kind === "missing" && this.#options.optional) this.#log.debug(message);
    else this.#log.warn(message);
  }
}

/** Ends something that says nothing for too long. Each word of it is noted only: timers cost more than words. */
class Silence {
  expired = false;
  #timer;
  #since;

  constructor(private clock: Clock, private limitMs: number, private end: () => Promise<void>) {
    this.#since = clock.monotonic();
    this.#timer = this.#arm(limitMs);
  }

  broken(): void {
    this.#since = this.clock.monotonic();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #arm(milliseconds: number) {
    return this.clock.after(milliseconds, () => {
      const left = this.#since + this.limitMs - this.clock.monotonic();
      if (left > 0) {
        this.#timer = this.#arm(left);
        return;
      }
      this.expired = true;
      void this.end();
    });
  }
}

function namespaceOf(selection: Selection): { namespace?: string } {
  return selection.namespace === undefined ? {} : { namespace: selection.namespace };
}

function endReason(error: unknown): string {
  if (error instanceof TransportError) return error.failure;
  if (error instanceof ApiError) return String(error.status.code);
  return error instanceof Error ? error.name : "unknown";
}
