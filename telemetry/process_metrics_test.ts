import assert from "node:assert/strict";
import process from "node:process";
import { Registry } from "./prom_client.ts";
import { registerProcessMetrics } from "./process_metrics.ts";

/** Value of each metric of the process after one scrape. */
async function scrape(registry: Registry): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const [name = "", value] = line.split(" ");
    return [name, Number(value)];
  }));
}

function busy(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

Deno.test({
  name: "memory, CPU and start time are true without any permission",
  permissions: "none",
  async fn() {
    const registry = new Registry();
    registerProcessMetrics(registry);
    const before = await scrape(registry);
    const cpu = process.cpuUsage();
    // By the clock of the CPU: others may have it for much of the time.
    for (let ms = 0; ms < 5_000 && process.cpuUsage(cpu).user < 100_000; ms += 100) busy(100);
    const after = await scrape(registry);
    const resident = after.get("process_resident_memory_bytes") ?? 0;
    assert.ok(resident > 10e6 && resident < 4e9, `${resident} bytes`);
    const spent = (after.get("process_cpu_seconds_total") ?? 0) -
      (before.get("process_cpu_seconds_total") ?? 0);
    assert.ok(spent >= 0.05, `${spent} s of CPU time after 0.1 s of work`);
    const age = Date.now() / 1000 - (after.get("process_start_time_seconds") ?? 0);
    assert.ok(age > 0 && age < 3600, `started ${age} s ago`);
    assert.ok((after.get("nodejs_heap_size_used_bytes") ?? 0) > 1e6);
  },
});

Deno.test("work that blocks the loop during a scrape shows as lag", async () => {
  const registry = new Registry();
  registerProcessMetrics(registry);
  const scraped = scrape(registry);
  await Promise.resolve();
  busy(200);
  assert.ok(((await scraped).get("nodejs_eventloop_lag_seconds") ?? 0) > 0.1);
});
