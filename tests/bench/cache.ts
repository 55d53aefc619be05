/** What it costs to know 10,000 pods: memory, time, and how long the process is deaf meanwhile. */
import { GroundClient } from "../ground/client.ts";
import { isRecord } from "../ground/json.ts";
import { delay } from "../ground/wait_for.ts";
import { productConnection } from "../support/harness.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { start } from "./child.ts";
import { median, spread } from "./numbers.ts";
import { createPods, namespace } from "./pods.ts";
import type { ProcessUsage } from "./process.ts";
import { heapFlag } from "./v8.ts";

const count = 10_000;

/** A block that the process sees may be the machine's: of three runs the middle one counts. */
const runs = 3;

/** V8 gives memory back when nothing has happened for a while; after a minute it has. */
const restMs = 60_000;

export const cache: Benchmark = { name: "cache", parts: "api", run };

async function run(stage: Stage): Promise<readonly Table[]> {
  using ground = new GroundClient(stage.plane.connection);
  await ground.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await ground.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }, namespace);
  stage.say(`Creating ${count} pods ...`);
  await createPods(productConnection(stage.plane.connection), count);
  const what = `${count} pods of ${(await averageBytes(ground) / 1000).toFixed(1)} KB each`;
  stage.say(
    `Taking them in ${runs} times with and ${runs} times without ${heapFlag}; then a minute of rest ...`,
  );
  const { limited, free } = await takeIn(stage);
  return [
    { title: `cache: ${what}, the middle of ${runs} runs, with ${heapFlag}`, rows: rowsOf(limited) },
    { title: `cache: ${what}, the middle of ${runs} runs, without flags`, rows: rowsOf(free) },
  ];
}

/** Bytes of JSON that the API server sends for one pod. */
async function averageBytes(ground: GroundClient): Promise<number> {
  const sample = await ground.send("GET", `/api/v1/namespaces/${namespace}/pods?limit=200`);
  return JSON.stringify(sample.body).length / 200;
}

/** One after the other takes the pods in; then all rest together, as they do nothing. */
async function takeIn(stage: Stage): Promise<{ limited: Run[]; free: Run[] }> {
  await using stack = new AsyncDisposableStack();
  const startRuns = async (flags: readonly string[]) => {
    const started = [];
    for (let n = 0; n < runs; n++) {
      const input = { connection: productConnection(stage.plane.connection) };
      started.push(stack.use(await start(stage, { file: "cache_watch.ts", input, flags })));
    }
    return started;
  };
  const [limited, free] = [await startRuns([heapFlag]), await startRuns([])];
  await delay(restMs);
  const look = (children: typeof free) =>
    Promise.all(children.map(async (child) => runOf(child.report, await child.usage())));
  return { limited: await look(limited), free: await look(free) };
}

const figures = ["objects", "syncMs", "blockMs", "cpuSeconds", "bareMb", "syncedMb"] as const;

type Figure = (typeof figures)[number];

interface Run {
  readonly rested: ProcessUsage;
  of(figure: Figure): number;
}

function runOf(report: unknown, rested: ProcessUsage): Run {
  const of = (figure: Figure): number => {
    const value = isRecord(report) ? report[figure] : undefined;
    if (typeof value !== "number") throw new TypeError(`Cannot read "${figure}" in the report on the cache`);
    return value;
  };
  const objects = of("objects");
  if (objects !== count) {
    throw new Error(`Cannot compare as ${objects} objects were seen instead of ${count}`);
  }
  return { rested, of };
}

function rowsOf(seen: readonly Run[]): Row[] {
  const row = (what: string, unit: string, of: (run: Run) => number): Row => {
    const values = seen.map(of);
    return { what, unit, value: median(values), note: spread(values, unit) };
  };
  const memory = { target: { is: "at most", limit: 130 } } as const;
  const block = { target: { is: "at most", limit: 50 } } as const;
  return [
    { ...row("resident memory when in step", "MB", (run) => run.of("syncedMb")), ...memory },
    { ...row("resident memory a minute later", "MB", (run) => run.rested.residentMb), ...memory },
    { ...row("longest block of the event loop", "ms", (run) => run.of("blockMs")), ...block },
    row("resident memory at most", "MB", (run) => run.rested.peakMb),
    row("resident memory before", "MB", (run) => run.of("bareMb")),
    row("time until in step", "ms", (run) => run.of("syncMs")),
    row("CPU time until in step", "s", (run) => run.of("cpuSeconds")),
  ];
}
