/**
 * Lets only so many requests be under way at a time; others wait for their turn, in the order in which they came. A request
 * needs a connection for itself (`fetch_transport.ts`), and an API server is no faster with dozens of them at once.
 *
 * | who waits                                | whose turn is next       |
 * | ---------------------------------------- | ------------------------ |
 * | only requests of one lane                | the first of that lane   |
 * | of both, in the last for 2 s or longer   | the first of the last    |
 * | of both, in the last for a shorter time  | the first of the first   |
 *
 * What waits long for its answer, on somebody's webhook say, holds up no others: it gives its turn back before it ends.
 */
import { type KubeRequest, nameOf, type Transport, TransportError } from "./transport.ts";

/** A turn ends after so many milliseconds: an answer that takes longer does not wait for the API server's processors. */
export const TURN_MS = 500;

/** What waits in the last lane lets others go ahead of it for so many milliseconds. */
export const PATIENCE_MS = 2_000;

type Lane = "first" | "last";

/** @param most requests of both lanes that have their turn at a time; streams do not count */
export function limited(inner: Transport, most: number): Readonly<Record<Lane, Transport>> {
  const turns = new Turns(most);
  return { first: laneOf("first", inner, turns), last: laneOf("last", inner, turns) };
}

function laneOf(lane: Lane, inner: Transport, turns: Turns): Transport {
  return {
    async request(request) {
      const asked = performance.now();
      using _turn = await turns.next(request, lane);
      const timeoutMs = Math.max(1, request.timeoutMs - (performance.now() - asked));
      return await inner.request({ ...request, timeoutMs });
    },
    stream: (request) => inner.stream(request),
    close: () => inner.close(),
  };
}

interface Waiting {
  /** Takes the turn. */
  readonly go: () => void;
  /** By `performance.now()`. */
  readonly since: number;
}

class Turns {
  readonly #most: number;
  #taken = 0;
  /** In the order of their coming. */
  readonly #waiting: Readonly<Record<Lane, Set<Waiting>>> = { first: new Set(), last: new Set() };

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws TransportError when the request is given up, or its time ends, before its turn comes. */
  async next(request: KubeRequest, lane: Lane): Promise<Disposable> {
    if (this.#taken >= this.#most) await this.#wait(request, this.#waiting[lane]);
    else this.#taken++;
    return this.#turn();
  }

  #turn(): Disposable {
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      this.#handOver();
    };
    const timer = setTimeout(end, TURN_MS);
    return { [Symbol.dispose]: end };
  }

  /** Whoever waits takes the place at once, so that nobody who comes in between does. */
  #handOver(): void {
    const lane = this.#waiting[this.#nextLane()];
    const [next] = lane;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    lane.delete(next);
    next.go();
  }

  #nextLane(): Lane {
    const { first, last: [patient] } = this.#waiting;
    if (patient === undefined) return "first";
    return first.size === 0 || performance.now() - patient.since >= PATIENCE_MS ? "last" : "first";
  }

  #wait(request: KubeRequest, lane: Set<Waiting>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { signal, timeoutMs } = request;
    const what = nameOf(request);
    const waiting = { go: resolve, since: performance.now() };
    const giveUp = (error: TransportError) => {
      lane.delete(waiting);
      reject(error);
    };
    const onAbort = () => giveUp(new TransportError("aborted", `${what}: given up by the caller`));
    const timer = setTimeout(
      () => giveUp(new TransportError("timeout", `${what}: no turn to be sent within ${timeoutMs} ms`)),
      timeoutMs,
    );
    lane.add(waiting);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    });
  }
}
