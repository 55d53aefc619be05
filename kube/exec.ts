/**
 * Runs commands in containers: `pods/exec` over a WebSocket, whose messages each begin with the number of a channel.
 *
 * | channel | what comes on it                                        |
 * | ------- | ------------------------------------------------------- |
 * | 1, 2    | standard output, standard error                         |
 * | 3       | a Status, once: how the command ended                   |
 * | 255     | the number of a channel that ends (version 5 only)      |
 *
 * Everything is bounded: the time, and the bytes that are kept. A command that is cut short may go on in its container.
 */
import type { Connection } from "./connection.ts";
import { isRecord } from "./errors.ts";

export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Time until the command must have ended, in milliseconds. */
  readonly timeoutMs: number;
  /** Bytes of output and errors together that may come (default 1 MiB). */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PodExec {
  /**
   * Runs a command to its end, whatever its exit code is.
   * @throws ExecError when it could not be run, or not to its end.
   */
  run(request: ExecRequest): Promise<ExecResult>;
}

/**
 * Why there is no result. `refused`: the server or the node said no, or the command could not be started. `timeout`: the
 * time ran out. `aborted`: the caller's signal. `broken`: the connection could not be made, or ended half-way. `flooded`:
 * more bytes came than are allowed.
 */
export type ExecFailure = "refused" | "timeout" | "aborted" | "broken" | "flooded";

export class ExecError extends Error {
  override readonly name = "ExecError";
  constructor(readonly failure: ExecFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Version 5 is served from Kubernetes 1.30 on; it can end single channels, which is of no use here. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const MOST_BYTES = 2 ** 20;

const CHANNELS = { stdout: 1, stderr: 2, status: 3 } as const;

/** Opens a way into containers through the API server of a connection. Each run has a connection of its own. */
export function openPodExec(connection: Connection): PodExec {
  return { run: async (request) => await new Run(connection, request).result() };
}

function pathOf({ namespace, pod, container, command }: ExecRequest): string {
  const query = new URLSearchParams({ container, stdout: "true", stderr: "true" });
  for (const part of command) query.append("command", part);
  const at = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`;
  return `${at}?${query}`;
}

/** One run of a command. */
class Run {
  readonly #connection: Connection;
  readonly #request: ExecRequest;
  readonly #output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  #bytes = 0;
  #status: unknown;
  #opened = false;

  constructor(connection: Connection, request: ExecRequest) {
    this.#connection = connection;
    this.#request = request;
  }

  async result(): Promise<ExecResult> {
    const { signal, timeoutMs } = this.#request;
    const client = this.#httpClient();
    const deadline = AbortSignal.timeout(timeoutMs);
    const ends = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      const token = await this.#connection.token?.();
      if (ends.aborted) throw this.#cut();
      await this.#converse(client, token, ends);
      return this.#finished();
    } catch (error) {
      if (this.#opened || !(error instanceof ExecError) || error.failure !== "broken") throw error;
      throw await this.#whyRefused(client, error);
    } finally {
      client.close();
    }
  }

  #httpClient(): Deno.HttpClient {
    const { caPem, certPem, keyPem } = this.#connection;
    return Deno.createHttpClient({
      http2: false,
      ...(caPem === undefined ? {} : { caCerts: [caPem] }),
      ...(certPem === undefined || keyPem === undefined ? {} : { cert: certPem, key: keyPem }),
    });
  }

  get #base(): string {
    return this.#connection.server.replace(/\/+$/, "");
  }

  /** Until the other side closes, or the end. */
  async #converse(client: Deno.HttpClient, token: string | undefined, ends: AbortSignal): Promise<void> {
    const socket = new WebSocket(this.#base.replace(/^http/, "ws") + pathOf(this.#request), {
      protocols: PROTOCOLS,
      headers: headersWith(token),
      client,
    });
    socket.binaryType = "arraybuffer";
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cut = () => reject(this.#cut());
    ends.addEventListener("abort", cut, { once: true });
    socket.onopen = () => void (this.#opened = true);
    socket.onmessage = ({ data }) => {
      const problem = data instanceof ArrayBuffer ? this.#take(new Uint8Array(data)) : undefined;
      if (problem !== undefined) reject(problem);
    };
    socket.onerror = (event) =>
      reject(this.#broken(event instanceof ErrorEvent ? event.message : "no reason"));
    socket.onclose = () => resolve();
    try {
      await promise;
    } finally {
      ends.removeEventListener("abort", cut);
      close(socket);
    }
  }

  /** @returns what speaks against taking more. */
  #take(message: Uint8Array): ExecError | undefined {
    const content = message.subarray(1);
    switch (message[0]) {
      case CHANNELS.stdout:
        return this.#keep("stdout", content);
      case CHANNELS.stderr:
        return this.#keep("stderr", content);
      case CHANNELS.status:
        this.#status = parseStatus(content);
        return undefined;
      default:
        return undefined;
    }
  }

  #keep(channel: "stdout" | "stderr", content: Uint8Array): ExecError | undefined {
    const { maxBytes = MOST_BYTES } = this.#request;
    this.#bytes += content.length;
    if (this.#bytes > maxBytes) {
      return new ExecError("flooded", `${this.#what()} as it writes more than ${maxBytes} bytes`);
    }
    this.#output[channel].push(content);
    return undefined;
  }

  #finished(): ExecResult {
    const status = this.#status;
    if (!isRecord(status)) throw this.#broken("the connection ended before the command did");
    const exitCode = exitCodeOf(status);
    if (exitCode === undefined) {
      throw new ExecError("refused", `${this.#what()}: ${String(status["message"] ?? "no reason is given")}`);
    }
    const { stdout, stderr } = this.#output;
    return { exitCode, stdout: textOf(stdout), stderr: textOf(stderr) };
  }

  /** A handshake that fails does not say why; the same request without one does, and starts nothing. */
  async #whyRefused(client: Deno.HttpClient, error: ExecError): Promise<ExecError> {
    try {
      const response = await fetch(this.#base + pathOf(this.#request), {
        headers: headersWith(await this.#connection.token?.()),
        client,
        redirect: "error",
        signal: AbortSignal.timeout(Math.min(this.#request.timeoutMs, 5_000)),
      });
      const told: unknown = JSON.parse(await response.text());
      const message = isRecord(told) ? told["message"] : undefined;
      // What a server says that only misses the handshake.
      if (typeof message !== "string" || response.status === 400) return error;
      return new ExecError("refused", `${this.#what()}: ${message}`, { cause: error });
    } catch {
      return error;
    }
  }

  #cut(): ExecError {
    const { signal, timeoutMs } = this.#request;
    if (signal?.aborted) return new ExecError("aborted", `${this.#what()}: given up by the caller`);
    return new ExecError("timeout", `${this.#what()}: not done within ${timeoutMs} ms`);
  }

  #broken(reason: string): ExecError {
    return new ExecError("broken", `${this.#what()}: ${reason}`);
  }

  #what(): string {
    const { namespace, pod, container, command: [program = ""] } = this.#request;
    return `Cannot run ${program} in container ${container} of pod ${namespace}/${pod}`;
  }
}

function headersWith(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function close(socket: WebSocket): void {
  socket.onopen = socket.onmessage = socket.onclose = null;
  // Whatever is said after the end concerns nobody.
  socket.onerror = (event) => event.preventDefault();
  if (socket.readyState === WebSocket.OPEN || socket.readyState === WebSocket.CONNECTING) socket.close();
}

function parseStatus(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(content));
  } catch {
    return undefined;
  }
}

/** Undefined when the command did not run. */
function exitCodeOf({ status, reason, details }: Readonly<Record<string, unknown>>): number | undefined {
  if (status === "Success") return 0;
  if (reason !== "NonZeroExitCode" || !isRecord(details) || !Array.isArray(details["causes"])) {
    return undefined;
  }
  const cause: unknown = details["causes"].find((each: unknown) =>
    isRecord(each) && each["reason"] === "ExitCode"
  );
  const code = isRecord(cause) ? Number(cause["message"]) : NaN;
  return Number.isInteger(code) ? code : undefined;
}

function textOf(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}
