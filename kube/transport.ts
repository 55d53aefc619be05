/**
 * The seam between the operator and the API server: everything that leaves the process towards it goes through a
 * {@link Transport}. Tests wrap one to count, delay, fail, or to stop the process at request n.
 */

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface KubeRequest {
  readonly method: Method;
  /** Absolute path with its query, without host: `/api/v1/namespaces/a/pods?limit=500`. */
  readonly path: string;
  /** Media type of `body`. */
  readonly contentType?: string;
  readonly body?: string;
  /** Cuts the request short. */
  readonly signal?: AbortSignal;
  /** Time until the whole answer (for a stream: its head) must be there, in milliseconds. */
  readonly timeoutMs: number;
}

export interface KubeResponse {
  readonly status: number;
  /** `Retry-After` in seconds, when the answer carries one. */
  readonly retryAfterSeconds?: number;
  readonly body: string;
}

/** An answer whose body keeps coming. Whoever opened it must cancel it. */
export interface KubeStream {
  readonly status: number;
  readonly retryAfterSeconds?: number;
  /**
   * The next bytes, or undefined at the end of the body; they are good until the next call, which may overwrite them.
   * Rejects with a {@link TransportError} when broken.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Ends the stream and frees its connection; may be called at any time and more than once. */
  cancel(): Promise<void>;
}

export interface Transport {
  /** @throws TransportError when there is no complete answer; the request may or may not have been carried out. */
  request(request: KubeRequest): Promise<KubeResponse>;
  /** @throws TransportError when no answer began. */
  stream(request: KubeRequest): Promise<KubeStream>;
  /** Frees connections. Requests under way end with a {@link TransportError}. */
  close(): void;
}

/**
 * Why there was no answer. `unreachable`: the connection could not be made. `timeout`: the time ran out. `aborted`: the
 * caller's signal. `untrusted`: TLS refused the other side. `broken`: the connection ended half-way. `fenced`: this
 * process may not write (it lost its lease); the request did not leave.
 */
export type TransportFailure = "unreachable" | "timeout" | "aborted" | "untrusted" | "broken" | "fenced";

export class TransportError extends Error {
  override readonly name = "TransportError";
  constructor(readonly failure: TransportFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A request in a few words, without its query, for messages: `GET /api/v1/namespaces/a/pods`. */
export function nameOf({ method, path }: Pick<KubeRequest, "method" | "path">): string {
  return `${method} ${path.split("?")[0]}`;
}

/** Whether a request changes something on the server. */
export function isWrite(method: Method): boolean {
  return method !== "GET";
}
