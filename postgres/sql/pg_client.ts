/** SQL over the driver `pg`: one socket for each session, with time limits that hold even when the server is silent. */
// @ts-types="./pg_driver.d.ts"
import driver from "pg";
import { Socket } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Clock } from "../../kube/clock.ts";
import { withSpan } from "../../telemetry/tracing.ts";
import { SqlError } from "./errors.ts";
import { sqlErrorOf } from "./failure.ts";
import type { DriverClient, DriverConfig } from "./pg_driver.d.ts";
import type { Row, SqlClient, SqlOptions, SqlSession, SqlTarget, Statement } from "./sql_client.ts";

export interface PgOptions {
  readonly clock: Clock;
  /** Time in which a session must be established, in milliseconds. */
  readonly connectMs: number;
  /** Time for a statement that names none, in milliseconds. */
  readonly statementMs: number;
  /** Time that a statement waits for what somebody else has locked, in milliseconds. */
  readonly lockMs: number;
}

/** Under which name sessions show up in `pg_stat_activity`. */
const APPLICATION = "matriarch";
/** A server that does not take its leave within this time is left without, in milliseconds. */
const FAREWELL_MS = 500;
/** The server looks so often whether the one who asked is still there, in milliseconds. */
const PRESENCE_MS = 1_000;

export class PgSqlClient implements SqlClient {
  constructor(private readonly options: PgOptions) {}

  async connect(
    target: SqlTarget,
    { timeoutMs = this.options.connectMs, signal }: SqlOptions = {},
  ): Promise<SqlSession> {
    const session = new PgSession(target, this.options);
    await session.open(timeoutMs, signal);
    return session;
  }
}

class PgSession implements SqlSession {
  readonly #socket = new Socket();
  readonly #client: DriverClient;
  readonly #place: string;
  /** Why nothing can be asked any more. */
  #ended: SqlError | undefined;

  constructor(target: SqlTarget, private readonly options: PgOptions) {
    this.#place = `${target.host}:${target.port}/${target.database}`;
    this.#client = new driver.Client(configOf(target, options, this.#socket));
    // A connection that ends between two statements is told of by the next one.
    this.#client.on("error", (error: unknown) => {
      this.#ended ??= sqlErrorOf(error, `Cannot go on with ${this.#place}`, true);
    });
  }

  async open(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const doing = `Cannot connect to ${this.#place}`;
    await this.#limited(() => this.#client.connect(), { doing, connected: false, timeoutMs, signal });
  }

  async ask(statement: Statement, options: SqlOptions = {}): Promise<readonly Row[]> {
    return await this.#send(statement, options);
  }

  async change(statements: readonly Statement[], options: SqlOptions = {}): Promise<void> {
    const [first, ...others] = statements;
    if (first === undefined) return;
    if (others.length === 0) return void await this.#send(first, options);
    await this.#send({ text: "BEGIN" }, options);
    try {
      for (const statement of statements) await this.#send(statement, options);
    } catch (error) {
      if (this.#ended === undefined) await this.#send({ text: "ROLLBACK" }, options);
      throw error;
    }
    await this.#send({ text: "COMMIT" }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = new SqlError("aborted", `Cannot ask ${this.#place} as the session is closed`);
      const farewell = this.#client.end().catch(() => undefined);
      await this.#orAfter(farewell, FAREWELL_MS);
    }
    this.#socket.destroy();
  }

  async #send({ text, params }: Statement, options: SqlOptions): Promise<readonly Row[]> {
    if (this.#ended !== undefined) throw this.#ended;
    const { timeoutMs = this.options.statementMs, signal } = options;
    const query = params === undefined ? { text } : { text, values: [...params] };
    const doing = `Cannot get an answer from ${this.#place}`;
    const ask = async () => (await this.#client.query(query)).rows;
    const limits = { doing, connected: true, timeoutMs, signal };
    // Its text may hold what nobody else should read.
    const attributes = { "db.system.name": "postgresql", "server.address": this.#place };
    return await withSpan("SQL statement", attributes, () => this.#limited(ask, limits), { client: true });
  }

  /** Whatever is late or not wanted any more takes the connection with it: what the server then does is seen by its end. */
  async #limited<T>(run: () => Promise<T>, limits: Limits): Promise<T> {
    const { doing, connected, timeoutMs, signal } = limits;
    let stop: (error: SqlError) => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => stop = reject);
    const onAbort = () => stop(new SqlError("aborted", `${doing} as the caller gave up`));
    const late = () => stop(new SqlError("timeout", `${doing} within ${timeoutMs / 1000} s`));
    const timer = this.options.clock.after(timeoutMs, late);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      return await Promise.race([run(), stopped]);
    } catch (thrown) {
      const error = sqlErrorOf(thrown, doing, connected);
      if (!(error.sqlState !== undefined && connected && keepsSession(error))) this.#end(error);
      throw error;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      stopped.catch(() => undefined);
    }
  }

  #end(error: SqlError): void {
    this.#ended ??= error;
    this.#socket.destroy();
  }

  async #orAfter(work: Promise<void>, milliseconds: number): Promise<void> {
    let done: () => void = () => undefined;
    const over = new Promise<void>((resolve) => done = resolve);
    const timer = this.options.clock.after(milliseconds, done);
    await Promise.race([work, over]);
    timer.cancel();
  }
}

interface Limits {
  readonly doing: string;
  readonly connected: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A server that answers with an error goes on listening, unless it is going away. */
function keepsSession({ failure }: SqlError): boolean {
  return failure !== "broken" && failure !== "unreachable";
}

/**
 * The search path is empty, so that no name of ours can be led to what a user of the database has made. The server keeps
 * the time limits too, and looks whether we are still there: a statement must not go on without us.
 */
function configOf(target: SqlTarget, options: PgOptions, socket: Socket): DriverConfig {
  const { tls, ...login } = target;
  const settings = {
    search_path: "",
    statement_timeout: options.statementMs,
    lock_timeout: options.lockMs,
    idle_in_transaction_session_timeout: options.statementMs,
    client_connection_check_interval: PRESENCE_MS,
  };
  return {
    ...login,
    ssl: tls === undefined ? false : {
      servername: tls.serverName,
      // Where a host is a name, the driver puts it in place of ours; what the certificate must bear is ours to say.
      checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
        checkServerIdentity(tls.serverName, certificate),
      rejectUnauthorized: true,
      ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
    },
    application_name: APPLICATION,
    options: Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(" "),
    stream: () => socket,
  };
}
