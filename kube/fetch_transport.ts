/**
 * The transport over HTTP/1.1: as many connections as there are requests under way, kept for the next ones, and one for each
 * watch. HTTP/2 would need but one. But the runtime sends a request with more than about a kilobyte in two pieces there, and
 * lets the kernel hold the second until the server acknowledges the first: 40 ms for each such write (decision 34). And the
 * bodies of watches that nobody reads would hold up every other request on it.
 */
import type { Connection } from "./connection.ts";
import type { KubeRequest, KubeResponse, KubeStream, Transport, TransportFailure } from "./transport.ts";
import { nameOf, TransportError } from "./transport.ts";

/** Connections that nobody uses are given up before the API server does so, which is after 90 s, in milliseconds. */
const IDLE_MS = 60_000;

/**
 * Bytes of a stream that are read at once; most events of a watch are shorter. Left to itself the runtime takes 64 KiB for each
 * read, and new ones each time, which is a garbage collection every so many events (decision 35).
 */
const READ_BYTES = 8 * 1024;

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
  readonly #http: Deno.HttpClient;
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#base = connection.server.replace(/\/+$/, "");
    const { caPem, certPem, keyPem } = connection;
    this.#http = Deno.createHttpClient({
      http2: false,
      http1: true,
      poolIdleTimeout: IDLE_MS,
      ...(caPem === undefined ? {} : { caCerts: [caPem] }),
      ...(certPem === undefined || keyPem === undefined ? {} : { cert: certPem, key: keyPem }),
    });
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    const deadline = new Deadline(request);
    try {
      const response = await this.#fetch(request, deadline);
      const body = await response.text();
      return { status: response.status, ...retryAfter(response), body };
    } catch (error) {
      throw describe(error, request, deadline);
    } finally {
      deadline.clear();
    }
  }

  async stream(request: KubeRequest): Promise<KubeStream> {
    const deadline = new Deadline(request);
    try {
      const response = await this.#fetch(request, deadline);
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
    this.#http.close();
  }

  async #fetch(request: KubeRequest, deadline: Deadline): Promise<Response> {
    if (this.#closed) throw new TransportError("aborted", "Cannot send a request as the transport is closed");
    const headers: Record<string, string> = { accept: "application/json", "accept-encoding": "identity" };
    if (request.contentType !== undefined) headers["content-type"] = request.contentType;
    if (this.#connection.token !== undefined) {
      headers["authorization"] = `Bearer ${await this.#connection.token()}`;
    }
    return await fetch(this.#base + request.path, {
      method: request.method,
      headers,
      client: this.#http,
      redirect: "error",
      signal: deadline.signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
  }
}

class FetchStream implements KubeStream {
  readonly status: number;
  readonly retryAfterSeconds?: number;
  readonly #request: KubeRequest;
  readonly #reader: ReadableStreamBYOBReader | undefined;
  readonly #onAbort = () => void this.cancel();
  /** What the next read fills: the stream takes it, and gives it back with the bytes. */
  #buffer = new ArrayBuffer(READ_BYTES);
  #cancelled = false;

  constructor(request: KubeRequest, response: Response) {
    this.status = response.status;
    Object.assign(this, retryAfter(response));
    this.#request = request;
    this.#reader = response.body?.getReader({ mode: "byob" });
    if (request.signal?.aborted) void this.cancel();
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#cancelled || this.#reader === undefined) return undefined;
    try {
      const { value, done } = await this.#reader.read(new Uint8Array(this.#buffer));
      if (value !== undefined) this.#buffer = value.buffer;
      return done ? undefined : value;
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
  const what = nameOf(request);
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
