/**
 * One HTTP/2 connection to one endpoint, opened when it is needed and closed when it is not.
 *
 * Connect has a session manager of its own. It is not used: when a server refuses the client's certificate, which with
 * TLS 1.3 it does after the client has finished its handshake, that one loops for ever and holds up the whole process.
 * Here a connection counts as open only when the server's first frame (SETTINGS) has arrived. So a server that is frozen,
 * speaks something else, or refuses us is told from one that fails later, before anything has been sent.
 */
import type { GrpcTransportOptions } from "@connectrpc/connect-node";
import * as http2 from "node:http2";
import type { Clock, Timer } from "../../kube/clock.ts";
import { ConnectionError, connectionError } from "./connection_error.ts";
import { until } from "./deadline.ts";
import type { GrpcTls } from "./tls.ts";

export interface SessionOptions {
  /** Who is at the other end, such as `etcd`: for messages. */
  readonly peer: string;
  readonly tls: GrpcTls;
  readonly clock: Clock;
  /** Time in which a connection must be open, in milliseconds. */
  readonly connectMs: number;
  /** A connection that nobody has used for so long is closed, in milliseconds. */
  readonly idleMs: number;
  /** Called when no connection is left: whoever holds the session may forget it. */
  readonly onUnused?: () => void;
}

/** What is done while a connection is open. */
export interface Work<T> {
  /** Milliseconds in which the caller wants to have the answer. */
  readonly timeoutMs: number;
  /** @param limits all that Connect may be told of when the call is to end */
  call(limits: CallLimits): Promise<T>;
  /** What is thrown when the signal aborts first. */
  givenUp(): Error;
  /** Whether an error of `call` means that the other side ended it as it took too long. */
  ranOutOfTime(error: unknown): boolean;
}

/**
 * What goes with a call. Its time limit goes to the server in a header and is kept by {@link GrpcSession.use}. Connect is not
 * told of it: it would reset the stream, and when a connection ends it forgets to settle the call, so that its timer would go
 * on to the end.
 */
export interface CallLimits {
  readonly headers: { readonly "grpc-timeout": string };
  /** Aborts when the connection has ended: the only signal that a call may be handed. */
  readonly signal: AbortSignal;
}

type SessionManager = NonNullable<GrpcTransportOptions["sessionManager"]>;

/** A connection while it is good for new calls. */
interface Live {
  readonly session: http2.ClientHttp2Session;
  /** Resolves when the server's first frame is there; rejects with a ConnectionError when the connection ends before. */
  readonly opened: Promise<void>;
  /** Aborts when the connection has ended, a moment later where calls still wait: no answer will come any more. */
  readonly lost: AbortController;
  uses: number;
  retired: boolean;
  idle?: Timer;
  losing?: Timer;
}

/**
 * Time in which an answer that came just before the end of its connection is still taken in, in milliseconds. The runtime
 * ends streams of a closed connection without a word, so that a call would otherwise wait until its own limit.
 */
const LAST_WORDS_MS = 100;

/**
 * Servers are told of a limit that is so much later than the caller's own, in milliseconds: those in Go reset the streams of
 * calls that reach it, and by then the connection of a call that was given up has ended, but where a long call is still on it.
 */
const LATER_MS = 10_000;

export class GrpcSession implements SessionManager {
  #live: Live | undefined;
  /** Also those that were replaced and still have calls under way. */
  readonly #all = new Set<Live>();

  /** @param authority origin of the endpoint */
  constructor(readonly authority: string, private readonly options: SessionOptions) {}

  /**
   * Opens the connection if there is none and calls `work` while it is open.
   *
   * A call that is given up, or that ran out of time, takes the connection out of use: the other side may have vanished
   * without a word. Its stream is left open until the connection ends. Were it reset, as Connect does when a call's own
   * signal aborts, the runtime would keep it by an address that is not valid any more, and crash when the server says that it
   * goes away (denoland/deno#36788).
   * @throws ConnectionError without having called `work` when no connection was open before `signal` aborted
   */
  async use<T>(signal: AbortSignal, work: Work<T>): Promise<T> {
    const live = this.#live ?? this.#open();
    live.idle?.cancel();
    live.uses++;
    try {
      await until(live.opened, signal, () => this.#silent());
      const limits = { headers: { "grpc-timeout": grpcTimeout(work.timeoutMs) }, signal: live.lost.signal };
      const answer = until(work.call(limits), live.lost.signal, () => this.#gone());
      return await until(answer, signal, work.givenUp);
    } catch (error) {
      if (signal.aborted || work.ranOutOfTime(error)) this.#retire(live);
      throw error;
    } finally {
      live.uses--;
      this.#rest(live);
    }
  }

  /** Whether there is a connection, or one being made. */
  get open(): boolean {
    return this.#all.size > 0;
  }

  /** Called by Connect, within the `work` of {@link use}. */
  request(
    method: string,
    path: string,
    headers: http2.OutgoingHttpHeaders,
  ): Promise<http2.ClientHttp2Stream> {
    const live = this.#live;
    if (live === undefined || live.session.destroyed || live.session.closed) {
      return Promise.reject(this.#gone());
    }
    try {
      return Promise.resolve(live.session.request({ ...headers, ":method": method, ":path": path }));
    } catch (error) {
      return Promise.reject(this.#failure(error));
    }
  }

  notifyResponseByteRead(): void {}

  /** Ends all connections at once. The session may be used again afterwards. */
  close(): void {
    for (const live of [...this.#all]) this.#end(live);
  }

  #open(): Live {
    const { caPem, certPem, keyPem, serverName } = this.options.tls;
    const session = http2.connect(this.authority, {
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(caPem === undefined ? {} : { ca: caPem }),
      ...(certPem === undefined || keyPem === undefined ? {} : { cert: certPem, key: keyPem }),
    });
    const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
    const live: Live = { session, opened, lost: new AbortController(), uses: 0, retired: false };
    const { connectMs, clock } = this.options;
    const late = clock.after(connectMs, () => {
      reject(this.#silent());
      this.#end(live);
    });
    session.once("remoteSettings", () => {
      late.cancel();
      resolve();
    });
    session.on("error", (error) => reject(this.#neverOpened(error)));
    session.once("goaway", () => this.#retire(live));
    session.once("close", () => {
      late.cancel();
      reject(this.#neverOpened());
      if (live.uses > 0) live.losing = clock.after(LAST_WORDS_MS, () => live.lost.abort());
      this.#end(live);
    });
    // Whoever waits hears of a failure; that it may come when nobody waits any more is no error of its own.
    opened.catch(() => {});
    this.#live = live;
    this.#all.add(live);
    return live;
  }

  /** New calls get a new connection; this one ends with its last call. */
  #retire(live: Live): void {
    live.retired = true;
    if (this.#live === live) this.#live = undefined;
    if (live.uses === 0) this.#end(live);
  }

  #rest(live: Live): void {
    if (live.uses > 0) return;
    live.losing?.cancel();
    if (live.retired || !this.#all.has(live)) return this.#end(live);
    live.idle = this.options.clock.after(this.options.idleMs, () => this.#end(live));
  }

  #end(live: Live): void {
    live.idle?.cancel();
    this.#all.delete(live);
    if (this.#live === live) this.#live = undefined;
    if (!live.session.destroyed) live.session.destroy();
    // Nobody waits but for calls that were given up: they end with their connection.
    if (live.uses === 0) live.lost.abort();
    if (!this.open) this.options.onUnused?.();
  }

  get #who(): string {
    return `${this.options.peer} at ${this.authority}`;
  }

  #failure(error: unknown): ConnectionError {
    return connectionError(error, this.#who);
  }

  /**
   * An end before the first frame is told in the same words, whether the runtime tells of an error or only of the end: which
   * of both comes first is chance.
   */
  #neverOpened(cause?: unknown): ConnectionError {
    const known = cause === undefined ? undefined : this.#failure(cause);
    if (known !== undefined && known.failure !== "broken") return known;
    return new ConnectionError(
      "broken",
      `${this.#who} ended the connection before it was open; check whether it speaks http or https`,
      { cause },
    );
  }

  #silent(): ConnectionError {
    return new ConnectionError("unreachable", `${this.#who} accepted no connection in time`);
  }

  #gone(): ConnectionError {
    return new ConnectionError("broken", `the connection to ${this.#who} ended`);
  }
}

/** The header `grpc-timeout`, in at most eight digits and a unit: more than a day is told in seconds. */
function grpcTimeout(milliseconds: number): string {
  const whole = Math.ceil(milliseconds + LATER_MS);
  return whole < 100_000_000 ? `${whole}m` : `${Math.ceil(whole / 1000)}S`;
}
