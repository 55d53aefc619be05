/**
 * Sends reviews over TLS connections that stay open, as an API server does, and says how long the answers took. It calls the
 * webhook by its address, for which it has no certificate, and so is started with
 * `--unsafely-ignore-certificate-errors=127.0.0.1`.
 */
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
  readonly series: readonly Series[];
}

/** Times in milliseconds. */
export interface Times {
  readonly reviews: number;
  /** Answers that were no "allowed". */
  readonly failures: number;
  readonly firstFailure: string;
  /** Median of the first reviews, which do not count otherwise. */
  readonly cold: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** Reviews before those that count: the engine looks at what is called often before it compiles that. */
export const warmUp = 1_000;
/** Of these, the first ones are told of apart. */
const coldReviews = 100;

async function measureSeries({ port }: ClientInput, series: Series): Promise<Times> {
  const { path, body, connections, reviews, seconds = Infinity } = series;
  using client = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: connections });
  const url = `https://127.0.0.1:${port}${path}?timeout=10s`;
  const headers = { "content-type": "application/json" };
  const ask = async () => await (await fetch(url, { client, method: "POST", headers, body })).text();
  const times: number[] = [];
  const failures: string[] = [];
  const line = async (until: () => boolean, take: (milliseconds: number, answer: string) => void) => {
    while (!until()) {
      const start = performance.now();
      const answer = await ask();
      take(performance.now() - start, answer);
    }
  };
  const lines = (...how: Parameters<typeof line>) =>
    Promise.all(Array.from({ length: connections }, () => line(...how)));
  const early: number[] = [];
  await lines(() => early.length >= warmUp, (milliseconds) => early.push(milliseconds));
  const end = performance.now() + seconds * 1_000;
  await lines(() => times.length >= reviews || performance.now() >= end, (milliseconds, answer) => {
    times.push(milliseconds);
    if (!answer.includes('"allowed":true')) failures.push(answer);
  });
  const at = quantiles(times);
  return {
    reviews: times.length,
    failures: failures.length,
    firstFailure: (failures[0] ?? "").slice(0, 300),
    cold: quantiles(early.slice(0, coldReviews))(0.5),
    p50: at(0.5),
    p99: at(0.99),
    most: at(1),
  };
}

/** The time that a share of all keep to. */
function quantiles(times: number[]): (share: number) => number {
  times.sort((a, b) => a - b);
  return (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
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
