/**
 * Many minimal MultigresClusters at once, on a control plane that reacts to everything the operator makes: how long until
 * all are Healthy, what that costs, whether there is silence afterwards, and how long until nothing is left of them.
 * The limit is taken in the same run (`fleet_limit.ts`): the rest is the operator's.
 */
import { GroundClient } from "../ground/client.ts";
import { installDefinitions } from "../ground/operator.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { fleetOf, prepareNamespaces } from "./fleet_clusters.ts";
import { type Life, lifeOf } from "./fleet_life.ts";
import { measureLimit } from "./fleet_limit.ts";
import { fillCache, startOperator, user, usualVariant, type Variant } from "./operator.ts";
import { breakdown, isRead } from "./requests.ts";

/** What must keep to which limits, by the number of clusters. */
interface Size {
  readonly count: number;
  readonly cpuSeconds: number;
  readonly residentMb: number;
}

export const fleet50: Benchmark = fleetOfSize({ count: 50, cpuSeconds: 10, residentMb: 100 });
export const fleet200: Benchmark = fleetOfSize({ count: 200, cpuSeconds: 40, residentMb: 130 });

/** How many times the limit of the control plane the operator may take. */
const mostTimesLimit = 1.5;
/** For each cluster that goes: 90 s for 200 of them. */
const mostRemovalSeconds = 0.45;

/** Shards of ten instances each: what the operator keeps of them. */
export const shards: Benchmark = {
  name: "shards",
  parts: "all",
  options: { auditedUser: user },
  run: async (stage) => {
    const { life, variant } = await live(stage, { count: 200, instances: 10 });
    const { before, settled, silent } = life.usage;
    const title = `shards: 200 shards of 10 instances, operator ${variant.name}`;
    return [{
      title,
      rows: [
        { what: "time until all clusters were Healthy", value: life.settleSeconds, unit: "s" },
        { what: "resident memory before", value: before.residentMb, unit: "MB" },
        { what: "resident memory when all are Healthy", value: settled.residentMb, unit: "MB" },
        { what: "resident memory at rest", value: silent.residentMb, unit: "MB" },
        { what: "resident memory at most", value: silent.peakMb, unit: "MB" },
        {
          what: "growth for each instance",
          value: 1000 * (silent.residentMb - before.residentMb) / 2000,
          unit: "KB",
        },
        ...silence(life),
      ],
    }];
  },
};

function fleetOfSize(size: Size): Benchmark {
  return {
    name: `fleet-${size.count}`,
    parts: "all",
    options: { auditedUser: user },
    run: (stage) => run(stage, size),
  };
}

/** The life of a fleet under the operator as the image has it. */
async function live(
  stage: Stage,
  { count, ...options }: { readonly count: number; readonly instances?: number },
): Promise<{ readonly life: Life; readonly variant: Variant }> {
  using client = new GroundClient(stage.plane.connection);
  await installDefinitions(client);
  const variant = await usualVariant(stage);
  const fleet = { ...fleetOf(count, "fleet", stage.plane.etcd), ...options };
  await prepareNamespaces(client, fleet);
  await fillCache(variant);
  const operator = await startOperator(stage, variant);
  const life = await lifeOf({ stage, client, operator, fleet }).finally(() =>
    operator.process.stop("SIGTERM", 15_000)
  );
  return { life, variant };
}

async function run(stage: Stage, size: Size): Promise<readonly Table[]> {
  const { life, variant } = await live(stage, { count: size.count });
  using client = new GroundClient(stage.plane.connection);
  stage.say(`${life.sample.objects.length} objects a cluster, applied straight ...`);
  const limit = await measureLimit(client, fleetOf(size.count, "limit", stage.plane.etcd), life.sample);
  const rows = [...speed(life, limit), ...cost(life, size), ...silence(life), ...end(life)];
  return [{ title: `fleet: ${size.count} minimal MultigresClusters, operator ${variant.name}`, rows }];
}

function speed({ count, sample, readySeconds, settleSeconds }: Life, limit: number): Row[] {
  const objects = sample.objects.length;
  const note = `${count * objects} objects, ${count * sample.pods} pods`;
  return [
    { what: "time until all pods were Ready", value: readySeconds, unit: "s" },
    {
      what: "time until all clusters were Healthy",
      value: settleSeconds,
      unit: "s",
      note: "poolers are awaited for 3 s after pods are Ready, and there are none",
    },
    { what: "the same objects applied straight", value: limit, unit: "s", note },
    {
      what: "times the limit of the control plane",
      value: settleSeconds / limit,
      unit: "",
      target: { is: "at most", limit: mostTimesLimit },
    },
  ];
}

function cost(
  { count, usage: { before, settled, silent }, requests: { settling } }: Life,
  size: Size,
): Row[] {
  const reads = settling.filter(isRead);
  const writes = settling.filter((request) => !isRead(request));
  return [
    {
      what: "CPU time until all clusters were Healthy",
      value: settled.cpuSeconds - before.cpuSeconds,
      unit: "s",
      target: { is: "at most", limit: size.cpuSeconds },
    },
    { what: "resident memory before", value: before.residentMb, unit: "MB" },
    {
      what: "resident memory when all are Healthy",
      value: settled.residentMb,
      unit: "MB",
      target: { is: "at most", limit: size.residentMb },
    },
    { what: "resident memory at rest", value: silent.residentMb, unit: "MB" },
    { what: "resident memory at most", value: silent.peakMb, unit: "MB" },
    {
      what: "growth for each cluster",
      value: 1000 * (silent.residentMb - before.residentMb) / count,
      unit: "KB",
    },
    { what: "writes for each", value: writes.length / count, unit: "", note: breakdown(writes, count) },
    { what: "reads for each", value: reads.length / count, unit: "", note: breakdown(reads, count) },
  ];
}

function silence({ usage: { resting, silent }, requests }: Life): Row[] {
  const [first, second] = requests.silent.map(({ verb, uri }) => `${verb} ${uri}`);
  return [
    {
      what: "requests in 30 s at rest besides watches and the lease",
      value: requests.silent.length,
      unit: "",
      target: { is: "at most", limit: 0 },
      ...(first === undefined
        ? {}
        : { note: [first, second].filter((each) => each !== undefined).join(", ") }),
    },
    { what: "CPU time in these 30 s", value: (silent.cpuSeconds - resting.cpuSeconds) * 1000, unit: "ms" },
  ];
}

function end({ count, removalSeconds, usage: { silent, gone }, requests: { removing } }: Life): Row[] {
  return [
    {
      what: "time until nothing was left, claims included",
      value: removalSeconds,
      unit: "s",
      target: { is: "at most", limit: count * mostRemovalSeconds },
    },
    { what: "CPU time for it", value: gone.cpuSeconds - silent.cpuSeconds, unit: "s" },
    {
      what: "requests for each that goes",
      value: removing.length / count,
      unit: "",
      note: breakdown(removing, count),
    },
    { what: "resident memory when all are gone", value: gone.residentMb, unit: "MB" },
  ];
}
