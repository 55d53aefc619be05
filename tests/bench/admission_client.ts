/** Sends reviews over TLS connections that stay open, as an API server does, and says how long the answers took. */
import { isRecord } from "../ground/json.ts";
import { inputOf, report } from "./report.ts";

/** Reviews of one sort, one after another on each connection. */
export interface Series {
  readonly path: string;
  readonly body: string;
  readonly connections: number;
  /** Of all connections together, besides those that warm up. */
  readonly reviews: number;
  /** Ends the series after this many seconds, however many reviews there were. */
  readonly seconds?: number;
}

export interface ClientInput {
  readonly port: number;
  /** PEM of the authority. */
  readonly ca: string;
  readonly series: readonly Series[];
}

/** Times in milliseconds. */
export interface Times {
  readonly reviews: number;
  /** Answers that were no "allowed". */
  readonly failures: number;
  readonly firstFailure: string;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** Reviews on each connection before those that count. */
const warmUp = 100;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One connection and what came over it that has not been read. */
class Line {
  #pending = "";
  readonly #buffer = new Uint8Array(65_536);

  constructor(readonly connection: Deno.TlsConn) {}

  /** Sends a request and returns the body of its answer. @throws Error when the connection ends first. */
  async ask(request: Uint8Array): Promise<string> {
    for (let sent = 0; sent < request.length;) sent += await this.connection.write(request.subarray(sent));
    while (true) {
      const found = /^HTTP\/1\.1 (\d+)[\s\S]*?\r\n\r\n/.exec(this.#pending);
      const length = Number(/content-length: (\d+)/i.exec(found?.[0] ?? "")?.[1] ?? NaN);
      const from = found?.[0].length ?? Infinity;
      if (this.#pending.length >= from + length) {
        const body = this.#pending.slice(from, from + length);
        this.#pending = this.#pending.slice(from + length);
        return body;
      }
      await this.#more();
    }
  }

  /** Answers are ASCII here, so characters count as bytes. */
  async #more(): Promise<void> {
    const count = await this.connection.read(this.#buffer);
    if (count === null) throw new Error("the connection was closed");
    this.#pending += decoder.decode(this.#buffer.subarray(0, count));
  }
}

async function measureSeries({ port, ca }: ClientInput, series: Series): Promise<Times> {
  const { path, body, connections, reviews, seconds = Infinity } = series;
  const head = `POST ${path}?timeout=10s HTTP/1.1\r\nhost: webhook\r\ncontent-type: application/json\r\n` +
    `content-length: ${encoder.encode(body).length}\r\n\r\n`;
  const request = encoder.encode(head + body);
  const times: number[] = [];
  const failures: string[] = [];
  const connect = () =>
    Deno.connectTls({
      hostname: "127.0.0.1",
      port,
      caCerts: [ca],
      unsafelyDisableHostnameVerification: true,
    });
  const lines = await Promise.all(Array.from({ length: connections }, async () => new Line(await connect())));
  for (const line of lines) {
    for (let at = 0; at < warmUp / connections; at++) await line.ask(request);
  }
  const end = performance.now() + seconds * 1_000;
  await Promise.all(lines.map(async (line) => {
    while (times.length < reviews && performance.now() < end) {
      const start = performance.now();
      const answer = await line.ask(request);
      times.push(performance.now() - start);
      if (!answer.includes('"allowed":true')) failures.push(answer);
    }
  }));
  for (const { connection } of lines) connection.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return {
    reviews: times.length,
    failures: failures.length,
    firstFailure: (failures[0] ?? "").slice(0, 300),
    p50: at(0.5),
    p99: at(0.99),
    most: at(1),
  };
}

function isInput(value: unknown): value is ClientInput {
  return isRecord(value) && typeof value["port"] === "number" && Array.isArray(value["series"]);
}

if (import.meta.main) {
  const input: unknown = await inputOf();
  if (!isInput(input)) throw new TypeError("Cannot ask as the input is none");
  const found: Times[] = [];
  for (const series of input.series) found.push(await measureSeries(input, series));
  await report(found);
}
