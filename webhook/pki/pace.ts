/** How soon after one piece of work the next may follow. */
import { backoffMs, type BackoffPolicy } from "../../kube/backoff.ts";
import type { Clock } from "../../kube/clock.ts";
import type { Random } from "../../kube/random.ts";

/** How a piece of work ended: without a write, with some, or not at all. */
export type Effort = "idle" | "wrote" | "failed";

const FAILURES: BackoffPolicy = { firstMs: 200, capMs: 30_000, jitter: 0.2 };

/** Writes of others come in twos and threes. */
export const GATHER_MS = 50;

/** So many times something may be put right at once; from then on, whoever keeps undoing it is answered this seldom. */
const BURST = 60;
const REFILL_MS = 5_000;

export class Pace {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #random: Random;
  #failures = 0;
  #left = BURST;
  #filledAt: number;

  constructor(clock: Pick<Clock, "monotonic">, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#filledAt = clock.monotonic();
  }

  /** Milliseconds to wait after a piece of work. */
  after(effort: Effort): number {
    this.#failures = effort === "failed" ? this.#failures + 1 : 0;
    if (effort === "failed") return backoffMs(FAILURES, this.#failures, this.#random);
    if (effort === "idle") return GATHER_MS;
    const now = this.#clock.monotonic();
    this.#left = Math.min(BURST, this.#left + (now - this.#filledAt) / REFILL_MS);
    this.#filledAt = now;
    if (this.#left < 1) return REFILL_MS;
    this.#left -= 1;
    return GATHER_MS;
  }
}
