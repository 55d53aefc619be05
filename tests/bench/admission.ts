/**
 * How long reviews of a cluster of 19 KB take, while nothing else is done and while 200 clusters are being reconciled, and
 * what the webhook costs. What the reconciles of the same process take from it, and what those of the API server do, shows
 * beside a second replica, which stands by on the same machine and serves the same reviews at the same time. That rotations
 * lose no call is measured by `rotation`.
 */
import { GroundClient } from "../ground/client.ts";
import { installDefinitions } from "../ground/operator.ts";
import { freePort } from "../ground/ports.ts";
import { isRecord } from "../ground/json.ts";
import { delay, waitFor } from "../ground/wait_for.ts";
import { type ClientInput, type Series, type Times, warmUp } from "./admission_client.ts";
import { defaultPath, review, validatePath } from "./admission_reviews.ts";
import { reviewFlags } from "../../tools/image/engine.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { measure } from "./child.ts";
import { createClusters, fleetOf, prepareNamespaces } from "./fleet_clusters.ts";
import {
  fillCache,
  isWork,
  type RunningOperator,
  startOperator,
  user,
  type Variant,
  variants,
  whyEnded,
} from "./operator.ts";
import { usageOf } from "./process.ts";

/** What must be kept: the Go operator, idle, its client on the same two cores. In milliseconds. */
const limits = {
  validate: { one: { p50: 0.6, p99: 3.7 }, eight: { p99: 17 } },
  default: { one: { p50: 0.9, p99: 5.8 }, eight: { p99: 30 } },
} as const;

const reviewsEach = 2_000;
const fleetSize = 200;
const busySeconds = 20;
/** How long a program is left alone before its memory is looked at. */
const restMs = 15_000;
const mostMb = 60;
const mostTimesIdle = 2;

export const admission: Benchmark = {
  name: "admission",
  parts: "api",
  options: { auditedUser: user },
  run,
};

interface Party {
  readonly operator: RunningOperator;
  readonly port: number;
}

async function run(stage: Stage): Promise<readonly Table[]> {
  using client = new GroundClient(stage.plane.connection);
  await installDefinitions(client);
  await client.apply({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "usual", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "example.com/none",
  });
  const variant = (await variants(stage)).at(-1);
  if (variant === undefined) throw new Error("Cannot measure as there is no way to run the operator");
  await fillCache(variant);
  // As the manifests without webhooks run it, and those with webhooks.
  const without = await memoryWithout(stage, variant);
  const reviewing = withFlags(variant, reviewFlags);
  const usual = await usualRows(stage, variant, without);
  await using stack = new AsyncDisposableStack();
  const leader = await startParty(stage, reviewing, stack);
  const quiet = await quietRows(stage, leader, without);
  const busy = await busyRows(stage, client, leader);
  const standby = await startParty(stage, reviewing, stack);
  const beside = await besideRows(stage, client, { leader, standby });
  return [
    { title: `admission: reviews of a cluster of 19 KB, operator ${variant.name}`, rows: quiet },
    { title: "admission: the same with the image's flags for the engine", rows: usual },
    { title: `admission: reviews while ${fleetSize} clusters are reconciled`, rows: busy },
    { title: `admission: two replicas are asked while ${fleetSize} more are reconciled`, rows: beside },
  ];
}

function withFlags({ env, ...variant }: Variant, flags: string): Variant {
  return env === undefined ? variant : { ...variant, env: { ...env, DENO_V8_FLAGS: flags } };
}

async function usualRows(stage: Stage, variant: Variant, without: number): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  return await quietRows(stage, await startParty(stage, variant, stack), without);
}

async function memoryWithout(stage: Stage, variant: Variant): Promise<number> {
  const operator = await startOperator(stage, variant);
  try {
    await delay(restMs);
    return (await usageOf(operator.process.pid)).residentMb;
  } finally {
    await operator.process.stop("SIGTERM", 15_000);
  }
}

async function startParty(stage: Stage, variant: Variant, stack: AsyncDisposableStack): Promise<Party> {
  const port = freePort();
  const args = [...variant.args, "--webhook-enable", `--webhook-port=${port}`];
  const operator = await startOperator(stage, { ...variant, args });
  stack.defer(() => operator.process.stop("SIGTERM", 15_000));
  await serving(operator);
  return { operator, port };
}

async function serving(operator: RunningOperator): Promise<void> {
  const isServed = async () => (await Deno.readTextFile(operator.log)).includes("Serving admission webhooks");
  await waitFor("the webhook to serve", isServed, { timeoutMs: 60_000, hopeless: () => whyEnded(operator) });
}

async function timesOf(stage: Stage, input: ClientInput): Promise<readonly Times[]> {
  const { report } = await measure(stage, {
    file: "admission_client.ts",
    input,
    flags: [`--allow-net=127.0.0.1:${input.port}`, "--unsafely-ignore-certificate-errors=127.0.0.1"],
  });
  return (Array.isArray(report) ? report : []).filter(isTimes);
}

function isTimes(value: unknown): value is Times {
  return isRecord(value) && typeof value["p99"] === "number" && typeof value["reviews"] === "number";
}

const validate = { path: validatePath, body: review("CREATE") };
const defaults = { path: defaultPath, body: review("CREATE") };

const series:
  readonly (Series & { readonly name: string; readonly limit: { p50?: number; p99?: number } })[] = [
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

/** @param without memory of the same program without webhooks, in MB. */
async function quietRows(stage: Stage, { port, operator }: Party, without: number): Promise<Row[]> {
  await delay(restMs);
  stage.say(`${series.length * reviewsEach} reviews; ${await loadOfMachine()}`);
  const before = await usageOf(operator.process.pid);
  const found = await timesOf(stage, { port, series });
  const reviews = found.reduce((sum, times) => sum + times.reviews + warmUp, 0);
  await delay(restMs);
  const after = await usageOf(operator.process.pid);
  return [
    ...series.flatMap(({ name, limit }, index) => rowsOf(name, found[index], limit)),
    { what: "the first reviews of all: p50", value: found[0]?.cold ?? NaN, unit: "ms" },
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
}

function rowsOf(name: string, times: Times | undefined, limit: { p50?: number; p99?: number }): Row[] {
  if (times === undefined) return [];
  const { failures, firstFailure, p50, p99, most } = times;
  const target = (value: number | undefined) =>
    value === undefined ? {} : { target: { is: "at most" as const, limit: value } };
  return [
    { what: `${name}: p50`, value: p50, unit: "ms", ...target(limit.p50) },
    {
      what: `${name}: p99`,
      value: p99,
      unit: "ms",
      ...target(limit.p99),
      note: `at most ${most.toFixed(1)} ms${failures === 0 ? "" : `; ${failures} failed: ${firstFailure}`}`,
    },
  ];
}

async function askOnce({ port }: Party, stage: Stage, reviews = 1e6): Promise<Times | undefined> {
  const one = { ...validate, connections: 1, reviews, seconds: busySeconds };
  return (await timesOf(stage, { port, series: [one] }))[0];
}

/** Has the clusters made while `ask` runs. @returns also how many writes the operators made meanwhile */
async function whileMade<T>(
  stage: Stage,
  client: GroundClient,
  name: string,
  ask: () => Promise<T>,
): Promise<{ readonly found: T; readonly writes: number }> {
  const fleet = fleetOf(fleetSize, name, stage.plane.etcd);
  await prepareNamespaces(client, fleet);
  stage.say(`${fleetSize} clusters while reviews are asked for; ${await loadOfMachine()}`);
  const since = Date.now();
  const [found] = await Promise.all([ask(), createClusters(client, fleet)]);
  const requests = await stage.plane.auditedRequests();
  return { found, writes: requests.filter((each) => each.at >= since && isWork(each)).length };
}

async function busyRows(stage: Stage, client: GroundClient, leader: Party): Promise<Row[]> {
  const idle = await askOnce(leader, stage, 5 * reviewsEach);
  const { found: busy, writes } = await whileMade(stage, client, "first", () => askOnce(leader, stage));
  if (idle === undefined || busy === undefined) return [];
  return [
    ...rowsOf("idle", idle, {}),
    ...rowsOf("beside reconciles", busy, {}),
    {
      what: "p99 beside reconciles, times the idle one",
      value: busy.p99 / idle.p99,
      unit: "",
      target: { is: "at most", limit: mostTimesIdle },
    },
    { what: "writes of the operator meanwhile", value: writes, unit: "" },
  ];
}

/** What of it is for the process, and what for the machine: the other replica works for nobody else. */
async function besideRows(
  stage: Stage,
  client: GroundClient,
  { leader, standby }: { readonly leader: Party; readonly standby: Party },
): Promise<Row[]> {
  const ask = () => Promise.all([askOnce(leader, stage), askOnce(standby, stage)]);
  const { found: [same, other], writes } = await whileMade(stage, client, "second", ask);
  if (same === undefined || other === undefined) return [];
  return [
    ...rowsOf("the replica that reconciles", same, {}),
    ...rowsOf("the one that stands by", other, {}),
    { what: "p99 of the one, times that of the other", value: same.p99 / other.p99, unit: "" },
    { what: "writes of the operator meanwhile", value: writes, unit: "" },
  ];
}

/** Whatever else runs on the machine makes figures worse: how much that is, for the reader. */
async function loadOfMachine(): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "cat /proc/loadavg"] }).output();
  return `load of the machine ${new TextDecoder().decode(stdout).split(" ").slice(0, 2).join(" ")}`;
}
