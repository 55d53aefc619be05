/** Two ends of TLS that ask each other for certificates, on loopback. */
import { createServer } from "node:https";
import { connect } from "node:tls";

/** What an end shows, and what it trusts (all PEM). */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface MutualServer extends AsyncDisposable {
  readonly port: number;
}

/** Serves HTTPS to whoever shows a certificate that `credentials.ca` vouches for, and answers with his name. */
export async function mutualServer(credentials: Credentials): Promise<MutualServer> {
  const server = createServer(
    { ...credentials, requestCert: true, rejectUnauthorized: true },
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ served: true }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot tell the port of the server");
  return {
    port: address.port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Shakes hands and sends a request. @returns "served", or why not. */
export function visit(port: number, serverName: string, credentials: Credentials): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, servername: serverName, ...credentials });
    const finish = (outcome: string) => {
      socket.destroy();
      resolve(outcome);
    };
    let answer = "";
    socket.on("secureConnect", () => socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    socket.on("data", (chunk) => {
      answer += String(chunk);
      if (answer.includes("served")) finish("served");
    });
    socket.on("error", (error) => finish(error.message));
    socket.on("close", () => finish("closed without an answer"));
  });
}
