/** Reviews while clusters are reconciled. */
import type { GroundClient } from "../ground/client.ts";
import type { Times } from "./admission_client.ts";
import type { Party } from "./admission_party.ts";
import { review, validatePath } from "./admission_reviews.ts";
import { loadOfMachine, rowsOf, timesOf } from "./admission_times.ts";
import type { Row, Stage } from "./benchmark.ts";
import { createClusters, fleetOf, prepareNamespaces } from "./fleet_clusters.ts";
import { isWork } from "./operator.ts";
import type { PlainWebhook } from "./plain_webhook.ts";

/** Clusters that are made at a time. */
export const fleetSize = 200;
/** As long as their reconciles keep the operator busy. */
const busySeconds = 40;
const mostTimesIdle = 2;

const validate = { path: validatePath, body: review("CREATE") };

/** Reviews on one connection to each server, for {@link busySeconds}. */
async function askOnce(stage: Stage, ...ports: readonly number[]): Promise<readonly Times[]> {
  const one = { ...validate, connections: 1, reviews: 1e6, seconds: busySeconds };
  return (await timesOf(stage, { ports, series: [one] }))[0] ?? [];
}

/** Has the clusters made while `ask` runs. @returns also how many writes the operators made meanwhile */
async function whileMade<T>(
  stage: Stage,
  client: GroundClient,
  name: string,
  ask: () => Promise<T>,
): Promise<{ readonly found: T; readonly writes: number }> {
  const fleet = fleetOf(fleetSize, name, stage.plane.etcd);
  await prepareNamespaces(client, fleet);
  stage.say(`${fleetSize} clusters while reviews are asked for; ${await loadOfMachine()}`);
  const since = Date.now();
  const [found] = await Promise.all([ask(), createClusters(client, fleet)]);
  const requests = await stage.plane.auditedRequests();
  return { found, writes: requests.filter((each) => each.at >= since && isWork(each)).length };
}

/** The webhook in Go shows what the machine itself takes from whoever answers beside so much work. */
export async function busyRows(
  stage: Stage,
  client: GroundClient,
  leader: Party,
  plain: PlainWebhook,
): Promise<Row[]> {
  const ask = () => askOnce(stage, leader.port, plain.port);
  const [idle, plainIdle] = await ask();
  const { found, writes } = await whileMade(stage, client, "first", ask);
  const [busy, plainBusy] = found;
  if (!idle || !busy || !plainIdle || !plainBusy) return [];
  return [
    ...rowsOf("idle", idle, {}),
    ...rowsOf("beside reconciles", busy, {}),
    {
      what: "p99 beside reconciles, times the idle one",
      value: busy.p99 / idle.p99,
      unit: "",
      target: { is: "at most", limit: mostTimesIdle },
    },
    ...rowsOf("in Go, idle", plainIdle, {}),
    ...rowsOf("in Go, beside these reconciles", plainBusy, {}),
    { what: "in Go, p99 times the idle one", value: plainBusy.p99 / plainIdle.p99, unit: "" },
    { what: "writes of the operator meanwhile", value: writes, unit: "" },
  ];
}

/** What of it is for the process, and what for the machine: the other replica works for nobody else. */
export async function besideRows(
  stage: Stage,
  client: GroundClient,
  { leader, standby }: { readonly leader: Party; readonly standby: Party },
): Promise<Row[]> {
  const ask = () => Promise.all([askOnce(stage, leader.port), askOnce(stage, standby.port)]);
  const { found: [[same], [other]], writes } = await whileMade(stage, client, "second", ask);
  if (same === undefined || other === undefined) return [];
  return [
    ...rowsOf("the replica that reconciles", same, {}),
    ...rowsOf("the one that stands by", other, {}),
    { what: "p99 of the one, times that of the other", value: same.p99 / other.p99, unit: "" },
    { what: "writes of the operator meanwhile", value: writes, unit: "" },
  ];
}
