/** Asks promtool. */
import { dirname } from "node:path";
import { ground } from "../ground/ground.ts";
import { temporaryFile } from "./program.ts";

/** Runs promtool. @returns what it said, and whether it was content. */
export async function promtool(
  ...args: readonly string[]
): Promise<{ readonly ok: boolean; readonly said: string }> {
  const { promtool: program } = ground();
  if (program === undefined) throw new Error("Cannot run promtool: this group of tests starts without it");
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: dirname(program),
    stdin: "null",
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { ok: success, said };
}

/** A series of one value a minute, in the notation of promtool: `1x10`, `0+2x30`, `_x5 1x10`. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** What an expression should give at a minute: samples without their values' names. */
export interface Expectation {
  readonly expr: string;
  readonly minute: number;
  /** Series and their values; none for an expression that gives nothing. */
  readonly samples: readonly { readonly labels: string; readonly value: number }[];
}

/** Runs rules over series, as `promtool test rules` does. */
export async function testRules(
  rules: string,
  series: readonly InputSeries[],
  expectations: readonly Expectation[],
): Promise<{ readonly ok: boolean; readonly said: string }> {
  await using file = await temporaryFile(JSON.stringify({
    rule_files: [rules],
    evaluation_interval: "1m",
    tests: [{
      interval: "1m",
      input_series: series,
      promql_expr_test: expectations.map(({ expr, minute, samples }) => ({
        expr,
        eval_time: `${minute}m`,
        exp_samples: samples,
      })),
    }],
  }));
  return await promtool("test", "rules", file.path);
}
