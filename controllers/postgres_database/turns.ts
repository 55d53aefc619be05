/** Who may talk to a server now: one pass for each cluster at a time, and not too many in all. */

/** A turn that is given back by disposing of it. */
export type Turn = Disposable;

interface Waiting {
  readonly key: string;
  readonly start: () => void;
}

export class Turns {
  readonly #busy = new Set<string>();
  readonly #waiting: Waiting[] = [];

  /** @param most turns at the same time */
  constructor(private readonly most: number) {}

  /**
   * Waits until nobody else has the turn of this key. Those who wait are served in their order.
   * @throws the reason of `signal` when it aborts first
   */
  async take(key: string, signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted();
    if (!this.#isFree(key)) await this.#wait(key, signal);
    else this.#busy.add(key);
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#busy.delete(key);
        this.#next();
      },
    };
  }

  #isFree(key: string): boolean {
    return this.#busy.size < this.most && !this.#busy.has(key);
  }

  #wait(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const waiting = {
        key,
        start: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #next(): void {
    for (let at = 0; at < this.#waiting.length;) {
      const waiting = this.#waiting[at];
      if (waiting === undefined || this.#busy.size >= this.most) return;
      if (this.#busy.has(waiting.key)) {
        at++;
        continue;
      }
      this.#waiting.splice(at, 1);
      this.#busy.add(waiting.key);
      waiting.start();
    }
  }
}
