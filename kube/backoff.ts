/** How long to wait before trying again. */
import type { Random } from "./random.ts";

export interface BackoffPolicy {
  /** Wait before the first retry, in milliseconds. */
  readonly firstMs: number;
  /** No wait is longer than this (before jitter), in milliseconds. */
  readonly capMs: number;
  /** Share of the wait that chance adds or takes away: 0.1 means ± 10 %. */
  readonly jitter: number;
}

/** Failed reconciles: 5 s doubling to 300 s, ± 10 %, so that many failing objects do not retry in step. */
export const RECONCILE_BACKOFF: BackoffPolicy = { firstMs: 5_000, capMs: 300_000, jitter: 0.1 };

/** Broken lists and watches: quick at first, as the API server is usually back within seconds. */
export const REFLECTOR_BACKOFF: BackoffPolicy = { firstMs: 200, capMs: 30_000, jitter: 0.5 };

/** Wait in milliseconds before retry number `failures` (1 is the first retry). */
export function backoffMs(policy: BackoffPolicy, failures: number, random: Random): number {
  const exponent = Math.min(Math.max(failures, 1) - 1, 40);
  const base = Math.min(policy.firstMs * 2 ** exponent, policy.capMs);
  return Math.round(base * (1 + policy.jitter * (2 * random() - 1)));
}
