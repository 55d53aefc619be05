/**
 * The gate in front of every write. It stands below the client, next to the network, so that a retry that slept through
 * the loss of the lease, or a reconcile that was under way, is refused like any other.
 */
import type { Clock } from "./clock.ts";
import { isWrite, type KubeRequest, type Transport, TransportError } from "./transport.ts";

/** Says whether this process may write now. */
export interface Fence {
  /** The reason why not, or undefined when writing is allowed. */
  refusal(): string | undefined;
}

/** Writing is always allowed: a single replica without leader election. */
export const openFence: Fence = { refusal: () => undefined };

/**
 * A fence that stays open for a while after each renewal. It compares times at the moment of the write and needs no
 * timer to fire, so a process that was suspended past its lease cannot slip a write through when it wakes up.
 */
export class LeaseFence implements Fence {
  #openUntil = -Infinity;
  #closedFor: string | undefined;

  constructor(private readonly clock: Clock) {}

  /** Leaves the gate open until `monotonicMs` of the clock that was handed in. Has no effect once closed. */
  extend(monotonicMs: number): void {
    this.#openUntil = monotonicMs;
  }

  /** Shuts the gate for good: a new term brings a new fence. */
  close(reason: string): void {
    this.#closedFor ??= reason;
  }

  refusal(): string | undefined {
    if (this.#closedFor !== undefined) return this.#closedFor;
    return this.clock.monotonic() < this.#openUntil ? undefined : "the lease was not renewed in time";
  }
}

/** A transport that reads freely and writes only while `fence` allows it. */
export function fenced(inner: Transport, fence: Fence): Transport {
  const check = (request: KubeRequest) => {
    const refusal = isWrite(request.method) ? fence.refusal() : undefined;
    if (refusal !== undefined) {
      throw new TransportError("fenced", `${request.method} ${request.path} was not sent: ${refusal}`);
    }
  };
  return {
    async request(request) {
      check(request);
      return await inner.request(request);
    },
    async stream(request) {
      check(request);
      return await inner.stream(request);
    },
    close: () => inner.close(),
  };
}
