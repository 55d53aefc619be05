/**
 * Keys that wait for a worker.
 *
 * A key is at one place only: waiting, delayed, in work, or resting after it. Adding a waiting key again changes nothing
 * but its priority; adding one that is in work brings it back once the work is done. A key that rests comes back when its
 * rest is over, so that a burst of changes is one piece of work; but at once when a person waits for it. When a key is
 * neither waiting, delayed, in work nor resting, and has not failed lately, the queue remembers nothing of it.
 */
import { backoffMs, type BackoffPolicy } from "./backoff.ts";
import type { Clock, Timer } from "./clock.ts";
import type { Random } from "./random.ts";

/** `high`: a person is waiting for it. `normal`: the world changed. `low`: a look from time to time. */
export type Priority = "high" | "normal" | "low";

const ORDER: readonly Priority[] = ["high", "normal", "low"];

export interface QueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: BackoffPolicy;
}

interface Waiting {
  readonly priority: Priority;
  readonly since: number;
}

interface Delayed {
  readonly due: number;
  readonly priority: Priority;
  readonly timer: Timer;
}

interface Resting {
  readonly timer: Timer;
  /** What was added meanwhile. */
  added?: Waiting;
}

export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #lanes: Record<Priority, Map<string, Waiting>> = {
    high: new Map(),
    normal: new Map(),
    low: new Map(),
  };
  readonly #delayed = new Map<string, Delayed>();
  readonly #working = new Set<string>();
  /** Keys added while in work, with the priority they come back with. */
  readonly #again = new Map<string, Waiting>();
  readonly #resting = new Map<string, Resting>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;
  /** Keys ever added, coalesced ones counted once; and keys ever put back after a failure. */
  adds = 0;
  retries = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Keys that could be worked on now. */
  get depth(): number {
    return ORDER.reduce((sum, lane) => sum + this.#lanes[lane].size, 0);
  }

  /** Age in seconds of the key that has waited longest; 0 when none waits. */
  get oldestAgeSeconds(): number {
    const starts = ORDER.flatMap((lane) => [...this.#lanes[lane].values()].slice(0, 1)).map((item) =>
      item.since
    );
    if (starts.length === 0) return 0;
    return (this.#options.clock.monotonic() - Math.min(...starts)) / 1000;
  }

  /** Everything the queue remembers, by kind of memory: all zero when nothing is to be done. */
  get footprint(): Readonly<Record<"waiting" | "delayed" | "working" | "again" | "failures", number>> {
    return {
      waiting: this.depth,
      delayed: this.#delayed.size + this.#resting.size,
      working: this.#working.size,
      again: this.#again.size,
      failures: this.#failures.size,
    };
  }

  add(key: string, priority: Priority = "normal"): void {
    if (this.#closed) return;
    this.#cancelDelay(key);
    const item = { priority, since: this.#options.clock.monotonic() };
    const resting = this.#resting.get(key);
    if (this.#working.has(key)) {
      this.#again.set(key, moreUrgent(item, this.#again.get(key)));
    } else if (resting !== undefined && priority !== "high") {
      resting.added = moreUrgent(item, resting.added);
    } else {
      this.#endRest(key);
      this.#enqueue(key, item);
    }
  }

  /** Adds a key after a while, unless it is added or due earlier anyway. */
  addAfter(key: string, milliseconds: number, priority: Priority = "low"): void {
    if (this.#closed || this.#isWaiting(key)) return;
    const { clock } = this.#options;
    const due = clock.monotonic() + milliseconds;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.due <= due) return;
    this.#cancelDelay(key);
    const timer = clock.after(milliseconds, () => {
      this.#delayed.delete(key);
      this.add(key, priority);
    });
    this.#delayed.set(key, { due, priority, timer });
  }

  /** Plans a retry after a failure: each failure in a row waits longer. @returns the wait in milliseconds. */
  retry(key: string): number {
    this.retries++;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const wait = backoffMs(this.#options.backoff, failures, this.#options.random);
    this.addAfter(key, wait);
    return wait;
  }

  /** Forgets a key's failures: it worked, or it is pointless to retry. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Forgets a key altogether, because its object is gone; a key in work is finished first. */
  drop(key: string): void {
    this.forget(key);
    this.#cancelDelay(key);
    this.#again.delete(key);
    this.#endRest(key);
    for (const lane of ORDER) this.#lanes[lane].delete(key);
  }

  /** The next key to work on, most urgent first, oldest first; undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    const key = this.#next();
    if (key !== undefined || this.#closed) return Promise.resolve(key);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /**
   * Ends the work on a key; must follow each successful {@link take}.
   * @param restMs how long the key rests before it comes back, in milliseconds
   */
  done(key: string, restMs = 0): void {
    this.#working.delete(key);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (this.#closed) return;
    if (again !== undefined) this.#cancelDelay(key);
    if (restMs > 0 && again?.priority !== "high") this.#rest(key, restMs, again);
    else if (again !== undefined) this.#enqueue(key, again);
  }

  /** Lets every waiting worker go, and takes in nothing more. */
  close(): void {
    this.#closed = true;
    for (const delayed of this.#delayed.values()) delayed.timer.cancel();
    this.#delayed.clear();
    for (const resting of this.#resting.values()) resting.timer.cancel();
    this.#resting.clear();
    for (const lane of ORDER) this.#lanes[lane].clear();
    this.#again.clear();
    this.#failures.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #rest(key: string, restMs: number, added: Waiting | undefined): void {
    const timer = this.#options.clock.after(restMs, () => {
      const { added } = this.#resting.get(key) ?? {};
      this.#resting.delete(key);
      if (added !== undefined) this.#enqueue(key, added);
    });
    this.#resting.set(key, added === undefined ? { timer } : { timer, added });
  }

  #endRest(key: string): void {
    this.#resting.get(key)?.timer.cancel();
    this.#resting.delete(key);
  }

  #enqueue(key: string, item: Waiting): void {
    const lane = ORDER.find((name) => this.#lanes[name].has(key));
    const known = lane === undefined ? undefined : this.#lanes[lane].get(key);
    const wanted = moreUrgent(item, known);
    if (lane === wanted.priority) return;
    if (lane !== undefined) this.#lanes[lane].delete(key);
    else this.adds++;
    this.#lanes[wanted.priority].set(key, wanted);
    this.#wake();
  }

  #wake(): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(this.#next());
  }

  #next(): string | undefined {
    for (const lane of ORDER) {
      for (const key of this.#lanes[lane].keys()) {
        this.#lanes[lane].delete(key);
        this.#working.add(key);
        return key;
      }
    }
    return undefined;
  }

  #isWaiting(key: string): boolean {
    return this.#again.has(key) || this.#resting.get(key)?.added !== undefined ||
      ORDER.some((lane) => this.#lanes[lane].has(key));
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
  }
}

/** The more urgent priority of two requests for one key, and the age of the older. */
function moreUrgent(item: Waiting, known: Waiting | undefined): Waiting {
  if (known === undefined) return item;
  const urgent = ORDER.indexOf(item.priority) < ORDER.indexOf(known.priority) ? item : known;
  return { priority: urgent.priority, since: Math.min(item.since, known.since) };
}
