/** The clock of the machine, which a test can turn forward: for waits of minutes in the midst of a real world. */
import { type Clock, systemClock, type Timer } from "../../kube/clock.ts";

interface Entry {
  readonly due: number;
  readonly callback: () => void;
  timer: Timer;
}

export class TurnedClock implements Clock {
  #aheadMs = 0;
  readonly #entries = new Set<Entry>();

  now(): Date {
    return new Date(systemClock.now().getTime() + this.#aheadMs);
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#aheadMs;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const entry: Entry = { due: this.monotonic() + milliseconds, callback, timer: { cancel: () => {} } };
    this.#entries.add(entry);
    this.#arm(entry);
    return {
      cancel: () => {
        entry.timer.cancel();
        this.#entries.delete(entry);
      },
    };
  }

  /** What is due by then happens now. */
  turn(seconds: number): void {
    this.#aheadMs += seconds * 1_000;
    for (const entry of this.#entries) {
      entry.timer.cancel();
      this.#arm(entry);
    }
  }

  #arm(entry: Entry): void {
    entry.timer = systemClock.after(entry.due - this.monotonic(), () => {
      this.#entries.delete(entry);
      entry.callback();
    });
  }
}
