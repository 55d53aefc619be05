/**
 * Lets only so many requests be under way at a time; others wait for their turn, in the order in which they came. A request
 * needs a connection for itself (`fetch_transport.ts`), and an API server is no faster with dozens of them at once.
 *
 * What waits long for its answer, on somebody's webhook say, holds up no others: it gives its turn back before it ends.
 */
import { type KubeRequest, nameOf, type Transport, TransportError } from "./transport.ts";

/** A turn ends after so many milliseconds: an answer that takes longer does not wait for the API server's processors. */
export const TURN_MS = 1_000;

/** @param most requests that have their turn at a time; streams do not count */
export function limited(inner: Transport, most: number): Transport {
  const turns = new Turns(most);
  return {
    async request(request) {
      const asked = performance.now();
      using _turn = await turns.next(request);
      const timeoutMs = Math.max(1, request.timeoutMs - (performance.now() - asked));
      return await inner.request({ ...request, timeoutMs });
    },
    stream: (request) => inner.stream(request),
    close: () => inner.close(),
  };
}

class Turns {
  readonly #most: number;
  #taken = 0;
  /** In the order of their coming. */
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws TransportError when the request is given up, or its time ends, before its turn comes. */
  async next(request: KubeRequest): Promise<Disposable> {
    if (this.#taken >= this.#most) await this.#wait(request);
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
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#taken--;
      return;
    }
    this.#waiting.delete(first);
    first();
  }

  #wait(request: KubeRequest): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { signal, timeoutMs } = request;
    const what = nameOf(request);
    const giveUp = (error: TransportError) => {
      this.#waiting.delete(resolve);
      reject(error);
    };
    const onAbort = () => giveUp(new TransportError("aborted", `${what}: given up by the caller`));
    const timer = setTimeout(
      () => giveUp(new TransportError("timeout", `${what}: no turn to be sent within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#waiting.add(resolve);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    });
  }
}
