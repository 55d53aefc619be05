/**
 * Work that reconciles start and do not wait for: calls to systems that may be slow or silent. At most one run for each
 * key is under way; when it ends, its key is looked at again, and the reconcile finds what came of it here. A silent system
 * so holds up nobody but those who need its answer.
 */
import { detached } from "../telemetry/tracing.ts";
import { backoffMs, type BackoffPolicy } from "./backoff.ts";
import type { Clock, Timer } from "./clock.ts";
import type { Wakes } from "./controller.ts";
import type { Random } from "./random.ts";

/** What came of the work for a key. `dueMs` is when the next run is due, in milliseconds from now; 0 while one is under way. */
export type Progress<Result> =
  & { readonly dueMs: number }
  & (
    /** The first run is under way. */
    | { readonly kind: "pending" }
    /**
     * The latest run that ended gave a result, `ageMs` ago. `outdated`: something was done since it began that it may not
     * tell of.
     */
    | { readonly kind: "done"; readonly result: Result; readonly ageMs: number; readonly outdated: boolean }
    /** The latest run failed, as did all before it for `failingMs`. */
    | { readonly kind: "failed"; readonly error: Error; readonly failingMs: number }
  );

export interface Task<Result> {
  /** What is asked for: a task with another identity is begun anew, and the answer to the former is dropped. */
  readonly id: string;
  /** For how long a result holds, in milliseconds. */
  freshMs(result: Result): number;
  run(signal: AbortSignal): Promise<Result>;
  /**
   * When given, the work goes on by itself each time that a result ceases to hold, and its key is woken only by a result
   * whose digest differs from that of the one before, or by a failure.
   */
  digest?(result: Result): string;
}

/** Of the reconcile that asks. */
export interface Asking {
  readonly clock: Clock;
  /** Aborts when this process stops or may not work any more. */
  readonly signal: AbortSignal;
}

interface Entry<Result> {
  readonly id: string;
  readonly stop: AbortController;
  running: boolean;
  failures: number;
  /** Monotonic milliseconds. */
  dueAt: number;
  /** Counts what was done since that results may not tell of. */
  version: number;
  next?: Timer;
  ended?: { readonly result: Result; readonly at: number; readonly version: number };
  failed?: { readonly error: Error; readonly since: number };
}

export class Background<Result> implements Wakes {
  readonly #entries = new Map<string, Entry<Result>>();
  readonly #listeners = new Set<(key: string) => void>();
  readonly #signals = new WeakSet<AbortSignal>();

  /** @param backoff pauses after failures */
  constructor(private readonly backoff: BackoffPolicy, private readonly random: Random = Math.random) {}

  /** Keys that something is kept for. */
  get size(): number {
    return this.#entries.size;
  }

  subscribe(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is known of the task, which is begun when it is due. Returns at once. */
  look(key: string, task: Task<Result>, asking: Asking): Progress<Result> {
    this.#endWith(asking.signal);
    const entry = this.#entryFor(key, task.id);
    const now = asking.clock.monotonic();
    if (!entry.running && now >= entry.dueAt) this.#begin(key, entry, task, asking);
    return progressOf(entry, now);
  }

  /** Says that something was done that the latest result may not tell of: the next look begins a new run. */
  outdate(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.version++;
    entry.dueAt = -Infinity;
  }

  /** Drops what is kept for a key, and stops its work. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.next?.cancel();
    entry.stop.abort();
  }

  /** No timer outlives the process that asked. */
  #endWith(signal: AbortSignal): void {
    if (this.#signals.has(signal)) return;
    this.#signals.add(signal);
    signal.addEventListener("abort", () => [...this.#entries.keys()].forEach((key) => this.forget(key)), {
      once: true,
    });
  }

  #entryFor(key: string, id: string): Entry<Result> {
    const known = this.#entries.get(key);
    if (known?.id === id) return known;
    this.forget(key);
    const entry: Entry<Result> = {
      id,
      stop: new AbortController(),
      running: false,
      failures: 0,
      dueAt: -Infinity,
      version: 0,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #begin(key: string, entry: Entry<Result>, task: Task<Result>, asking: Asking): void {
    const { clock, signal } = asking;
    entry.running = true;
    entry.next?.cancel();
    void this.#run(entry, task, AbortSignal.any([signal, entry.stop.signal]), clock).then((isNews) => {
      entry.running = false;
      if (this.#entries.get(key) !== entry) return;
      if (signal.aborted) return this.forget(key);
      this.#goOn(key, entry, task, asking);
      if (isNews) { for (const listener of this.#listeners) listener(key); }
    });
  }

  /** Work that goes on by itself after a result; failures wake the reconcile, which then asks in its own time. */
  #goOn(key: string, entry: Entry<Result>, task: Task<Result>, asking: Asking): void {
    if (task.digest === undefined) return;
    const inMs = Math.max(0, entry.dueAt - asking.clock.monotonic());
    entry.next = asking.clock.after(inMs, () => {
      if (this.#entries.get(key) !== entry || entry.running) return;
      detached(() => this.#begin(key, entry, task, asking));
    });
  }

  /** @returns whether the key is to be woken. */
  async #run(entry: Entry<Result>, task: Task<Result>, signal: AbortSignal, clock: Clock): Promise<boolean> {
    const { version, ended: before, failed } = entry;
    try {
      const result = await task.run(signal);
      const at = clock.monotonic();
      entry.ended = { result, at, version };
      delete entry.failed;
      entry.failures = 0;
      entry.dueAt = entry.version === version ? at + task.freshMs(result) : -Infinity;
      const isSame = before !== undefined && failed === undefined && before.version === entry.version &&
        task.digest?.(before.result) === task.digest?.(result);
      return task.digest === undefined || !isSame;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const at = clock.monotonic();
      entry.failed = { error, since: entry.failed?.since ?? at };
      entry.failures++;
      entry.dueAt = at + backoffMs(this.backoff, entry.failures, this.random);
      return true;
    }
  }
}

function progressOf<Result>(entry: Entry<Result>, now: number): Progress<Result> {
  const dueMs = entry.running ? 0 : Math.max(0, entry.dueAt - now);
  const { failed, ended, version } = entry;
  if (failed !== undefined) {
    return { kind: "failed", error: failed.error, failingMs: now - failed.since, dueMs };
  }
  if (ended === undefined) return { kind: "pending", dueMs };
  const outdated = ended.version !== version;
  return { kind: "done", result: ended.result, ageMs: now - ended.at, outdated, dueMs };
}
