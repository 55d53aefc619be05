/** What it costs to know 10,000 pods: memory, time, and how long the process is deaf meanwhile. */
import { GroundClient } from "../ground/client.ts";
import { isRecord } from "../ground/json.ts";
import { productConnection } from "../support/harness.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { measure } from "./child.ts";
import { median, spread } from "./numbers.ts";
import { createPods, namespace } from "./pods.ts";
import type { ProcessUsage } from "./process.ts";

const count = 10_000;

/** A block that the process sees may be the machine's: three runs, and the middle one counts. */
const runs = 3;

export const cache: Benchmark = { name: "cache", parts: "api", run };

async function run(stage: Stage): Promise<readonly Table[]> {
  const connection = productConnection(stage.plane.connection);
  using ground = new GroundClient(stage.plane.connection);
  await ground.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await ground.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }, namespace);
  stage.say(`Creating ${count} pods ...`);
  await createPods(connection, count);
  const bytes = await averageBytes(ground);
  stage.say(`Taking them in, ${runs} times ...`);
  const seen: Run[] = [];
  for (let n = 0; n < runs; n++) {
    const { report, usage } = await measure(stage, { file: "cache_watch.ts", input: { connection } });
    seen.push(runOf(report, usage));
  }
  return [{
    title: `cache: ${count} pods of ${(bytes / 1000).toFixed(1)} KB each, the middle of ${runs} runs`,
    rows: rowsOf(seen),
  }];
}

/** Bytes of JSON that the API server sends for one pod. */
async function averageBytes(ground: GroundClient): Promise<number> {
  const sample = await ground.send("GET", `/api/v1/namespaces/${namespace}/pods?limit=200`);
  return JSON.stringify(sample.body).length / 200;
}

type Run = Readonly<Record<(typeof figures)[number], number>> & { readonly usage: ProcessUsage };

const figures = ["objects", "syncMs", "blockMs", "cpuSeconds", "bareMb", "syncedMb", "restedMb"] as const;

function runOf(report: unknown, usage: ProcessUsage): Run {
  const figure = (name: (typeof figures)[number]): number => {
    const value = isRecord(report) ? report[name] : undefined;
    if (typeof value !== "number") throw new TypeError(`Cannot read "${name}" in the report on the cache`);
    return value;
  };
  const [objects, syncMs, blockMs, cpuSeconds] = [
    figure("objects"),
    figure("syncMs"),
    figure("blockMs"),
    figure("cpuSeconds"),
  ];
  if (objects !== count) {
    throw new Error(`Cannot compare as ${objects} objects were seen instead of ${count}`);
  }
  return {
    objects,
    syncMs,
    blockMs,
    cpuSeconds,
    bareMb: figure("bareMb"),
    syncedMb: figure("syncedMb"),
    restedMb: figure("restedMb"),
    usage,
  };
}

function rowsOf(seen: readonly Run[]): Row[] {
  const row = (what: string, unit: string, of: (run: Run) => number): Row => {
    const values = seen.map(of);
    return { what, unit, value: median(values), note: spread(values, unit) };
  };
  return [
    {
      ...row("resident memory after a rest", "MB", (run) => run.restedMb),
      target: { is: "at most", limit: 130 },
    },
    { ...row("longest block of the loop", "ms", (run) => run.blockMs), target: { is: "at most", limit: 50 } },
    row("resident memory when in step", "MB", (run) => run.syncedMb),
    row("resident memory at most", "MB", (run) => run.usage.peakMb),
    row("resident memory before", "MB", (run) => run.bareMb),
    row("time until in step", "ms", (run) => run.syncMs),
    row("CPU time until in step", "s", (run) => run.cpuSeconds),
  ];
}
