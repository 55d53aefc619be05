/**
 * Work that reconciles start and do not wait for: calls to systems that may be slow or silent. At most one run for each
 * key is under way; when it ends, its key is looked at again, and the reconcile finds what came of it here. A silent system
 * so holds up nobody but those who need its answer.
 */
import { backoffMs, type BackoffPolicy } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Wakes } from "./controller.ts";
import type { Random } from "./random.ts";

/** What came of the work for a key. `dueMs` is when the next run is due, in milliseconds from now; 0 while one is under way. */
export type Progress<Result> =
  & { readonly dueMs: number }
  & (
    /** The first run is under way. */
    | { readonly kind: "pending" }
    /** The latest run that ended gave a result, `ageMs` ago. */
    | { readonly kind: "done"; readonly result: Result; readonly ageMs: number }
    /** The latest run failed, as did all before it for `failingMs`. */
    | { readonly kind: "failed"; readonly error: Error; readonly failingMs: number }
  );

export interface Task<Result> {
  /** What is asked for: a task with another identity is begun anew, and the answer to the former is dropped. */
  readonly id: string;
  /** For how long a result holds, in milliseconds. */
  readonly freshMs: number;
  run(signal: AbortSignal): Promise<Result>;
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
  ended?: { readonly result: Result; readonly at: number };
  failed?: { readonly error: Error; readonly since: number };
}

export class Background<Result> implements Wakes {
  readonly #entries = new Map<string, Entry<Result>>();
  readonly #listeners = new Set<(key: string) => void>();

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
    const entry = this.#entryFor(key, task.id);
    const now = asking.clock.monotonic();
    if (!entry.running && now >= entry.dueAt) this.#begin(key, entry, task, asking);
    return progressOf(entry, now);
  }

  /** Drops what is kept for a key, and stops its work. */
  forget(key: string): void {
    this.#entries.get(key)?.stop.abort();
    this.#entries.delete(key);
  }

  #entryFor(key: string, id: string): Entry<Result> {
    const known = this.#entries.get(key);
    if (known?.id === id) return known;
    known?.stop.abort();
    const entry = { id, stop: new AbortController(), running: false, failures: 0, dueAt: -Infinity };
    this.#entries.set(key, entry);
    return entry;
  }

  #begin(key: string, entry: Entry<Result>, task: Task<Result>, { clock, signal }: Asking): void {
    entry.running = true;
    void this.#run(entry, task, AbortSignal.any([signal, entry.stop.signal]), clock).then(() => {
      entry.running = false;
      if (this.#entries.get(key) !== entry) return;
      if (signal.aborted) this.#entries.delete(key);
      else for (const listener of this.#listeners) listener(key);
    });
  }

  async #run(entry: Entry<Result>, task: Task<Result>, signal: AbortSignal, clock: Clock): Promise<void> {
    try {
      const result = await task.run(signal);
      const at = clock.monotonic();
      entry.ended = { result, at };
      delete entry.failed;
      entry.failures = 0;
      entry.dueAt = at + task.freshMs;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const at = clock.monotonic();
      entry.failed = { error, since: entry.failed?.since ?? at };
      entry.failures++;
      entry.dueAt = at + backoffMs(this.backoff, entry.failures, this.random);
    }
  }
}

function progressOf<Result>(entry: Entry<Result>, now: number): Progress<Result> {
  const dueMs = entry.running ? 0 : Math.max(0, entry.dueAt - now);
  const { failed, ended } = entry;
  if (failed !== undefined) {
    return { kind: "failed", error: failed.error, failingMs: now - failed.since, dueMs };
  }
  if (ended !== undefined) return { kind: "done", result: ended.result, ageMs: now - ended.at, dueMs };
  return { kind: "pending", dueMs };
}
