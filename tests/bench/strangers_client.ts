/**
 * Sends requests of strangers to a webhook by its address, for which it has no certificate: it is started with
 * `--unsafely-ignore-certificate-errors=127.0.0.1`.
 */
import fc from "fast-check";
import { isRecord } from "../ground/json.ts";
import { objectionToAnswer, requests } from "../support/arbitrary_reviews.ts";
import { inputOf, report } from "./report.ts";

export interface StrangersInput {
  readonly port: number;
  readonly seed: number;
  readonly count: number;
}

export interface StrangersReport {
  /** Requests that were answered as reviews. */
  readonly reviews: number;
  /** What is wrong with answers. */
  readonly objections: readonly string[];
}

/** Requests under way at the same time. */
const workers = 8;

async function ask({ port, seed, count }: StrangersInput): Promise<StrangersReport> {
  using client = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: workers });
  const examples = fc.sample(requests, { numRuns: count, seed })[Symbol.iterator]();
  const objections: string[] = [];
  let reviews = 0;
  const headers = { "content-type": "application/json" };
  const line = async () => {
    for (const { path, text } of examples) {
      const url = `https://127.0.0.1:${port}${path}`;
      const answer = await fetch(url, { client, method: "POST", headers, body: text });
      const objection = objectionToAnswer(answer.status, await answer.text());
      if (objection !== undefined) objections.push(objection);
      if (answer.status === 200) reviews += 1;
    }
  };
  await Promise.all(Array.from({ length: workers }, line));
  return { reviews, objections };
}

function isInput(value: unknown): value is StrangersInput {
  return isRecord(value) && ["port", "seed", "count"].every((key) => typeof value[key] === "number");
}

if (import.meta.main) {
  const input: unknown = await inputOf();
  if (!isInput(input)) throw new TypeError("Cannot ask as the input is none");
  await report(await ask(input));
}
