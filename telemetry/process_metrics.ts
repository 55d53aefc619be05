/**
 * What the process itself uses, under the usual names.
 *
 * The default collectors of prom-client are not used: on Deno those that read `/proc/self` report 0 bytes of memory and 0
 * open files (reading there would need every permission), and a loop that was busy for 400 ms of each 600 ms showed a lag
 * of 6 µs. A number that is not there is better than a wrong one.
 */
import process from "node:process";
import { Counter, Gauge, type Registry } from "./prom_client.ts";

/** Adds the metrics to `registry`. All are read during a scrape; nothing runs in between. */
export function registerProcessMetrics(registry: Registry): void {
  registerCpu(registry);
  registerMemory(registry);
  gauge(
    registry,
    "process_start_time_seconds",
    "When the process started, in seconds since 1970.",
    () => performance.timeOrigin / 1_000,
  );
  gauge(registry, "nodejs_eventloop_lag_seconds", "How late a timer fired during this scrape.", timerLag);
}

function registerCpu(registry: Registry): void {
  const used = () => {
    const { user, system } = process.cpuUsage();
    return { user: user / 1e6, system: system / 1e6 };
  };
  counter(registry, "process_cpu_user_seconds_total", "CPU time spent in the program.", () => used().user);
  counter(registry, "process_cpu_system_seconds_total", "CPU time spent in the kernel.", () => used().system);
  counter(registry, "process_cpu_seconds_total", "CPU time spent in all.", () => used().user + used().system);
}

function registerMemory(registry: Registry): void {
  gauge(
    registry,
    "process_resident_memory_bytes",
    "Memory of the process that is in RAM.",
    () => Deno.memoryUsage().rss,
  );
  gauge(
    registry,
    "nodejs_heap_size_total_bytes",
    "Memory reserved for objects of the program.",
    () => Deno.memoryUsage().heapTotal,
  );
  gauge(
    registry,
    "nodejs_heap_size_used_bytes",
    "Memory taken by objects of the program.",
    () => Deno.memoryUsage().heapUsed,
  );
  gauge(
    registry,
    "nodejs_external_memory_bytes",
    "Memory that objects hold outside the heap, such as buffers.",
    () => Deno.memoryUsage().external,
  );
}

function gauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}

function counter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** Seconds between the moment a timer was due and the moment it fired. */
function timerLag(): Promise<number> {
  const waitMs = 1;
  const start = performance.now();
  return new Promise((resolve) => {
    setTimeout(() => resolve(Math.max(performance.now() - start - waitMs, 0) / 1_000), waitMs);
  });
}
