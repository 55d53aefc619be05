/**
 * Whether the webhook stands 50,000 reviews of strangers, and as many requests that are none: each is answered properly, and
 * memory stays as it is. The operator runs as the manifests with webhooks run it.
 */
import { reviewFlags } from "../../tools/image/engine.ts";
import { GroundClient } from "../ground/client.ts";
import { isRecord } from "../ground/json.ts";
import { installDefinitions } from "../ground/operator.ts";
import { clientFlags, startParty, withFlags } from "./admission_party.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { measure } from "./child.ts";
import { fillCache, user, usualVariant } from "./operator.ts";
import { usageOf } from "./process.ts";
import type { StrangersInput, StrangersReport } from "./strangers_client.ts";

const rounds = 10;
const requestsEach = 10_000;
/** Somewhat more than half of all requests can be read as reviews. */
const reviewsWanted = 50_000;
/** What memory may be at the end, times that after the first round. */
const mostGrowth = 1.1;

export const strangers: Benchmark = {
  name: "strangers",
  parts: "api",
  options: { auditedUser: user },
  run,
};

async function run(stage: Stage): Promise<readonly Table[]> {
  using client = new GroundClient(stage.plane.connection);
  await installDefinitions(client);
  const variant = await usualVariant(stage);
  await fillCache(variant);
  await using stack = new AsyncDisposableStack();
  const { operator, port } = await startParty(stage, withFlags(variant, reviewFlags), stack);
  const seed = Date.now() % 2 ** 31;
  const reports: StrangersReport[] = [];
  const memory: number[] = [];
  for (let round = 0; round < rounds; round++) {
    reports.push(await asked(stage, { port, seed: seed + round, count: requestsEach }));
    const { residentMb } = await usageOf(operator.process.pid);
    memory.push(residentMb);
    stage.say(`${(round + 1) * requestsEach} requests, ${residentMb.toFixed(0)} MB`);
  }
  const log = await Deno.readTextFile(operator.log);
  const deaths = log.split("\n").filter((line) => line.includes("worker ended")).length;
  return [{
    title: `strangers: requests made from schemas, and damaged ones; seed ${seed}`,
    rows: rowsOf(reports, memory, deaths),
  }];
}

async function asked(stage: Stage, input: StrangersInput): Promise<StrangersReport> {
  const flags = clientFlags(input.port);
  const { report } = await measure(stage, { file: "strangers_client.ts", input, flags });
  if (!isReport(report)) throw new TypeError("Cannot use the report of the client as it is none");
  return report;
}

function isReport(value: unknown): value is StrangersReport {
  return isRecord(value) && typeof value["reviews"] === "number" && Array.isArray(value["objections"]);
}

function rowsOf(reports: readonly StrangersReport[], memory: readonly number[], deaths: number): Row[] {
  const none = { is: "at most", limit: 0 } as const;
  const objections = reports.flatMap((report) => report.objections);
  const [first = NaN] = memory;
  const last = memory.at(-1) ?? NaN;
  return [
    { what: "requests", value: rounds * requestsEach, unit: "" },
    {
      what: "of these reviews",
      value: reports.reduce((sum, { reviews }) => sum + reviews, 0),
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
    { what: `resident memory of the operator after the first ${requestsEach}`, value: first, unit: "MB" },
    { what: "resident memory of the operator at the end", value: last, unit: "MB" },
    {
      what: "times that after the first",
      value: last / first,
      unit: "",
      target: { is: "at most", limit: mostGrowth },
    },
  ];
}
