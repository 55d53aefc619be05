/** Child of the benchmark `cache`: lists and watches pods as the operator does. */
import process from "node:process";
import { Cache } from "../../kube/cache.ts";
import { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../kube/clock.ts";
import { createFetchTransport } from "../../kube/fetch_transport.ts";
import { Pods } from "../../kube/kinds.ts";
import { seededRandom } from "../../kube/random.ts";
import { trimPod } from "../../kube/trim.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import { watchLoop } from "./loop_blocks.ts";
import { fieldManager, podLabel } from "./pods.ts";
import { connectionIn, inputOf, report } from "./report.ts";

const input = await inputOf();
const clock = systemClock;
const metrics = silentMetrics;
const client = new KubeClient({
  transport: createFetchTransport(connectionIn(input)),
  clock,
  metrics,
  fieldManager,
});
const cache = new Cache({ client, clock, metrics, random: seededRandom(1), log: silentLogger });
const pods = cache.watch({ resource: Pods, labels: podLabel, trim: trimPod });

const bareMb = residentMb();
const loop = watchLoop();
const cpuBefore = process.cpuUsage();
const started = performance.now();
const { signal } = new AbortController();
void cache.run(signal);
await cache.whenSynced([Pods], signal);
const syncMs = performance.now() - started;
const { user, system } = process.cpuUsage(cpuBefore);
const blockMs = loop.end();

await report({
  objects: pods.size,
  syncMs,
  blockMs,
  cpuSeconds: (user + system) / 1e6,
  bareMb,
  syncedMb: residentMb(),
});

function residentMb(): number {
  return Deno.memoryUsage().rss / 1e6;
}
