/** Clients that write through the primary's Service all the time, and what they saw of a disturbance. */
import assert from "node:assert/strict";
import { certificateKeys, credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { systemClock } from "../../kube/clock.ts";
import { PgSqlClient } from "../../postgres/sql/pg_client.ts";
import type { Row, SqlTarget } from "../../postgres/sql/sql_client.ts";
import { stringAt } from "../ground/json.ts";
import { type WaitOptions, waitUntil } from "../ground/wait_for.ts";
import { appendTable, Writer } from "../support/append_log.ts";
import type { PatroniCluster } from "./cluster.ts";
import { tellRows } from "./figures.ts";

const TABLE = "append_log";
const WRITERS = 2;

/** A write that has no answer by then counts as refused, in milliseconds. */
const PATIENCE_MS = 1_500;

/** Time for what is asked beside the load, in milliseconds: nothing is measured by it. */
const QUESTION_MS = 15_000;

function clientWith(milliseconds: number): PgSqlClient {
  return new PgSqlClient({
    clock: systemClock,
    connectMs: milliseconds,
    statementMs: milliseconds,
    lockMs: milliseconds,
  });
}

const writing = clientWith(PATIENCE_MS);

/** For all but the load. */
export const sql = clientWith(QUESTION_MS);

/** A Secret's values as text. */
export async function secretOf(stage: PatroniCluster, secret: string, key: string): Promise<string> {
  const object = await stage.client.get(stage.path("secrets", secret));
  const value = stringAt(object, "data", key);
  if (value === undefined) throw new Error(`Cannot find ${key} in Secret ${secret}`);
  return atob(value);
}

/** The superuser at a Service of the cluster, with its certificate checked. */
export async function targetOf(stage: PatroniCluster, service: string, port = 5432): Promise<SqlTarget> {
  const object = await stage.client.get(stage.path("services", service));
  const host = stringAt(object, "spec", "clusterIP");
  if (host === undefined) throw new Error(`Cannot find Service ${service}`);
  const password = await secretOf(stage, stage.names.credentialsSecret, credentialKeys.superuserPassword);
  const caPem = await secretOf(stage, stage.names.ownTls, certificateKeys.authority);
  return {
    host,
    port,
    database: "postgres",
    user: "postgres",
    password,
    tls: { serverName: service, caPem },
  };
}

/** Asks one question on a connection of its own. */
export async function ask(target: SqlTarget, text: string): Promise<readonly Row[]> {
  await using session = await sql.connect(target);
  return await session.ask({ text });
}

/**
 * Makes the table and starts writers, each with a connection that it keeps as long as it can.
 * @param as who writes, and where, when it is not the superuser at the primary's Service
 */
export async function startLoad(stage: PatroniCluster, as: Partial<SqlTarget> = {}): Promise<Load> {
  const target = { ...await targetOf(stage, stage.names.primaryService), ...as };
  await using session = await sql.connect(target);
  await session.change([{ text: appendTable(TABLE) }]);
  return new Load(target);
}

export class Load implements AsyncDisposable {
  readonly #writers: Writer[];
  #target: SqlTarget;

  constructor(target: SqlTarget) {
    this.#target = target;
    this.#writers = Array.from(
      { length: WRITERS },
      (_, index) => new Writer(`w${index}`, { client: writing, place: () => this.#target, table: TABLE }),
    );
  }

  /** Where the writers, and questions about what they wrote, go. */
  get target(): SqlTarget {
    return this.#target;
  }

  /** Lets the writers say another password when they connect the next time. */
  use(password: string): void {
    this.#target = { ...this.#target, password };
  }

  get acknowledged(): number {
    return this.#writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  /** Waits until `more` rows are acknowledged than there were: all that was under way before has had its answer by then. */
  async untilWritten(more: number, options: WaitOptions = {}): Promise<void> {
    const before = this.acknowledged;
    await waitUntil("writes to go on", () => this.acknowledged, (now) => now > before + more, options);
  }

  /** Longest time without any acknowledged write since then (by `performance.now()`), in seconds. */
  gapSince(start: number): number {
    const times = this.#writers.flatMap(({ acknowledgedAt }) => acknowledgedAt).filter((time) =>
      time >= start
    );
    const ordered = [start, ...times.sort((a, b) => a - b), performance.now()];
    const gaps = ordered.map((time, index) => index === 0 ? 0 : time - (ordered[index - 1] ?? time));
    return Math.max(...gaps) / 1000;
  }

  /** Ends the writers and compares what was acknowledged with what is there; returns how many rows are missing. */
  async lost(): Promise<number> {
    await this[Symbol.asyncDispose]();
    const rows = await ask(this.target, `SELECT entry FROM public.${TABLE}`);
    const there = new Set(rows.map(({ entry }) => entry));
    const acknowledged = this.#writers.flatMap((writer) => writer.acknowledged);
    assert.ok(acknowledged.length > 0, "nothing was written at all");
    const lost = acknowledged.filter((entry) => !there.has(entry)).length;
    tellRows(acknowledged.length, lost);
    return lost;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }
}
