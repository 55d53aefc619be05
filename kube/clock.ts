/** Time, handed in: so that tests turn it by hand and nothing in the runtime reads a clock of its own. */

/** A timer that can be called off; calling it off twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time, for timestamps only: it may jump in either direction. */
  now(): Date;
  /** Milliseconds since an arbitrary start; never goes back. All durations are measured with it. */
  monotonic(): number;
  /** Calls `callback` once after `milliseconds`. */
  after(milliseconds: number, callback: () => void): Timer;
}

/** `setTimeout` fires at once beyond this many milliseconds (2^31 - 1, about 24.8 days). */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  after(milliseconds, callback) {
    const id = setTimeout(callback, Math.min(Math.max(milliseconds, 0), LONGEST_TIMEOUT_MS));
    return { cancel: () => clearTimeout(id) };
  },
};

/**
 * Waits for `milliseconds`, or until `signal` aborts, whichever comes first.
 * @returns true when the time passed, false when the signal cut it short. Never rejects.
 */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = () => {
      timer.cancel();
      resolve(false);
    };
    const timer = clock.after(milliseconds, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve(true);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
