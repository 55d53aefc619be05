import assert from "node:assert/strict";
import { answerQuestion } from "../../webhook/answer.ts";
import { type HookServer, type Limits, startServer } from "../../webhook/server.ts";
import { loadCatalogue, multigresMajor } from "../../postgres/catalogue/catalogue.ts";
import { createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { delay, waitFor } from "../ground/wait_for.ts";
import { account, knownFacts, operatorName, readAnswer, reviewOf } from "../support/webhook.ts";

const path = "/validate-multigres-com-v1alpha1-cell";
const cell = { apiVersion: "multigres.com/v1alpha1", kind: "Cell", metadata: { name: "c" } };
const review = JSON.stringify(reviewOf({ object: cell, username: operatorName }));
const authority = await createAuthority();
const pair = await servingPair();
const catalogue = await loadCatalogue(multigresMajor);

/** A certificate for the loopback address, of the one authority that clients here believe. */
async function servingPair(issuer = authority) {
  const { certPem, keyPem } = await issuer.issueServer(["localhost"], ["127.0.0.1"]);
  return { certificate: certPem, key: keyPem };
}

interface Stage {
  readonly server: HookServer;
  readonly url: string;
  readonly client: Deno.HttpClient;
  /** Sends a review, and tells whether it was let through. */
  passes(): Promise<boolean>;
  /** A TLS connection that sends `text`, and what comes back until it is closed. */
  talk(text: string): Promise<string>;
}

async function withServer(limits: Partial<Limits>, body: (stage: Stage) => Promise<void>): Promise<void> {
  const facts = knownFacts();
  const server = await startServer({
    hostname: "127.0.0.1",
    port: freePort(),
    pair,
    limits,
    answer: (question) => answerQuestion(question, { facts, account, catalogue, now: () => new Date() }),
  });
  const client = Deno.createHttpClient({ caCerts: [authority.caPem] });
  const url = `https://127.0.0.1:${server.port}${path}`;
  try {
    await body({
      server,
      url,
      client,
      async passes() {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(url, { client, method: "POST", headers, body: review });
        return readAnswer(answer.status, await answer.text()).allowed === true;
      },
      talk: (text) => talk(server.port, text),
    });
  } finally {
    client.close();
    await server.stop();
  }
}

async function talk(port: number, text: string): Promise<string> {
  using connection = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [authority.caPem] });
  const bytes = new TextEncoder().encode(text);
  let heard = "";
  const buffer = new Uint8Array(65_536);
  const send = async () => {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at, at + 16_384));
  };
  const sending = send().catch(() => {});
  for (;;) {
    // A server that hangs up in the middle is a reset to this side.
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    heard += new TextDecoder().decode(buffer.subarray(0, count));
  }
  await sending;
  return heard;
}

const head = (length: number, more = "") =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;

Deno.test("a review is answered, and a connection serves several", () =>
  withServer({}, async ({ passes, talk }) => {
    assert.ok(await passes());
    assert.ok(await passes());
    const twice = `${head(review.length)}${review}${head(review.length, "connection: close\r\n")}${review}`;
    const heard = await talk(twice);
    assert.equal(heard.split("HTTP/1.1 200").length - 1, 2);
    assert.equal(heard.match(/content-length: \d+/gi)?.length, 2, "in one piece");
    assert.match(heard, /keep-alive: timeout=120/i);
  }));

Deno.test("other methods, paths and media types are told so", () =>
  withServer({}, async ({ url, client, passes }) => {
    const status = async (target: string, init: RequestInit) => {
      const answer = await fetch(target, { client, ...init });
      await answer.text();
      return answer.status;
    };
    const json = { "content-type": "application/json" };
    assert.equal(await status(url, {}), 405);
    assert.equal(await status(url, { method: "PUT", headers: json, body: review }), 405);
    assert.equal(await status(`${url}/more`, { method: "POST", headers: json, body: review }), 404);
    assert.equal(
      await status(url, { method: "POST", headers: { "content-type": "text/plain" }, body: review }),
      415,
    );
    assert.equal(await status(url, { method: "POST", body: new Uint8Array([1]) }), 415);
    const named = { "content-type": "Application/JSON; charset=utf-8" };
    assert.equal(await status(`${url}?timeout=10s`, { method: "POST", headers: named, body: review }), 200);
    assert.equal(await status(url, { method: "POST", headers: json, body: "{" }), 400);
    assert.equal(
      await status(url, { method: "POST", headers: json, body: new Uint8Array([0xff, 0xfe, 0]) }),
      400,
    );
    assert.ok(await passes());
  }));

Deno.test("a body that is too large is refused at once when it says so, and where it passes the limit", () =>
  withServer({ bodyBytes: 100_000 }, async ({ talk, passes }) => {
    assert.match(await talk(head(100_001)), /^HTTP\/1.1 413/);
    const chunks = "4000\r\n" + "x".repeat(16_384) + "\r\n";
    const chunked = head(0).replace("content-length: 0", "transfer-encoding: chunked") + chunks.repeat(20);
    assert.match(await talk(chunked), /^HTTP\/1.1 413/);
    assert.ok(await passes());
  }));

Deno.test("an object of the size that the API server takes is read, twice in one review", () =>
  withServer({}, async ({ url, client }) => {
    const large = { ...cell, note: "x".repeat(3 * 2 ** 20) };
    const body = JSON.stringify(
      reviewOf({ operation: "UPDATE", object: large, oldObject: large, username: operatorName }),
    );
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { client, method: "POST", headers, body });
    assert.equal(readAnswer(answer.status, await answer.text()).allowed, true);
  }));

Deno.test("who is slow with the handshake, the headers or the body is cut off, and holds nobody up", () =>
  withServer({ readMs: 300 }, async ({ server, talk, passes }) => {
    using mute = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const muteEnds = mute.read(new Uint8Array(1)).catch(() => null);
    const slow = [talk(""), talk("POST /x HTT"), talk(`${head(1000)}{`)];
    assert.ok(await passes());
    assert.equal(await muteEnds, null);
    const [silent, unfinished, waiting] = await Promise.all(slow);
    assert.deepEqual([silent, unfinished], ["", ""]);
    assert.match(waiting ?? "", /^HTTP\/1.1 408/);
    assert.ok(await passes());
  }));

Deno.test("a client that drips is cut off when its time is up, however busy it is", () =>
  withServer({ readMs: 400 }, async ({ server, passes }) => {
    using connection = await Deno.connectTls({
      hostname: "127.0.0.1",
      port: server.port,
      caCerts: [authority.caPem],
    });
    const start = performance.now();
    const letters = new TextEncoder().encode("GET / HTTP/1.1\r\nx: " + "y".repeat(1000));
    let end: number | undefined;
    void connection.read(new Uint8Array(1)).catch(() => null).then(() => end = performance.now() - start);
    for (const letter of letters) {
      if (end !== undefined) break;
      await connection.write(new Uint8Array([letter])).catch(() => {});
      await delay(20);
    }
    assert.ok(end !== undefined && end < 5_000, String(end));
    assert.ok(await passes());
  }));

Deno.test("a connection without work is closed after its time, and not before", () =>
  withServer({ idleMs: 500 }, async ({ talk }) => {
    const start = performance.now();
    assert.match(await talk(head(review.length) + review), /^HTTP\/1.1 200/);
    const open = performance.now() - start;
    assert.ok(open >= 450 && open < 5_000, String(open));
  }));

Deno.test("more connections than are held are closed, and there is room again when others go", () =>
  withServer({ connections: 3, readMs: 60_000 }, async ({ server, passes }) => {
    const open = () => Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const guests = await Promise.all([open(), open(), open()]);
    await waitFor("a fourth to be turned away", () => passes().then(() => false, () => true));
    for (const guest of guests) guest.close();
    await waitFor("room again", () => passes().catch(() => false));
  }));

Deno.test("bodies that together are more than is held are put off", () =>
  withServer({ heldBytes: 100_000, readMs: 5_000 }, async ({ server, passes }) => {
    using hoarder = await Deno.connectTls({
      hostname: "127.0.0.1",
      port: server.port,
      caCerts: [authority.caPem],
    });
    await hoarder.write(new TextEncoder().encode(head(120_000 - 30_000)));
    const part = new TextEncoder().encode("x".repeat(8_192));
    for (let sent = 0; sent < 80_000;) sent += await hoarder.write(part);
    assert.match(await talk(server.port, head(50_000) + "x".repeat(50_000)), /^HTTP\/1.1 503/);
    hoarder.close();
    await waitFor("room again", () => passes().catch(() => false));
  }));

Deno.test("what is no TLS and no HTTP is hung up on", () =>
  withServer({}, async ({ server, talk, passes }) => {
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "\0".repeat(1000), "\x16\x03\x01\x02\x00\x01"]) {
      using plain = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      await plain.write(new TextEncoder().encode(text));
      await plain.closeWrite();
      const buffer = new Uint8Array(1000);
      while (await plain.read(buffer).catch(() => null) !== null);
    }
    await talk("nonsense\r\n\r\n");
    await talk(`POST ${path} HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`);
    assert.ok(await passes());
  }));

Deno.test("a new certificate is for new connections; open ones go on", () =>
  withServer({}, async ({ server, client, url }) => {
    const other = await createAuthority();
    const next = await servingPair(other);
    const headers = { "content-type": "application/json" };
    const send = async (through: Deno.HttpClient) => {
      const answer = await fetch(url, { client: through, method: "POST", headers, body: review });
      return readAnswer(answer.status, await answer.text()).allowed;
    };
    assert.equal(await send(client), true);
    server.setCertificate(next);
    assert.equal(await send(client), true, "the old connection");
    using modern = Deno.createHttpClient({ caCerts: [other.caPem] });
    assert.equal(await send(modern), true);
    using stale = Deno.createHttpClient({ caCerts: [authority.caPem] });
    await assert.rejects(send(stale));
  }));

Deno.test("twenty changes of the certificate under load lose no request", () =>
  withServer({}, async ({ server, url, client }) => {
    const headers = { "content-type": "application/json" };
    const end = new AbortController();
    const tally = { answered: 0, lost: [] as string[] };
    const send = async (through: Deno.HttpClient) => {
      try {
        const answer = await fetch(url, { client: through, method: "POST", headers, body: review });
        assert.equal(readAnswer(answer.status, await answer.text()).allowed, true);
        tally.answered += 1;
      } catch (error) {
        tally.lost.push(String(error));
      }
    };
    const steady = async () => {
      while (!end.signal.aborted) await send(client);
    };
    const fresh = async () => {
      while (!end.signal.aborted) {
        using single = Deno.createHttpClient({ caCerts: [authority.caPem] });
        await send(single);
      }
    };
    const loops = [steady(), steady(), fresh(), fresh()];
    for (let count = 0; count < 20; count++) {
      server.setCertificate(await servingPair());
      await delay(20);
    }
    end.abort();
    await Promise.all(loops);
    assert.deepEqual(tally.lost, []);
    assert.ok(tally.answered > 50, String(tally.answered));
  }));
