/** Small HTTP servers for probes and metrics. They read no bodies, and answer in one piece. */
import type { IncomingMessage, Server as PlainServer, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import { ConnectionClocks } from "../webhook/connection_clocks.ts";
import { type Address, formatAddress } from "./address.ts";
import { StartError } from "./exit.ts";

/** The parts of a request that matter here. */
export interface Question {
  readonly method: string;
  /** Path without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The header of that name. */
  readonly authorization: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Default `text/plain`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one question. What it throws becomes a 500 without a reason. */
export type Handler = (question: Question) => Answer | Promise<Answer>;

export interface Server {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: Address;
  /** Takes no more requests, lets those under way finish for a second, then closes every connection. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Where to listen, and which flag says so, for errors. */
  readonly address: Address;
  readonly flag: string;
  readonly handler: Handler;
  /** Absent: plain HTTP. Both are PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly http2: boolean };
  /** How long a client may take for its handshake and for its request, and stay without one, in milliseconds. */
  readonly idleMs?: number;
}

/** How long requests under way may take when the server stops, in milliseconds. */
const STOP_MS = 1_000;

/** A client that sends nothing for this long is cut off, in milliseconds. */
const IDLE_MS = 30_000;

/** Bytes of all headers of a request. */
const LARGEST_HEADERS = 16_384;

/**
 * Starts a server.
 * @throws StartError that names the flag when the address cannot be listened on.
 */
export async function serve(options: ServerOptions): Promise<Server> {
  const { hostname } = options.address;
  if (hostname !== undefined) return await listen(options, hostname);
  try {
    return await listen(options, "::");
  } catch (error) {
    // All interfaces are `::`, which takes IPv4 too; a kernel without IPv6 knows only `0.0.0.0`.
    if (error instanceof StartError && inUse(error.cause)) throw error;
    return await listen(options, "0.0.0.0");
  }
}

async function listen(options: ServerOptions, hostname: string): Promise<Server> {
  try {
    // Node's server offers no HTTP/2. Deno's own does, and cannot be told how long a client may take.
    return options.tls?.http2 ? listenDeno(options, hostname) : await listenNode(options, hostname);
  } catch (error) {
    const { address, flag } = options;
    throw new StartError(
      `Cannot listen on ${formatAddress(address)} (--${flag}) as ${reason(error)}; choose another address`,
      { cause: error },
    );
  }
}

function listenDeno({ address, handler, tls }: ServerOptions, hostname: string): Server {
  const cut = new AbortController();
  const answer = async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const { status, body, headers } = await settle(handler, {
      method: request.method,
      path: pathname,
      query: searchParams,
      authorization: request.headers.get("authorization") ?? undefined,
    });
    return new Response(body, { status, headers: { ...headers } });
  };
  const server = Deno.serve({
    hostname,
    port: address.port,
    signal: cut.signal,
    onListen: () => {},
    ...(tls === undefined ? {} : { cert: tls.certificate, key: tls.key }),
  }, answer);
  return {
    address: { ...address, port: server.addr.port },
    async stop() {
      const timer = setTimeout(() => cut.abort(), STOP_MS);
      await server.shutdown();
      await server.finished;
      clearTimeout(timer);
    },
  };
}

async function listenNode(
  { address, handler, tls, idleMs = IDLE_MS }: ServerOptions,
  hostname: string,
): Promise<Server> {
  const clocks = new ConnectionClocks();
  const server = await nodeServer(tls, idleMs, (request, response) => {
    const { socket } = request;
    clocks.stop(socket);
    response.once("finish", () => clocks.closeAfter(socket, idleMs));
    const url = URL.parse(request.url ?? "/", "https://localhost") ?? new URL("https://localhost/");
    void settle(handler, {
      method: request.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
    }).then(({ status, body, headers }) => response.writeHead(status, { ...headers }).end(body));
  });
  const made = tls === undefined ? "connection" : "secureConnection";
  server.on(made, (socket: Socket) => clocks.admit(socket, idleMs));
  server.on("clientError", (_error: Error, socket: Socket) => socket.destroy());
  server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, hostname, () => resolve());
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return { address: { ...address, port }, stop: () => stopNode(server) };
}

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** @param handshakeTimeout in milliseconds; without TLS there is no handshake */
async function nodeServer(
  tls: ServerOptions["tls"],
  handshakeTimeout: number,
  respond: Respond,
): Promise<PlainServer | SecureServer> {
  const settings = { maxHeaderSize: LARGEST_HEADERS };
  if (tls === undefined) return (await import("node:http")).createServer(settings, respond);
  const { certificate: cert, key } = tls;
  return (await import("node:https")).createServer({ ...settings, cert, key, handshakeTimeout }, respond);
}

function stopNode(server: PlainServer | SecureServer): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), STOP_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

type Settled = { status: number; body: string; headers: Record<string, string> };

/** The answer as it goes out: reading only, nothing is kept by caches or guessed by browsers. */
async function settle(handler: Handler, question: Question): Promise<Settled> {
  const answer = await decide(handler, question);
  return {
    status: answer.status,
    body: question.method === "HEAD" ? "" : answer.body,
    headers: {
      "content-type": answer.contentType ?? "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...answer.headers,
    },
  };
}

async function decide(handler: Handler, question: Question): Promise<Answer> {
  if (question.method !== "GET" && question.method !== "HEAD") {
    return { status: 405, body: "Only GET and HEAD are served here.\n", headers: { allow: "GET, HEAD" } };
  }
  try {
    return await handler(question);
  } catch {
    return { status: 500, body: "The request could not be answered.\n" };
  }
}

function inUse(error: unknown): boolean {
  return error instanceof Deno.errors.AddrInUse || codeOf(error) === "EADDRINUSE";
}

function reason(error: unknown): string {
  if (inUse(error)) return "another program listens there already";
  if (error instanceof Deno.errors.NotCapable) {
    return `the program has no permission for it (${error.message})`;
  }
  if (error instanceof Deno.errors.PermissionDenied || codeOf(error) === "EACCES") {
    return "the system keeps this user from it (ports below 1024 are for root)";
  }
  if (error instanceof Deno.errors.AddrNotAvailable || codeOf(error) === "EADDRNOTAVAIL") {
    return "this machine has no such address";
  }
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
