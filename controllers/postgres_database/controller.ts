/** Keeps a database inside a PostgresCluster, with its roles, privileges and extensions, as it should be. */
import { finalizers as finalizerNames } from "../../api/smoketurner/annotations.ts";
import { type PostgresDatabase, PostgresDatabases } from "../../api/smoketurner/postgres_database.ts";
import { Background, type Progress } from "../../kube/background.ts";
import type { BackoffPolicy } from "../../kube/backoff.ts";
import type { Cache } from "../../kube/cache.ts";
import { type Controller, type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { isRecord } from "../../kube/errors.ts";
import { patch } from "../../kube/plan.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import { openSqlClient } from "../../postgres/sql/open.ts";
import type { SqlClient } from "../../postgres/sql/sql_client.ts";
import { outcomeOf } from "../outcome.ts";
import { trimSecret } from "../postgres_cluster/credentials.ts";
import { Secrets, watched } from "../postgres_cluster/kinds.ts";
import { finalize, type Memory } from "./finalize.ts";
import { clusterKeyOf, gateOf, isPassable, type PassableGate } from "./gate.ts";
import { Clusters, type Database, Databases } from "./kinds.ts";
import { type Order, orderOf } from "./order.ts";
import { type Report, runPass } from "./pass.ts";
import { noticesOf, statusOf } from "./status.ts";
import { Turns } from "./turns.ts";

export interface DatabaseServices {
  readonly sql: SqlClient;
  /** What was changed by hand is found, and put right, within this time. */
  readonly driftSeconds: number;
  /** What could not be done is tried again after this time. */
  readonly retrySeconds: number;
}

/** Pauses after passes that could not reach their server: it is back within seconds, or it takes long. */
const BACKOFF: BackoffPolicy = { firstMs: 1_000, capMs: 60_000, jitter: 0.1 };
/** Servers that passes are under way on at the same time. */
const SERVERS = 10;

const FINALIZER = finalizerNames.postgresDatabase;

/** The built-in settings, with some replaced. */
function servicesWith(replaced: Partial<DatabaseServices>): DatabaseServices {
  return { sql: replaced.sql ?? openSqlClient(), driftSeconds: 600, retrySeconds: 60, ...replaced };
}

export function postgresDatabaseController(
  replaced: Partial<DatabaseServices> = {},
): Controller<PostgresDatabase> {
  const services = servicesWith(replaced);
  const background = new Background<Report>(BACKOFF);
  const turns = new Turns(SERVERS);
  const memory: Memory = {
    background,
    waysOf: ({ client, fence }) => ({ sql: services.sql, turns, client, fence }),
  };
  return {
    name: "postgresdatabase",
    watched: { resource: Databases },
    owns: [watched(Secrets, { trim: trimSecret })],
    sources: [{ watched: { resource: Clusters }, keys: databasesOf }],
    wakes: [background],
    decode: (raw) => PostgresDatabases.decode(raw),
    reconcile: (database, context) => reconcile(database, { memory, services }, context),
    finalize: (raw, context) => finalize(raw, memory, context),
    forget: (key) => background.forget(key),
  };
}

interface Tools {
  readonly memory: Memory;
  readonly services: DatabaseServices;
}

async function reconcile(database: Database, tools: Tools, context: ReconcileContext): Promise<Outcome> {
  const { finalizers = [] } = database.metadata;
  if (!finalizers.includes(FINALIZER)) {
    // Before anything is made that has to go again.
    const metadata = { finalizers: [...finalizers, FINALIZER] };
    const result = await context.act([patch(Databases, database, { metadata })]);
    if (result.kind !== "done") return outcomeOf(result);
  }
  const gate = gateOf(database, context.cache);
  const key = keyOf(database.metadata);
  if (!isPassable(gate)) tools.memory.background.forget(key);
  const progress = isPassable(gate) ? look(database, gate, tools, context) : undefined;
  const status = statusOf({ database, gate, progress }, context.clock);
  if (status !== undefined) {
    for (const notice of noticesOf(database, status)) context.record(notice);
    await context.writeStatus({ ...status });
  }
  return progress === undefined ? settled : outcomeOfPass(progress);
}

/** What is known of the pass, which is begun when it is due: for a new order, a changed Secret, or by the timer. */
function look(
  database: Database,
  gate: PassableGate,
  tools: Tools,
  context: ReconcileContext,
): Progress<Report> {
  const { memory, services: { driftSeconds, retrySeconds } } = tools;
  const order = orderOf(database, gate.cluster);
  // A cluster in trouble has to prove anew that it takes changes, and again while that lasts.
  const isSteady = gate.kind === "open";
  const key = keyOf(database.metadata);
  const ask = () =>
    memory.background.look(key, {
      id: JSON.stringify([order, isSteady]),
      freshMs: ({ problems }) => 1_000 * (problems.length === 0 && isSteady ? driftSeconds : retrySeconds),
      run: (signal) => runPass(order, { database, ways: memory.waysOf(context), context, signal }),
      digest: (report) => JSON.stringify(report),
    }, context);
  const progress = ask();
  if (progress.kind !== "done" || progress.outdated || isAsLeft(order, progress.result, context.cache)) {
    return progress;
  }
  memory.background.outdate(key);
  return ask();
}

/** Whether the Secrets of the roles are as the pass left them. */
function isAsLeft({ namespace, spec }: Order, { secrets }: Report, cache: Cache): boolean {
  return (spec.roles ?? []).every(({ secretName }) =>
    cache.get(Secrets, { namespace, name: secretName })?.metadata.resourceVersion === secrets[secretName]
  );
}

/** The state of the world stands in the status, and the pass is repeated by itself; the rest is for the log. */
function outcomeOfPass(progress: Progress<Report>): Outcome {
  if (progress.kind !== "failed" || progress.error instanceof SqlError) return settled;
  return { kind: "failed", error: progress.error };
}

/** Keys of the databases that lie in a cluster. */
function databasesOf(cluster: Frozen<KubeObject>, cache: Cache): string[] {
  const wanted = keyOf(cluster.metadata);
  return [...cache.store(Databases).values()].filter((database) => {
    const { spec } = database;
    return isRecord(spec) && isRecord(spec.clusterRef) && keyOf(clusterKeyOf(database)) === wanted;
  }).map(({ metadata }) => keyOf(metadata));
}
