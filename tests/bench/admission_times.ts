/** What clients of the webhook measured, and how it is told. */
import { isRecord } from "../ground/json.ts";
import type { ClientInput, Times } from "./admission_client.ts";
import { clientFlags } from "./admission_party.ts";
import type { Row, Stage } from "./benchmark.ts";
import { measure } from "./child.ts";

/** In milliseconds. */
export interface TimeLimits {
  readonly p50?: number;
  readonly p99?: number;
}

/** Of each series, the times of each server. */
export async function timesOf(stage: Stage, input: ClientInput): Promise<readonly (readonly Times[])[]> {
  const flags = clientFlags(...input.ports);
  const { report } = await measure(stage, { file: "admission_client.ts", input, flags });
  return (Array.isArray(report) ? report : []).map((each) =>
    (Array.isArray(each) ? each : []).filter(isTimes)
  );
}

function isTimes(value: unknown): value is Times {
  return isRecord(value) && typeof value["p99"] === "number" && typeof value["reviews"] === "number";
}

export function rowsOf(name: string, times: Times | undefined, limit: TimeLimits): Row[] {
  if (times === undefined) return [];
  const { p50, p99, most } = times;
  const target = (value: number | undefined) =>
    value === undefined ? {} : { target: { is: "at most" as const, limit: value } };
  return [
    { what: `${name}: p50`, value: p50, unit: "ms", ...target(limit.p50) },
    {
      what: `${name}: p99`,
      value: p99,
      unit: "ms",
      ...target(limit.p99),
      note: `at most ${most.toFixed(1)} ms${failuresOf(times)}`,
    },
  ];
}

function failuresOf({ failures, firstFailure }: Times): string {
  return failures === 0 ? "" : `; ${failures} failed: ${firstFailure}`;
}

/** How much longer one server takes than another that was asked in turns with it. */
export function ratiosOf(name: string, [ours, other]: readonly Times[] = []): Row[] {
  if (ours === undefined || other === undefined) return [];
  return (["p50", "p99"] as const).map((share) => ({
    what: `${name}: ${share}, times that in Go`,
    value: ours[share] / other[share],
    unit: "",
    target: { is: "at most", limit: 1 },
    note: `${ours[share].toFixed(2)} and ${other[share].toFixed(2)} ms${failuresOf(other)}`,
  }));
}

/** Whatever else runs on the machine makes figures worse: how much that is, for the reader. */
export async function loadOfMachine(): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "cat /proc/loadavg"] }).output();
  return `load of the machine ${new TextDecoder().decode(stdout).split(" ").slice(0, 2).join(" ")}`;
}
