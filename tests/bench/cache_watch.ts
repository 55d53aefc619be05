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
import { podLabel } from "./pods.ts";
import { connectionIn, inputOf, report } from "./report.ts";

/** How long the process is left in peace before its memory is read again. */
const restMs = 5_000;

const input = await inputOf();
const clock = systemClock;
const metrics = silentMetrics;
const client = new KubeClient({
  transport: createFetchTransport(connectionIn(input)),
  clock,
  metrics,
  fieldManager: "bench",
});
const cache = new Cache({ client, clock, metrics, random: seededRandom(1), log: silentLogger });
const pods = cache.watch({ resource: Pods, labels: podLabel, trim: trimPod });

const bareMb = residentMb();
const loop = watchLoop();
const started = performance.now();
const forever = new AbortController().signal;
void cache.run(forever);
await cache.whenSynced([Pods], forever);
const syncMs = performance.now() - started;
const cpuSeconds = process.cpuUsage().user / 1e6;
const blockMs = loop.take();
const syncedMb = residentMb();
await new Promise((resolve) => setTimeout(resolve, restMs));
await report({ objects: pods.size, syncMs, blockMs, cpuSeconds, bareMb, syncedMb, restedMb: residentMb() });

function residentMb(): number {
  return Deno.memoryUsage().rss / 1e6;
}
