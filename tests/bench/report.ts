/** The child's side of a measurement. It imports next to nothing, as what is measured is the child's memory too. */
import type { Connection } from "../../kube/connection.ts";
import { isRecord } from "../ground/json.ts";
import { forever } from "../ground/signals.ts";

/** A line of output that starts so is the report. */
export const marker = "REPORT ";

/** What the child was handed. @throws Error when it was started by hand. */
export async function inputOf(): Promise<Record<string, unknown>> {
  const [path] = Deno.args;
  if (path === undefined) throw new Error("Cannot run alone: `deno task bench` starts this");
  const input: unknown = JSON.parse(await Deno.readTextFile(path));
  if (!isRecord(input)) throw new TypeError(`Cannot use ${path} as it holds no JSON object`);
  return input;
}

/** Reports, and stays alive to be looked at. */
export async function report(value: unknown): Promise<never> {
  console.log(`${marker}${JSON.stringify(value)}`);
  return await forever();
}

/** The connection within an input. @throws TypeError when there is none. */
export function connectionIn(input: Record<string, unknown>): Connection {
  const { connection } = input;
  if (isConnection(connection)) return connection;
  throw new TypeError("Cannot connect as the input holds no connection");
}

function isConnection(value: unknown): value is Connection {
  return isRecord(value) && typeof value["server"] === "string" && typeof value["namespace"] === "string";
}
