/**
 * Measures: `deno task bench [NAME ...]`; `fleet` stands for `fleet-50` and `fleet-200`. Each benchmark gets a control plane of its own and each program that is
 * measured a process of its own. Figures are printed beside their targets; none of them makes the run fail.
 */
import { ensureBinaries, requireNode } from "../ground/build.ts";
import { programsOf, startControlPlane } from "../ground/control_plane.ts";
import { temporaryFolder } from "../ground/guard.ts";
import { onEnd } from "../ground/signals.ts";
import { admission } from "./admission.ts";
import type { Benchmark } from "./benchmark.ts";
import { cache } from "./cache.ts";
import { client } from "./client.ts";
import { fleet200, fleet50, shards } from "./fleet.ts";
import { idle } from "./idle.ts";
import { patroni } from "./patroni.ts";
import { render } from "./print.ts";
import { rotation } from "./rotation.ts";
import { strangers } from "./strangers.ts";
import { throughput } from "./throughput.ts";

const benchmarks: readonly Benchmark[] = [
  client,
  cache,
  idle,
  throughput,
  rotation,
  admission,
  strangers,
  fleet50,
  fleet200,
  shards,
  patroni,
];

function chosen(names: readonly string[]): readonly Benchmark[] {
  for (const name of names) {
    if (!benchmarks.some((benchmark) => isMeant(benchmark, name))) {
      const known = benchmarks.map((benchmark) => benchmark.name).join(", ");
      throw new Error(`Cannot measure "${name}" as there is no such benchmark: choose from ${known}`);
    }
  }
  if (names.length === 0) return benchmarks;
  return benchmarks.filter((benchmark) => names.some((name) => isMeant(benchmark, name)));
}

/** A name also stands for all that continue it after a hyphen. */
function isMeant(benchmark: Benchmark, name: string): boolean {
  return benchmark.name === name || benchmark.name.startsWith(`${name}-`);
}

async function main(names: readonly string[]): Promise<void> {
  const selected = chosen(names);
  await requireNode();
  const binaries = await ensureBinaries(programsOf.all, console.log);
  await using stack = new AsyncDisposableStack();
  using signals = onEnd(() => stack.disposeAsync());
  const folder = stack.use(await temporaryFolder("matriarch-bench-"));
  for (const benchmark of selected) {
    console.log(`\n== ${benchmark.name}`);
    const own = stack.use(new AsyncDisposableStack());
    const plane = own.use(await startControlPlane(benchmark.parts, binaries, benchmark.options));
    const tables = await benchmark.run({ plane, binaries, scratch: folder.path, say: console.log });
    await signals.leaveItTo();
    await own.disposeAsync();
    for (const table of tables) console.log(`\n${render(table)}`);
  }
}

try {
  await main(Deno.args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
