/** Servers on loopback that count their connections: some speak gRPC, others treat clients badly. */
import { createSecureServer, createServer, type ServerHttp2Session } from "node:http2";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { freePort } from "../ground/ports.ts";

/** A server that counts its connections. */
export interface CountingServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  open(): number;
}

/** One that ends its connections in good order, as a server does that is stopped. */
export interface PoliteServer extends CountingServer {
  /** Says that it goes away, takes no more calls on its connections, and says so once more with the last one that it took. */
  goAway(): void;
}

/** Does `treat` to each connection and nothing else. */
export function treating(treat: (connection: Deno.TcpConn) => Promise<void>): CountingServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  const serve = async () => {
    for await (const connection of listener) {
      connections.add(connection);
      treat(connection).catch(() => {}).finally(() => {
        connections.delete(connection);
        close(connection);
      });
    }
  };
  const served = serve();
  return {
    endpoint: `http://127.0.0.1:${listener.addr.port}`,
    port: listener.addr.port,
    open: () => connections.size,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) close(connection);
      await served;
    },
  };
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Reads until the other side closes. */
export async function swallow(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await connection.read(buffer) !== null);
}

/** Certificates of a server that asks its clients for theirs. */
export interface ServerTls {
  readonly certPem: string;
  readonly keyPem: string;
  /** Authority of the clients. */
  readonly caPem: string;
}

/** Speaks gRPC over HTTP/2: in the clear, or with TLS that asks clients for a certificate. */
export async function serving(
  routes: (router: ConnectRouter) => void,
  tls?: ServerTls,
): Promise<PoliteServer> {
  const handler = connectNodeAdapter({ routes });
  const server = tls === undefined ? createServer(handler) : createSecureServer({
    cert: tls.certPem,
    key: tls.keyPem,
    ca: tls.caPem,
    requestCert: true,
    rejectUnauthorized: true,
  }, handler);
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const port = freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  return {
    endpoint: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    open: () => sessions.size,
    goAway() {
      for (const session of sessions) {
        session.goaway(0, 2 ** 31 - 1);
        session.close();
      }
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        // Ending a session would refuse its streams, which ends this process where there are several of them.
        for (const socket of [...sockets]) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
