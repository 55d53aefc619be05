/** The end of one call: the first of its time limit and of several signals. */
import type { Clock, Timer } from "../../kube/clock.ts";

export class Deadline implements Disposable {
  /** Whether the time limit came first. */
  expired = false;
  readonly #controller = new AbortController();
  readonly #timer: Timer;
  readonly #onAbort = () => this.#controller.abort();

  constructor(clock: Clock, milliseconds: number, private readonly outer: readonly AbortSignal[]) {
    this.#timer = clock.after(milliseconds, () => {
      this.expired = !this.signal.aborted;
      this.#controller.abort();
    });
    for (const signal of outer) {
      if (signal.aborted) this.#controller.abort();
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  /** Aborts at the end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Forgets timer and signals. */
  [Symbol.dispose](): void {
    this.#timer.cancel();
    for (const signal of this.outer) signal.removeEventListener("abort", this.#onAbort);
  }
}

/** Waits for `promise`, but not past the abort of `signal`: then rejects with what `late` makes. */
export async function until<T>(promise: Promise<T>, signal: AbortSignal, late: () => Error): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(late());
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
