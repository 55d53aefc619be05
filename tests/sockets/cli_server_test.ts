import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Verdict } from "../../cli/metrics_access.ts";
import { metricsHandler } from "../../cli/metrics_handler.ts";
import { selfSigned } from "../../cli/self_signed.ts";
import { type Handler, serve, type Server } from "../../cli/server.ts";

const here = { hostname: "127.0.0.1", port: 0 };
const flag = "metrics-bind-address";

const hello: Handler = ({ path }) => {
  if (path === "/boom") throw new Error("a secret reason");
  return { status: 200, body: `hello from ${path}` };
};

function url(server: Server, scheme: "http" | "https", path = "/"): string {
  return `${scheme}://127.0.0.1:${server.address.port}${path}`;
}

Deno.test("a plain server answers, refuses writes, and keeps reasons to itself", async () => {
  const server = await serve({ address: here, flag, handler: hello });
  try {
    const answer = await fetch(url(server, "http", "/a?b"));
    assert.deepEqual([answer.status, await answer.text()], [200, "hello from /a"]);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const post = await fetch(url(server, "http"), { method: "POST", body: "x" });
    assert.equal(post.status, 405);
    await post.body?.cancel();
    const boom = await fetch(url(server, "http", "/boom"));
    assert.equal(boom.status, 500);
    assert.ok(!(await boom.text()).includes("secret"));
  } finally {
    await server.stop();
  }
});

for (const http2 of [false, true]) {
  Deno.test(`over TLS HTTP/2 is ${http2 ? "offered when asked for" : "not offered"}`, async () => {
    const pair = await selfSigned(["localhost"], new Date());
    const server = await serve({ address: here, flag, handler: hello, tls: { ...pair, http2 } });
    try {
      const socket = await Deno.connectTls({
        hostname: "127.0.0.1",
        port: server.address.port,
        caCerts: [pair.certificate],
        alpnProtocols: ["h2", "http/1.1"],
        unsafelyDisableHostnameVerification: true,
      });
      const { alpnProtocol } = await socket.handshake();
      socket.close();
      assert.equal(alpnProtocol, http2 ? "h2" : "http/1.1");
    } finally {
      await server.stop();
    }
  });
}

Deno.test("the certificate carries its names, its key fits, and it is valid from an hour ago on", async () => {
  const now = new Date("2026-11-21T12:00:00Z");
  const pair = await selfSigned(["localhost", "metrics.system.svc"], now);
  const certificate = new X509Certificate(pair.certificate);
  assert.equal(certificate.checkHost("metrics.system.svc"), "metrics.system.svc");
  assert.equal(certificate.checkHost("other.system.svc"), undefined);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(pair.key)));
  assert.equal(new Date(certificate.validFrom).toISOString(), "2026-11-21T11:00:00.000Z");
  assert.equal(new Date(certificate.validTo).toISOString(), "2027-11-21T12:00:00.000Z");
});

for (const secure of [false, true]) {
  Deno.test(`an address that is taken is told in one line (${secure ? "TLS" : "plain"})`, async () => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const tls = secure ? { tls: { ...await selfSigned(["x"], new Date()), http2: false } } : {};
    try {
      await assert.rejects(serve({ address: { ...here, port }, flag, handler: hello, ...tls }), {
        name: "StartError",
        message:
          `Cannot listen on 127.0.0.1:${port} (--metrics-bind-address) as another program listens there ` +
          "already; choose another address",
      });
    } finally {
      taken.close();
    }
  });

  Deno.test(`a stop does not wait for a connection that is kept open (${secure ? "TLS" : "plain"})`, async () => {
    const pair = await selfSigned(["localhost"], new Date());
    const tls = secure ? { tls: { ...pair, http2: false } } : {};
    const server = await serve({ address: here, flag, handler: hello, ...tls });
    const target = { hostname: "127.0.0.1", port: server.address.port };
    const socket = secure
      ? await Deno.connectTls({
        ...target,
        caCerts: [pair.certificate],
        unsafelyDisableHostnameVerification: true,
      })
      : await Deno.connect(target);
    await socket.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT"));
    await socket.read(new Uint8Array(4096));
    const started = performance.now();
    await server.stop();
    assert.ok(performance.now() - started < 2_500, `${performance.now() - started} ms`);
    socket.close();
  });
}

for (const secure of [true, false]) {
  Deno.test(`a client that sends half a request, drips, or goes silent is cut off, and holds nobody up (${secure ? "TLS" : "plain"})`, async () => {
    const pair = await selfSigned(["localhost"], new Date());
    const server = await serve({
      address: here,
      flag,
      handler: hello,
      ...(secure ? { tls: { ...pair, http2: false } } : {}),
      idleMs: 400,
    });
    const target = { hostname: "127.0.0.1", port: server.address.port };
    const open = () =>
      secure
        ? Deno.connectTls({
          ...target,
          caCerts: [pair.certificate],
          unsafelyDisableHostnameVerification: true,
        })
        : Deno.connect(target);
    const text = new TextEncoder();
    const untilClosed = async (connection: Deno.Conn) => {
      const buffer = new Uint8Array(4096);
      while (await connection.read(buffer).catch(() => null) !== null);
    };
    try {
      using mute = await Deno.connect(target);
      using silent = await open();
      using half = await open();
      using dripping = await open();
      using served = await open();
      await half.write(text.encode("GET /metrics HTTP/1.1\r\nHo"));
      await served.write(text.encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
      let over = false;
      const drip = async () => {
        for (let at = 0; at < 1_000 && !over; at++) {
          await dripping.write(text.encode(at === 0 ? "GET / HTTP/1.1\r\nx: " : "y")).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const dripped = drip();
      await Promise.all([mute, silent, half, dripping, served].map(untilClosed));
      over = true;
      await dripped;
      using another = await open();
      await another.write(text.encode("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
      const buffer = new Uint8Array(4096);
      const size = await another.read(buffer) ?? 0;
      assert.match(new TextDecoder().decode(buffer.subarray(0, size)), /^HTTP\/1.1 200/);
    } finally {
      await server.stop();
    }
  });
}

Deno.test("metrics go only to those whom the judge lets in, and the others learn nothing of paths", async () => {
  const verdicts = new Map<string, Verdict>([["a", "allowed"], ["r", "refused"], ["d", "undecided"]]);
  const judge = (header = "") => Promise.resolve(verdicts.get(header) ?? "unknown");
  const handler = metricsHandler({
    contentType: "text/x-metrics",
    render: () => Promise.resolve("up 1\n"),
    judge,
  });
  const server = await serve({ address: here, flag, handler });
  const ask = async (path: string, authorization: string) => {
    const answer = await fetch(url(server, "http", path), { headers: { authorization } });
    return [answer.status, await answer.text()] as const;
  };
  try {
    assert.deepEqual(await ask("/metrics", "a"), [200, "up 1\n"]);
    assert.equal((await ask("/other", "a"))[0], 404);
    for (const [header, status] of [["u", 401], ["r", 403], ["d", 503]] as const) {
      assert.equal((await ask("/metrics", header))[0], status);
      assert.equal((await ask("/other", header))[0], status);
    }
  } finally {
    await server.stop();
  }
});
