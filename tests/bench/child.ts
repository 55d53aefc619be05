/** Each measurement runs in a process of its own, so that memory and CPU time are its own. */
import { join } from "node:path";
import { repository } from "../ground/operator.ts";
import { type GuardedProcess, spawnGuarded } from "../ground/guard.ts";
import { waitFor } from "../ground/wait_for.ts";
import type { Stage } from "./benchmark.ts";
import { type ProcessUsage, usageOf } from "./process.ts";
import { marker } from "./report.ts";

/** What to run. */
export interface ChildProgram {
  /** File name within this folder. */
  readonly file: string;
  /** Handed to the program as JSON. */
  readonly input: unknown;
  /** Further flags of `deno run`; reaching the API server and reading the input are allowed anyway. */
  readonly flags?: readonly string[];
}

/** What came of it. */
export interface Measured {
  /** What the program reported. */
  readonly report: unknown;
  /** What it used, seen from outside after it reported. */
  readonly usage: ProcessUsage;
}

/** A program that has reported and still runs; disposing of it ends it. */
export interface RunningProgram extends AsyncDisposable {
  readonly report: unknown;
  /** What it uses now, seen from outside. */
  usage(): Promise<ProcessUsage>;
}

/** Runs a program of this folder until it reports, looks at it, and ends it. @throws Error with the end of its log. */
export async function measure(stage: Stage, program: ChildProgram): Promise<Measured> {
  await using child = await start(stage, program);
  return { report: child.report, usage: await child.usage() };
}

/** Starts a program of this folder and waits for its report. @throws Error with the end of its log. */
export async function start(stage: Stage, program: ChildProgram): Promise<RunningProgram> {
  const input = join(stage.scratch, `${crypto.randomUUID()}.json`);
  const log = `${input}.log`;
  await Deno.writeTextFile(input, JSON.stringify(program.input), { mode: 0o600 });
  const child = spawnGuarded({
    program: Deno.execPath(),
    args: [
      "run",
      "--no-prompt",
      `--allow-net=${new URL(stage.plane.connection.server).host}`,
      `--allow-read=${input}`,
      ...program.flags ?? [],
      join(repository, "tests", "bench", program.file),
      input,
    ],
    cwd: repository,
    log,
  });
  try {
    const report = await reportOf(child, log);
    return { report, usage: () => usageOf(child.pid), [Symbol.asyncDispose]: () => child.stop() };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

async function reportOf(child: GuardedProcess, log: string): Promise<unknown> {
  const read = async () => await Deno.readTextFile(log).catch(() => "");
  const hopeless = () => child.running() ? undefined : `it has ended, see ${log}`;
  try {
    const line = await waitFor(
      "the report of a benchmark",
      async () => (await read()).split("\n").slice(0, -1).find((line) => line.startsWith(marker)),
      { timeoutMs: 300_000, intervalMs: 100, hopeless },
    );
    const report: unknown = JSON.parse(line.slice(marker.length));
    return report;
  } catch (error) {
    throw new Error(`The benchmark did not report. It said:\n${(await read()).slice(-4000)}`, {
      cause: error,
    });
  }
}
