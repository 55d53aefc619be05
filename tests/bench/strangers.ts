/**
 * Whether the webhook stands 50,000 reviews of strangers, and as many requests that are none: each is answered properly, and
 * memory stays as it is.
 */
import fc from "fast-check";
import { objectionToAnswer, requests } from "../support/arbitrary_reviews.ts";
import { listening, pair, withHost } from "../support/webhook_host.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { usageOf } from "./process.ts";

const rounds = 10;
const requestsEach = 10_000;
/** Somewhat more than half of all requests can be read as reviews. */
const reviewsWanted = 50_000;
/** What memory may be at the end, times that after the first round. */
const mostGrowth = 1.1;
/** Requests under way at the same time. */
const workers = 8;

export const strangers: Benchmark = { name: "strangers", parts: "api", run };

async function run(stage: Stage): Promise<readonly Table[]> {
  const objections: string[] = [];
  const memory: number[] = [];
  let reviews = 0;
  let deaths = 0;
  const seed = Date.now() % 2 ** 31;
  await withHost({ patience: { unknownMs: 0, refusalMs: 0 } }, async ({ host, send, log }) => {
    host.setCertificate(pair);
    await listening(host);
    for (let round = 0; round < rounds; round++) {
      const examples = fc.sample(requests, { numRuns: requestsEach, seed: seed + round })[Symbol.iterator]();
      await Promise.all(Array.from({ length: workers }, async () => {
        for (const { path, text } of examples) {
          const answer = await send(path, text);
          const objection = objectionToAnswer(answer.status, answer.text);
          if (objection !== undefined) objections.push(objection);
          if (answer.status === 200) reviews += 1;
        }
      }));
      const { residentMb } = await usageOf(Deno.pid);
      memory.push(residentMb);
      stage.say(`${(round + 1) * requestsEach} requests, ${residentMb.toFixed(0)} MB`);
    }
    deaths = log.filter((line) => line.includes("worker ended")).length;
  });
  return [{ title: `strangers: requests made from schemas, and damaged ones; seed ${seed}`, rows: rows() }];

  function rows(): Row[] {
    const none = { is: "at most", limit: 0 } as const;
    const [first = NaN] = memory;
    const last = memory.at(-1) ?? NaN;
    return [
      { what: "requests", value: rounds * requestsEach, unit: "" },
      {
        what: "of these reviews",
        value: reviews,
        unit: "",
        target: { is: "at least", limit: reviewsWanted },
      },
      {
        what: "answers that are none",
        value: objections.length,
        unit: "",
        target: none,
        note: objections.slice(0, 3).join("; ").slice(0, 500),
      },
      { what: "ends of the webhook's thread", value: deaths, unit: "", target: none },
      { what: `resident memory of all after the first ${requestsEach}`, value: first, unit: "MB" },
      { what: "resident memory of all at the end", value: last, unit: "MB" },
      {
        what: "times that after the first",
        value: last / first,
        unit: "",
        target: { is: "at most", limit: mostGrowth },
      },
    ];
  }
}
