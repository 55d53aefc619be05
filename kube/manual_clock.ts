/** A clock that only moves when told: for tests of anything that waits. */
import type { Clock, Timer } from "./clock.ts";

interface Entry {
  due: number;
  order: number;
  callback: () => void;
}

export class ManualClock implements Clock {
  #monotonic = 0;
  #wall: number;
  #order = 0;
  #entries = new Set<Entry>();

  constructor(start: Date = new Date("2026-01-01T00:00:00Z")) {
    this.#wall = start.getTime();
  }

  now(): Date {
    return new Date(this.#wall);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const entry = { due: this.#monotonic + Math.max(milliseconds, 0), order: this.#order++, callback };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  /** Number of timers that have not fired. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Moves the wall clock alone, as an operator of the machine or NTP would; durations do not notice. */
  jumpWall(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  /** Moves time forward, firing each timer at its own moment, and lets promises settle in between. */
  async advance(milliseconds: number): Promise<void> {
    const target = this.#monotonic + milliseconds;
    await settle();
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      this.#moveTo(next.due);
      this.#entries.delete(next);
      next.callback();
      await settle();
    }
    this.#moveTo(target);
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #next(limit: number): Entry | undefined {
    return [...this.#entries]
      .filter((entry) => entry.due <= limit)
      .sort((a, b) => a.due - b.due || a.order - b.order)[0];
  }
}

/** Lets everything that is already resolved run: a macrotask turn drains the microtasks before it. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
