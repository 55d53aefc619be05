/**
 * The HTTPS server of the hooks. It trusts nobody: whatever arrives, slowly, malformed, endless or in masses, it answers or
 * hangs up, and goes on.
 *
 * | what                                  | ends with                             |
 * | ------------------------------------- | ------------------------------------- |
 * | TLS handshake or headers do not come  | the connection is closed after 10 s   |
 * | body does not come                    | 408 after 10 s                        |
 * | body larger than 7 MiB                | 413, at once when its length is told  |
 * | other path, method or media type      | 404, 405, 415                         |
 * | more connections or bytes than held   | the connection is closed; 503         |
 * | connection without work               | closed after 2 min                    |
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { isServed, type Question } from "./answer.ts";
import { ConnectionClocks } from "./connection_clocks.ts";

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Reply {
  /** HTTP status. */
  readonly status: number;
  /** JSON. */
  readonly body: string;
}

export interface ServerOptions {
  /** All interfaces when absent. */
  readonly hostname?: string;
  readonly port: number;
  readonly pair: KeyPair;
  /** Answers what was read; rejections become 500. */
  readonly answer: (question: Question) => Promise<Reply>;
  readonly limits?: Partial<Limits>;
}

export interface Limits {
  /**
   * Bytes of one body. A review holds an object twice when it is changed: the API server takes bodies of 3 MiB, and two
   * of them with what is around them stay below this.
   */
  readonly bodyBytes: number;
  /** Bytes of all bodies that are being read or worked on. */
  readonly heldBytes: number;
  /** Open connections. API servers need a few each. */
  readonly connections: number;
  /** How long a client may take for its handshake, for its headers, and for its body, in milliseconds. */
  readonly readMs: number;
  /** How long a connection may be without work, in milliseconds: longer than API servers keep one (90 s). */
  readonly idleMs: number;
}

export const usualLimits: Limits = {
  bodyBytes: 7 * 2 ** 20,
  heldBytes: 64 * 2 ** 20,
  connections: 500,
  readMs: 10_000,
  idleMs: 120_000,
};

/** Bytes of all headers of a request. */
const headerBytes = 16_384;

export interface HookServer {
  readonly port: number;
  /** New connections get this certificate, open ones keep theirs. The pair must have been checked: nothing here does. */
  setCertificate(pair: KeyPair): void;
  /** Serves on, but closes each connection with its next answer, so that its caller turns to another server. */
  leave(): void;
  /** Takes no more connections, and closes those that are open. */
  stop(): Promise<void>;
}

/** Starts to listen. @throws Error when the address cannot be had. */
export async function startServer(options: ServerOptions): Promise<HookServer> {
  const hall = new Hall(options);
  const { hostname, port } = options;
  if (hostname !== undefined) await hall.listen(port, hostname);
  // All interfaces are `::`, which takes IPv4 too; a kernel without IPv6 knows only `0.0.0.0`.
  else await hall.listen(port, "::").catch(() => hall.listen(port, "0.0.0.0"));
  return hall;
}

class Hall implements HookServer {
  readonly #options: ServerOptions;
  readonly #limits: Limits;
  readonly #server: HttpsServer;
  readonly #clocks = new ConnectionClocks();
  #connections = 0;
  #heldBytes = 0;
  #leaving = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    const { certificate: cert, key } = options.pair;
    const settings = { cert, key, handshakeTimeout: this.#limits.readMs, maxHeaderSize: headerBytes };
    this.#server = createServer(settings, (request, response) => void this.#serve(request, response));
    // What answers tell of how long a connection is kept; it is kept so long by its clock.
    this.#server.keepAliveTimeout = this.#limits.idleMs;
    this.#server.on("connection", (socket: Socket) => this.#count(socket));
    this.#server.on("secureConnection", (socket: Socket) => this.#clocks.admit(socket, this.#limits.readMs));
    // What cannot be read as HTTP or TLS is not worth an answer.
    this.#server.on("clientError", (_error: Error, socket: Socket) => socket.destroy());
    this.#server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === "object" && bound !== null ? bound.port : this.#options.port;
  }

  listen(port: number, hostname: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, hostname, () => {
        this.#server.off("error", reject);
        this.#server.on("error", () => {});
        resolve();
      });
    });
  }

  setCertificate({ certificate, key }: KeyPair): void {
    this.#server.setSecureContext({ cert: certificate, key });
  }

  leave(): void {
    this.#leaving = true;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#clocks.closeAll();
    });
  }

  /** Connections count before their handshake, which costs the most. */
  #count(socket: Socket): void {
    if (this.#connections >= this.#limits.connections) {
      socket.destroy();
      return;
    }
    this.#connections += 1;
    socket.once("close", () => this.#connections -= 1);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    this.#clocks.stop(socket);
    response.on("error", () => socket.destroy());
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const objection = objectionTo(request, path) ?? this.#fullness(request);
    if (objection !== undefined) return this.#hangUp(response, socket, objection);
    const body = await this.#read(request);
    if (typeof body !== "string") return this.#hangUp(response, socket, body);
    const reply = await this.#answer({ path, headers: (name) => headerOf(request, name), body });
    this.#heldBytes -= body.length;
    if (this.#leaving) return this.#hangUp(response, socket, reply);
    send(response, reply, {});
    this.#clocks.closeAfter(socket, this.#limits.idleMs);
  }

  #fullness(request: IncomingMessage): Reply | undefined {
    const length = Number(headerOf(request, "content-length") ?? 0);
    if (length > this.#limits.bodyBytes) return this.#tooLarge();
    if (this.#heldBytes + length <= this.#limits.heldBytes) return undefined;
    return refusal(503, "Cannot read this body now as others are being worked on: try again.");
  }

  #tooLarge(): Reply {
    return refusal(413, `Cannot read a body of more than ${this.#limits.bodyBytes} bytes.`);
  }

  /** The body as text, or why there is none. What a text holds counts until its answer is there. */
  #read(request: IncomingMessage): Promise<string | Reply> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    return new Promise((resolve) => {
      const finish = (result: string | Reply) => {
        clearTimeout(timer);
        this.#heldBytes += (typeof result === "string" ? result.length : 0) - size;
        size = 0;
        request.removeAllListeners("data");
        resolve(result);
      };
      const late = refusal(408, `Cannot wait longer than ${this.#limits.readMs} ms for a body.`);
      const timer = setTimeout(() => finish(late), this.#limits.readMs);
      request.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        size += chunk.length;
        this.#heldBytes += chunk.length;
        if (size > this.#limits.bodyBytes) finish(this.#tooLarge());
      });
      request.once("end", () => finish(new TextDecoder().decode(joined(chunks, size))));
      request.once("error", () => finish(refusal(400, "Cannot read the body.")));
      request.once("close", () => finish(refusal(400, "Cannot read the body.")));
    });
  }

  async #answer(question: Question): Promise<Reply> {
    try {
      return await this.#options.answer(question);
    } catch {
      return refusal(500, "Cannot answer this request.");
    }
  }

  /** Answers without reading what is still to come, and closes the connection. */
  #hangUp(response: ServerResponse, socket: Socket, reply: Reply): void {
    send(response, reply, { connection: "close" });
    this.#clocks.closeAfter(socket, Math.min(this.#limits.readMs, 1_000));
    response.once("finish", () => socket.end());
  }
}

function objectionTo(request: IncomingMessage, path: string): Reply | undefined {
  if (!isServed(path)) return refusal(404, "Nothing is served at this path.");
  if (request.method !== "POST") return refusal(405, "Only POST is served here.");
  const mediaType = (headerOf(request, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") return refusal(415, "Only application/json is read here.");
  return undefined;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function refusal(status: number, message: string): Reply {
  return { status, body: JSON.stringify({ message }) };
}

function send(
  response: ServerResponse,
  { status, body }: Reply,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.writableEnded || response.destroyed) return;
  // Without its length an answer would go out in chunks, each a record of TLS.
  const bytes = new TextEncoder().encode(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": String(bytes.length),
    "cache-control": "no-store",
    ...(status === 405 ? { allow: "POST" } : {}),
    ...headers,
  });
  response.end(bytes);
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
