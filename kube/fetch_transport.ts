/**
 * The transport over HTTP: HTTP/2 for requests (one connection for all of them), HTTP/1.1 for watches (one connection
 * each, because unread watch bodies on a shared HTTP/2 connection hold up every other request on it).
 */
import type { Connection } from "./connection.ts";
import type { KubeRequest, KubeResponse, KubeStream, Transport, TransportFailure } from "./transport.ts";
import { TransportError } from "./transport.ts";

/** This many time-outs in a row without any answer, and the connection is taken for dead and replaced. */
const TIMEOUTS_UNTIL_RECONNECT = 2;

/** The ways that TLS refuses a server, as the runtime words them. */
const UNTRUSTED = /certificate|UnknownIssuer|invalid peer/i;

/** The ways that a connection cannot be made, as the runtime words them. */
const UNREACHABLE = /connect error|dns error|connection refused|unreachable|no route/i;

/** Opens a transport to the API server of `connection`. No connection is made before the first request. */
export function createFetchTransport(connection: Connection): Transport {
  return new FetchTransport(connection);
}

class FetchTransport implements Transport {
  readonly #connection: Connection;
  readonly #base: string;
  #requests: Deno.HttpClient;
  readonly #streams: Deno.HttpClient;
  #timeouts = 0;
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#base = connection.server.replace(/\/+$/, "");
    this.#requests = this.#open(true);
    this.#streams = this.#open(false);
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    const deadline = new Deadline(request);
    try {
      const response = await this.#fetch(request, this.#requests, deadline);
      const body = await response.text();
      this.#timeouts = 0;
      return { status: response.status, ...retryAfter(response), body };
    } catch (error) {
      const failure = describe(error, request, deadline);
      if (failure.failure === "timeout") this.#noteTimeout();
      throw failure;
    } finally {
      deadline.clear();
    }
  }

  async stream(request: KubeRequest): Promise<KubeStream> {
    const deadline = new Deadline(request);
    try {
      const response = await this.#fetch(request, this.#streams, deadline);
      return new FetchStream(request, response);
    } catch (error) {
      throw describe(error, request, deadline);
    } finally {
      deadline.clear();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#requests.close();
    this.#streams.close();
  }

  #open(http2: boolean): Deno.HttpClient {
    const { caPem, certPem, keyPem } = this.#connection;
    return Deno.createHttpClient({
      http2,
      http1: true,
      poolIdleTimeout: 90_000,
      ...(caPem === undefined ? {} : { caCerts: [caPem] }),
      ...(certPem === undefined || keyPem === undefined ? {} : { cert: certPem, key: keyPem }),
    });
  }

  async #fetch(request: KubeRequest, client: Deno.HttpClient, deadline: Deadline): Promise<Response> {
    if (this.#closed) throw new TransportError("aborted", "Cannot send a request as the transport is closed");
    const headers: Record<string, string> = { accept: "application/json", "accept-encoding": "identity" };
    if (request.contentType !== undefined) headers["content-type"] = request.contentType;
    if (this.#connection.token !== undefined) {
      headers["authorization"] = `Bearer ${await this.#connection.token()}`;
    }
    return await fetch(this.#base + request.path, {
      method: request.method,
      headers,
      client,
      redirect: "error",
      signal: deadline.signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
  }

  /** A peer that vanished without closing would otherwise hold the one HTTP/2 connection, and us, for many minutes. */
  #noteTimeout(): void {
    this.#timeouts++;
    if (this.#timeouts < TIMEOUTS_UNTIL_RECONNECT || this.#closed) return;
    this.#timeouts = 0;
    const dead = this.#requests;
    this.#requests = this.#open(true);
    dead.close();
  }
}

class FetchStream implements KubeStream {
  readonly status: number;
  readonly retryAfterSeconds?: number;
  readonly #request: KubeRequest;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #onAbort = () => void this.cancel();
  #cancelled = false;

  constructor(request: KubeRequest, response: Response) {
    this.status = response.status;
    Object.assign(this, retryAfter(response));
    this.#request = request;
    this.#reader = response.body?.getReader();
    if (request.signal?.aborted) void this.cancel();
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#cancelled || this.#reader === undefined) return undefined;
    try {
      const { value } = await this.#reader.read();
      return value;
    } catch (error) {
      if (this.#cancelled) return undefined;
      throw describe(error, this.#request);
    }
  }

  /** Cancelling through the reader is what frees the socket; an abort signal alone can leave it open. */
  async cancel(): Promise<void> {
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#cancelled) return;
    this.#cancelled = true;
    try {
      await this.#reader?.cancel();
    } catch {
      // A stream that already broke has nothing left to cancel.
    }
  }
}

/** Joins the caller's signal and the time limit of one request, and forgets both when the request is over. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort = () => this.#controller.abort();
  expired = false;

  constructor(request: KubeRequest) {
    this.#outer = request.signal;
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#controller.abort();
    }, request.timeoutMs);
    if (this.#outer?.aborted) this.#controller.abort();
    this.#outer?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}

function retryAfter(response: Response): { retryAfterSeconds?: number } {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterSeconds: seconds } : {};
}

function describe(error: unknown, request: KubeRequest, deadline?: Deadline): TransportError {
  if (error instanceof TransportError) return error;
  const what = `${request.method} ${request.path.split("?")[0]}`;
  if (deadline?.expired) {
    return new TransportError("timeout", `${what}: no answer within ${request.timeoutMs} ms`);
  }
  if (request.signal?.aborted) return new TransportError("aborted", `${what}: given up by the caller`);
  const reason = reasonOf(error);
  return new TransportError(failureOf(reason), `${what}: ${reason}`, { cause: error });
}

/** Fetch itself says only that it failed: why stands in the innermost cause, behind the address it repeats. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const message = inner instanceof Error ? inner.message : String(inner);
  const [, reason] = /client error \(\w+\): (.*)$/s.exec(message) ?? [];
  return reason ?? message;
}

function failureOf(reason: string): TransportFailure {
  if (UNTRUSTED.test(reason)) return "untrusted";
  return UNREACHABLE.test(reason) ? "unreachable" : "broken";
}
