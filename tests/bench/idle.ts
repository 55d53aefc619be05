/** What the operator costs while there is nothing to do, and how soon after its start it does something. */
import { GroundClient } from "../ground/client.ts";
import { installDefinitions } from "../ground/operator.ts";
import { delay, waitFor } from "../ground/wait_for.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { median, spread } from "./numbers.ts";
import { isQuiet, isWork, startOperator, user, type Variant, variants, whyEnded } from "./operator.ts";
import { usageOf } from "./process.ts";
import { deleteTopoServer, topoServer } from "./topo_servers.ts";

/** Start of the program until it counts as idle, and how long it is watched from then on. */
const settleMs = 10_000;
const idleMs = 30_000;

/** How often the start is measured. */
const starts = 5;

export const idle: Benchmark = { name: "idle", parts: "api", options: { auditedUser: user }, run };

async function run(stage: Stage): Promise<readonly Table[]> {
  using client = new GroundClient(stage.plane.connection);
  const kinds = await installDefinitions(client);
  const tables: Table[] = [];
  for (const variant of await variants(stage)) {
    stage.say(`${variant.name}: idle for ${(settleMs + idleMs) / 1000} s, then ${starts} starts ...`);
    const first = await measureFirst(stage, variant);
    const rows = [...await measureIdle(stage, variant), ...await measureStarts(stage, variant, client)];
    rows.push(...first);
    tables.push({ title: `idle: ${variant.name}, ${kinds.length} kinds installed, no objects`, rows });
  }
  return tables;
}

/** Where Deno has kept nothing yet, it takes each file of the program apart first, and the memory for that stays. */
async function measureFirst(stage: Stage, variant: Variant): Promise<Row[]> {
  if (variant.env === undefined) return [];
  const operator = await startOperator(stage, variant);
  try {
    await delay(settleMs);
    const { residentMb } = await usageOf(operator.process.pid);
    return [{ what: "resident memory after the very first start", value: residentMb, unit: "MB" }];
  } finally {
    await operator.process.stop("SIGTERM", 15_000);
  }
}

async function measureIdle(stage: Stage, variant: Variant): Promise<Row[]> {
  const operator = await startOperator(stage, variant);
  try {
    await delay(settleMs);
    const before = await usageOf(operator.process.pid);
    const from = (await stage.plane.auditedRequests()).length;
    await delay(idleMs);
    const after = await usageOf(operator.process.pid);
    const requests = (await stage.plane.auditedRequests()).slice(from);
    const loud = requests.filter((request) => !isQuiet(request));
    const opened = await openedWatches(stage, operator.since);
    return [
      {
        what: "resident memory after 10 s",
        value: before.residentMb,
        unit: "MB",
        target: { is: "at most", limit: 70 },
      },
      {
        what: "requests in 30 s besides watches and the lease",
        value: loud.length,
        unit: "",
        target: { is: "at most", limit: 0 },
        note: loud.slice(0, 3).map(({ verb, uri }) => `${verb} ${uri}`).join(", "),
      },
      { what: "requests for the lease in 30 s", value: requests.length - loud.length, unit: "" },
      { what: "open watches", value: opened, unit: "" },
      { what: "resident memory after 40 s", value: after.residentMb, unit: "MB" },
      { what: "resident memory at most", value: after.peakMb, unit: "MB" },
      { what: "CPU time in 30 s", value: (after.cpuSeconds - before.cpuSeconds) * 1000, unit: "ms" },
    ];
  } finally {
    await operator.process.stop("SIGTERM", 15_000);
  }
}

/** A run that watches nothing is idle for the wrong reason. @throws Error when TopoServers are not watched. */
async function openedWatches(stage: Stage, since: number): Promise<number> {
  const watches = (await stage.plane.auditedRequests()).filter(({ verb, at }) =>
    verb === "watch" && at >= since
  );
  if (watches.some(({ resource }) => resource === "toposervers")) return watches.length;
  throw new Error("Cannot call this idle as the operator does not watch TopoServers");
}

async function measureStarts(stage: Stage, variant: Variant, client: GroundClient): Promise<Row[]> {
  const times: number[] = [];
  for (let n = 0; n < starts; n++) times.push(await measureStart(stage, variant, client));
  return [{
    what: "start until the first write for a waiting TopoServer",
    value: median(times),
    unit: "ms",
    target: { is: "at most", limit: 1000 },
    note: spread(times, "ms"),
  }];
}

/** Milliseconds from the start of the process until the API server had its first write for the object. */
async function measureStart(stage: Stage, variant: Variant, client: GroundClient): Promise<number> {
  const name = `start-${crypto.randomUUID().slice(0, 8)}`;
  await client.apply(topoServer(name));
  const operator = await startOperator(stage, variant);
  try {
    const first = await waitFor(
      "the operator's first write",
      async () => (await stage.plane.auditedRequests()).find((it) => it.at >= operator.since && isWork(it)),
      { hopeless: () => whyEnded(operator) },
    );
    return first.at - operator.since;
  } finally {
    await operator.process.stop("SIGTERM", 15_000);
    await deleteTopoServer(client, name);
  }
}
