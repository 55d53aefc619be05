/** The main program's side of the webhook: starts its worker with next to no permissions, feeds it, and replaces it when it dies. */
import { backoffMs, type BackoffPolicy } from "../kube/backoff.ts";
import { type Clock, sleep } from "../kube/clock.ts";
import type { Random } from "../kube/random.ts";
import { present } from "../resolve/present.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Patience, Told } from "./answer.ts";
import type { FactFeed } from "./fact_feed.ts";
import type { OperatorAccount } from "./guards.ts";
import { objectionToPair } from "./key_pair.ts";
import { type HostMessage, isWorkerMessage } from "./messages.ts";
import { yieldToReviews } from "./priority.ts";
import type { KeyPair } from "./server.ts";

export interface HostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** All interfaces when absent. */
  readonly hostname?: string;
  readonly port: number;
  readonly account: OperatorAccount;
  /** That the operator watches; all when absent. */
  readonly namespaces?: readonly string[];
  readonly feed: Pick<FactFeed, "follow">;
  /** Called for each review that was answered. */
  readonly onReview?: (told: Told, seconds: number) => void;
  /** How long answers may wait for facts; as long as the API server leaves room for when absent. */
  readonly patience?: Patience;
  /**
   * For so long it is served on after the end was asked for, in milliseconds; not at all when absent. A pod that ends is
   * called on until every node knows that it does, and a call that meets nobody waits for its time limit and fails.
   */
  readonly leaveMs?: number;
  /** The worker's module, where it is not beside this one. */
  readonly entry?: URL;
}

/** A certificate that no server could use. */
export class KeyPairError extends Error {
  override readonly name = "KeyPairError";
}

/** A worker that dies is replaced at once, and then ever later. */
const restarts: BackoffPolicy = { firstMs: 500, capMs: 30_000, jitter: 0.2 };

/** A worker that lived this long starts the count of deaths anew, in milliseconds. */
const longLifeMs = 60_000;

/** How often the worker is asked for a sign of life, in milliseconds, and how many times it may stay silent. */
const pingMs = 5_000;
const silences = 3;

/** How a worker's life ended. */
interface Death {
  readonly reason: string;
}

export class WebhookHost {
  readonly #options: HostOptions;
  readonly #log: Logger;
  #pair: KeyPair | undefined;
  #send: ((message: HostMessage) => void) | undefined;
  #listening = false;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#log = options.log.with({ component: "webhook" });
  }

  /**
   * Serves with this certificate from now on; connections that are open go on with theirs.
   * @throws KeyPairError when it cannot be used; the one before then stays.
   */
  setCertificate(pair: KeyPair): void {
    const objection = objectionToPair(pair);
    if (objection !== undefined) {
      throw new KeyPairError(
        `Cannot serve the webhook with this certificate as ${objection}: check the Secret`,
      );
    }
    this.#pair = pair;
    this.#send?.({ type: "certificate", pair });
  }

  /** Why nothing is served, or undefined when it is. */
  health(): string | undefined {
    if (this.#pair === undefined) return "the webhook waits for its certificate";
    return this.#listening ? undefined : "the webhook is not listening";
  }

  /** Serves until `signal` aborts, and `leaveMs` longer. Never rejects: a worker that fails is replaced. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    let deaths = 0;
    while (!signal.aborted) {
      const born = clock.monotonic();
      const death = await this.#live(signal);
      if (death === undefined) return;
      deaths = clock.monotonic() - born > longLifeMs ? 1 : deaths + 1;
      const waitMs = backoffMs(restarts, deaths, random);
      this.#log.error("The webhook's worker ended, and is started again", {
        reason: death.reason,
        wait_ms: waitMs,
      });
      await sleep(clock, waitMs, signal);
    }
  }

  /** One worker, from its start to its death; undefined when it was ended by `signal`. */
  async #live(signal: AbortSignal): Promise<Death | undefined> {
    const over = new AbortController();
    const worker = startWorker(this.#options);
    const death = new Promise<Death | undefined>((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined), { signal: over.signal });
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        resolve({ reason: event.message });
      });
      worker.addEventListener("messageerror", () => resolve({ reason: "a message could not be read" }));
      this.#converse(worker, over.signal, (reason) => resolve({ reason }));
    });
    try {
      const ended = signal.aborted ? undefined : await death;
      if (ended === undefined) await this.#leave(worker);
      return ended;
    } finally {
      over.abort();
      this.#send = undefined;
      this.#listening = false;
      worker.terminate();
    }
  }

  async #leave(worker: Worker): Promise<void> {
    const { leaveMs = 0, clock } = this.#options;
    if (leaveMs === 0 || !this.#listening) return;
    this.#log.info("Serving admission webhooks until nobody calls here any more", {
      seconds: leaveMs / 1000,
    });
    worker.postMessage({ type: "leave" });
    await sleep(clock, leaveMs);
  }

  #converse(worker: Worker, over: AbortSignal, die: (reason: string) => void): void {
    const { account, hostname, port, namespaces, patience, feed } = this.#options;
    const send = (message: HostMessage) => worker.postMessage(message);
    const vigil = { unanswered: 0 };
    worker.addEventListener("message", (event: MessageEvent) => {
      const data: unknown = event.data;
      if (over.aborted || !isWorkerMessage(data)) return;
      vigil.unanswered = 0;
      switch (data.type) {
        case "listening":
          this.#listening = true;
          yieldToReviews(this.#log);
          this.#log.info("Serving admission webhooks", { port: data.port });
          return;
        case "reviewed":
          for (const { told, seconds } of data.reviews) this.#options.onReview?.(told, seconds);
          return;
        case "failed":
          return die(data.message);
        case "pong":
          return;
      }
    });
    send({
      type: "begin",
      port,
      account,
      ...present({ hostname, namespaces, patience }),
    });
    feed.follow((changes) => send({ type: "facts", changes }), over);
    if (this.#pair !== undefined) send({ type: "certificate", pair: this.#pair });
    this.#send = send;
    void this.#keepVigil(vigil, send, over).then((silent) => {
      if (silent) die(`it gave no sign of life for ${silences * pingMs / 1000} s`);
    });
  }

  /**
   * A worker that is caught in a loop takes no message. Questions are counted, not time: this thread may have been busy
   * itself.
   * @returns whether the worker stayed silent; false when it is over.
   */
  async #keepVigil(
    vigil: { unanswered: number },
    send: (message: HostMessage) => void,
    over: AbortSignal,
  ): Promise<boolean> {
    while (await sleep(this.#options.clock, pingMs, over)) {
      if (vigil.unanswered >= silences) return true;
      vigil.unanswered += 1;
      send({ type: "ping" });
    }
    return false;
  }
}

/** All that the worker may do is to listen on its port. */
function startWorker({ hostname, port, entry }: HostOptions): Worker {
  const hosts = hostname === undefined
    ? ["[::]", "0.0.0.0"]
    : [hostname.includes(":") ? `[${hostname}]` : hostname];
  return new Worker(entry ?? usualEntry(), {
    type: "module",
    name: "webhook",
    deno: {
      permissions: {
        net: hosts.map((host) => `${host}:${port}`),
        env: false,
        ffi: false,
        import: false,
        read: false,
        run: false,
        sys: false,
        write: false,
      },
    },
  });
}

/** Beside this module; in a bundle, whose files lie flat but for the entries' own folders, where `deno task bundle` puts it. */
function usualEntry(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  return fromSource
    ? new URL("./worker.ts", import.meta.url)
    : new URL("./webhook/worker.js", import.meta.url);
}
