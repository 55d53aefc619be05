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
  /** Ends the series after this many seconds, shared by the servers, however many reviews there were. */
  readonly seconds?: number;
}

export interface ClientInput {
  /** Of each server that is asked; all listen on 127.0.0.1. */
  readonly ports: readonly number[];
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

/** Servers are asked in turns, so that whatever else the machine does meanwhile is the same for all of them. */
const turns = 10;

/** One of a series for each server, in the order of the ports. */
async function measureSeries({ ports }: ClientInput, series: Series): Promise<Times[]> {
  const { reviews, seconds = Infinity } = series;
  const visitors = ports.map((port) => new Visitor(port, series));
  try {
    for (const visitor of visitors) await visitor.warmUp();
    const turnMs = seconds * 1_000 / turns / ports.length;
    for (let turn = 1; turn <= turns; turn++) {
      for (const visitor of visitors) await visitor.askUntil(reviews * turn / turns, turnMs);
    }
    return visitors.map((visitor) => visitor.times());
  } finally {
    for (const visitor of visitors) visitor.leave();
  }
}

/** Asks one server the reviews of one series. */
class Visitor {
  readonly #series: Series;
  readonly #url: string;
  readonly #client: Deno.HttpClient;
  readonly #early: number[] = [];
  readonly #times: number[] = [];
  readonly #failures: string[] = [];

  constructor(port: number, series: Series) {
    this.#series = series;
    this.#url = `https://127.0.0.1:${port}${series.path}?timeout=10s`;
    this.#client = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: series.connections });
  }

  async warmUp(): Promise<void> {
    await this.#ask(() => this.#early.length >= warmUp, (milliseconds) => this.#early.push(milliseconds));
  }

  /** Until there are so many reviews of it, or the time is over. */
  async askUntil(reviews: number, limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    const enough = () => this.#times.length >= reviews || performance.now() >= end;
    await this.#ask(enough, (milliseconds, answer) => {
      this.#times.push(milliseconds);
      if (!answer.includes('"allowed":true')) this.#failures.push(answer);
    });
  }

  times(): Times {
    const at = quantiles(this.#times);
    return {
      reviews: this.#times.length,
      failures: this.#failures.length,
      firstFailure: (this.#failures[0] ?? "").slice(0, 300),
      cold: quantiles(this.#early.slice(0, coldReviews))(0.5),
      p50: at(0.5),
      p99: at(0.99),
      most: at(1),
    };
  }

  leave(): void {
    this.#client.close();
  }

  async #ask(until: () => boolean, take: (milliseconds: number, answer: string) => void): Promise<void> {
    const request = {
      client: this.#client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: this.#series.body,
    };
    const line = async () => {
      while (!until()) {
        const start = performance.now();
        const answer = await (await fetch(this.#url, request)).text();
        take(performance.now() - start, answer);
      }
    };
    await Promise.all(Array.from({ length: this.#series.connections }, line));
  }
}

/** The time that a share of all keep to. */
function quantiles(times: number[]): (share: number) => number {
  times.sort((a, b) => a - b);
  return (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
}

function isInput(value: unknown): value is ClientInput {
  return isRecord(value) && Array.isArray(value["ports"]) && Array.isArray(value["series"]);
}

if (import.meta.main) {
  const input: unknown = await inputOf();
  if (!isInput(input)) throw new TypeError("Cannot ask as the input is none");
  const found: Times[][] = [];
  for (const series of input.series) found.push(await measureSeries(input, series));
  await report(found);
}
