/** The work that both clients do: reads and server-side applies of ConfigMaps of about 2 KB, by 16 workers. */
import process from "node:process";
import { isRecord } from "../ground/json.ts";

/** One of the clients that are compared. */
export interface Subject {
  get(name: string): Promise<unknown>;
  apply(name: string, data: Record<string, string>): Promise<unknown>;
}

/** What one kind of request cost. */
export interface Cost {
  readonly requests: number;
  readonly seconds: number;
  /** CPU time of program and kernel, in seconds. */
  readonly cpuSeconds: number;
}

export interface Costs {
  readonly get: Cost;
  readonly apply: Cost;
}

export const namespace = "bench-client";
export const gets = 3000;
export const applies = 1500;
export const workers = 16;

/** Sends everything, after some that only warm up. */
export async function work(subject: Subject): Promise<Costs> {
  const get = (n: number) => subject.get(nameOf(n));
  const apply = (n: number) => subject.apply(nameOf(n), dataOf(n));
  await cost(200, get);
  await cost(100, apply);
  return { get: await cost(gets, get), apply: await cost(applies, apply) };
}

/** The object that request number n is about: each worker meets all of them. */
export function nameOf(n: number): string {
  return `config-${n % workers}`;
}

/** About 2 KB, other with every n. */
export function dataOf(n: number): Record<string, string> {
  const lines = Array.from({ length: 40 }, (_, line) => `setting_${line} = ${"value".repeat(6)}${line}`);
  return { "postgresql.conf": lines.join("\n"), counter: String(n) };
}

async function cost(requests: number, send: (n: number) => Promise<unknown>): Promise<Cost> {
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < requests) await send(next++);
  }));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { requests, seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/** Whether a report holds costs. */
export function isCosts(value: unknown): value is Costs {
  return isRecord(value) && isRecord(value["get"]) && isRecord(value["apply"]);
}
