/** Reviews while nothing else is done. */
import { delay } from "../ground/wait_for.ts";
import { type Series, warmUp } from "./admission_client.ts";
import { type Party, restMs } from "./admission_party.ts";
import { defaultPath, review, validatePath } from "./admission_reviews.ts";
import { loadOfMachine, ratiosOf, rowsOf, type TimeLimits, timesOf } from "./admission_times.ts";
import type { Row, Stage } from "./benchmark.ts";
import { usageOf } from "./process.ts";

/** What must be kept: the Go operator, idle, its client on the same two cores. In milliseconds. */
const limits = {
  validate: { one: { p50: 0.6, p99: 3.7 }, eight: { p99: 17 } },
  default: { one: { p50: 0.9, p99: 5.8 }, eight: { p99: 30 } },
} as const;

const reviewsEach = 2_000;
const mostMb = 60;

const validate = { path: validatePath, body: review("CREATE") };
const defaults = { path: defaultPath, body: review("CREATE") };

interface NamedSeries extends Series {
  readonly name: string;
  readonly limit: TimeLimits;
}

const series: readonly NamedSeries[] = [
  { name: "validate, 1 connection", ...validate, connections: 1, limit: limits.validate.one },
  { name: "default, 1 connection", ...defaults, connections: 1, limit: limits.default.one },
  { name: "validate, 8 connections", ...validate, connections: 8, limit: limits.validate.eight },
  { name: "default, 8 connections", ...defaults, connections: 8, limit: limits.default.eight },
  {
    name: "validate a change, 1 connection",
    path: validatePath,
    body: review("UPDATE"),
    connections: 1,
    limit: {},
  },
].map((each) => ({ ...each, reviews: reviewsEach }));

export interface QuietRows {
  readonly rows: readonly Row[];
  /** Times those of another server that is asked in turns; empty without one. */
  readonly ratios: readonly Row[];
}

/**
 * @param without memory of the same program without webhooks, in MB.
 * @param other port of a server that is asked in turns with it.
 */
export async function quietRows(
  stage: Stage,
  { port, operator }: Party,
  without: number,
  other?: number,
): Promise<QuietRows> {
  await delay(restMs);
  stage.say(`${series.length * reviewsEach} reviews; ${await loadOfMachine()}`);
  const before = await usageOf(operator.process.pid);
  const found = await timesOf(stage, { ports: other === undefined ? [port] : [port, other], series });
  const own = found.map(([times]) => times);
  const reviews = own.reduce((sum, times) => sum + (times?.reviews ?? 0) + warmUp, 0);
  await delay(restMs);
  const after = await usageOf(operator.process.pid);
  const rows: Row[] = [
    ...series.flatMap(({ name, limit }, index) => rowsOf(name, own[index], limit)),
    { what: "the first reviews of all: p50", value: own[0]?.cold ?? NaN, unit: "ms" },
    { what: "reviews", value: reviews, unit: "" },
    { what: "CPU time for each", value: (after.cpuSeconds - before.cpuSeconds) * 1000 / reviews, unit: "ms" },
    { what: "resident memory without webhooks", value: without, unit: "MB" },
    { what: "with webhooks that nobody has called", value: before.residentMb, unit: "MB" },
    { what: "after these reviews", value: after.residentMb, unit: "MB" },
    {
      what: "added by webhooks and their certificates",
      value: after.residentMb - without,
      unit: "MB",
      target: { is: "at most", limit: mostMb },
    },
  ];
  return { rows, ratios: series.flatMap(({ name }, index) => ratiosOf(name, found[index])) };
}
