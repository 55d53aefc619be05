import assert from "node:assert/strict";
import { ExecError, type ExecResult, openPodExec } from "../../kube/exec.ts";

type Say = (channel: number, text: string) => void;

/** An API server as far as commands in containers go: what it says of one is up to the test. */
async function against(
  say: (say: Say, socket: WebSocket, path: URL) => void,
  token?: string,
): Promise<ExecResult | string> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (token !== undefined && request.headers.get("authorization") !== `Bearer ${token}`) {
      return new Response(JSON.stringify({ message: "who are you?" }), { status: 401 });
    }
    if (request.headers.get("upgrade") === null) return new Response("{}", { status: 400 });
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "v5.channel.k8s.io" });
    const tell: Say = (channel, text) =>
      socket.send(Uint8Array.of(channel, ...new TextEncoder().encode(text)));
    socket.onopen = () => say(tell, socket, new URL(request.url));
    return response;
  });
  const exec = openPodExec({
    server: `http://127.0.0.1:${server.addr.port}/prefix/`,
    namespace: "default",
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
  });
  try {
    return await exec.run({
      namespace: "shop",
      pod: "orders-0",
      container: "postgres",
      command: ["ls", "a b"],
      timeoutMs: 5_000,
    });
  } catch (error) {
    return error instanceof ExecError ? `${error.failure}: ${error.message}` : String(error);
  }
}

function exited(code: string): string {
  return JSON.stringify({
    status: "Failure",
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: code }] },
  });
}

Deno.test("what a command writes and how it ends is told, however the pieces fall", async () => {
  const result = await against((say, socket, url) => {
    assert.equal(url.pathname, "/prefix/api/v1/namespaces/shop/pods/orders-0/exec");
    assert.deepEqual(url.searchParams.getAll("command"), ["ls", "a b"]);
    say(1, "");
    const euro = new TextEncoder().encode("€");
    socket.send(Uint8Array.of(1, ...euro.slice(0, 2)));
    say(2, "oh");
    socket.send(Uint8Array.of(1, ...euro.slice(2)));
    say(3, exited("3"));
    socket.close();
  }, "secret");
  assert.deepEqual(result, { exitCode: 3, stdout: "€", stderr: "oh" });
});

Deno.test("an end without a word on how the command ended is no result", async () => {
  const cut = await against((say, socket) => {
    say(1, "half");
    socket.close();
  });
  assert.match(String(cut), /^broken: .*the connection ended before the command did/);
});

Deno.test("a command that could not be started is told in the server's words", async () => {
  const refused = await against((say, socket) => {
    say(3, JSON.stringify({ status: "Failure", reason: "InternalError", message: "no such container" }));
    socket.close();
  });
  assert.match(String(refused), /^refused: Cannot run ls in container postgres .*no such container/);
  const nonsense = await against((say, socket) => {
    say(3, "not JSON");
    socket.close();
  });
  assert.match(String(nonsense), /^broken: /);
});
