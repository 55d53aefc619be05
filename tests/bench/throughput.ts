/** What it takes to set up 200 TopoServers that appear at once. Nobody but the operator reacts to them. */
import type { AuditedRequest } from "../ground/audit.ts";
import { GroundClient } from "../ground/client.ts";
import { installDefinitions } from "../ground/operator.ts";
import { delay, waitFor } from "../ground/wait_for.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { isQuiet, type RunningOperator, startOperator, user, usualVariant, whyEnded } from "./operator.ts";
import { usageOf } from "./process.ts";
import { breakdown } from "./requests.ts";
import { topoServer } from "./topo_servers.ts";

const count = 200;
const workers = 16;

/** The operator is done when it has asked for nothing during this time. */
const quietMs = 3_000;

export const throughput: Benchmark = {
  name: "throughput",
  parts: "api",
  options: { auditedUser: user },
  run,
};

async function run(stage: Stage): Promise<readonly Table[]> {
  using client = new GroundClient(stage.plane.connection);
  await installDefinitions(client);
  const variant = await usualVariant(stage);
  const operator = await startOperator(stage, variant);
  try {
    await waitFor("the operator to watch", () => watches(stage), { hopeless: () => whyEnded(operator) });
    await delay(quietMs);
    const rows = await measureBurst(stage, operator, client);
    return [{ title: `throughput: ${count} TopoServers at once, operator ${variant.name}`, rows }];
  } finally {
    await operator.process.stop("SIGTERM", 15_000);
  }
}

async function watches(stage: Stage): Promise<boolean> {
  const requests = await stage.plane.auditedRequests();
  return requests.some(({ verb, resource }) => verb === "watch" && resource === "toposervers");
}

async function measureBurst(stage: Stage, operator: RunningOperator, client: GroundClient): Promise<Row[]> {
  const before = await usageOf(operator.process.pid);
  const since = Date.now();
  await createAll(client);
  const created = Date.now();
  const requests = await untilQuiet(stage, operator, since);
  const after = await usageOf(operator.process.pid);
  const sets = requests.filter(({ verb, resource }) => resource === "statefulsets" && verb === "patch");
  const last = Math.max(...sets.map(({ at }) => at));
  const each = (total: number) => total / count;
  return [
    { what: "TopoServers with a StatefulSet", value: new Set(sets.map(({ uri }) => uri)).size, unit: "" },
    { what: "time until all TopoServers were created", value: created - since, unit: "ms" },
    { what: "time until all StatefulSets existed", value: last - since, unit: "ms" },
    { what: "requests for each", value: each(requests.length), unit: "", note: breakdown(requests, count) },
    {
      what: "CPU time for each",
      value: each((after.cpuSeconds - before.cpuSeconds) * 1000),
      unit: "ms",
    },
    { what: "resident memory before", value: before.residentMb, unit: "MB" },
    { what: "resident memory afterwards", value: after.residentMb, unit: "MB" },
  ];
}

async function createAll(client: GroundClient): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < count) await client.apply(topoServer(`burst-${next++}`));
  }));
}

/** The operator's requests from `since` on, after there have been no new ones for a while. */
async function untilQuiet(
  stage: Stage,
  operator: RunningOperator,
  since: number,
): Promise<AuditedRequest[]> {
  const loud = async () =>
    (await stage.plane.auditedRequests()).filter((request) => request.at >= since && !isQuiet(request));
  await waitFor(
    "the operator to be done",
    async () => {
      const latest = (await loud()).at(-1);
      return latest !== undefined && Date.now() - latest.at > quietMs;
    },
    { timeoutMs: 120_000, intervalMs: 500, hopeless: () => whyEnded(operator) },
  );
  return await loud();
}
