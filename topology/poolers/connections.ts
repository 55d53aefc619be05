/** Connections to poolers: one to each that is being asked, closed when idle, and never more than a bound. */
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Clock } from "../../kube/clock.ts";
import { MultipoolerManager } from "../gen/multipooler_manager_pb.ts";
import { Deadline, until } from "../grpc/deadline.ts";
import { type CallLimits, GrpcSession } from "../grpc/session.ts";
import { spansOfCalls } from "../grpc/spans.ts";
import { problemOfTls } from "../grpc/tls.ts";
import type { CallOptions } from "../store.ts";
import { originOf, type PoolerAddress } from "./address.ts";
import { PoolerError } from "./errors.ts";
import { failureOfCall } from "./failure.ts";

/** Longest answer that is taken in, in bytes. A list of 10 backups is below 4 KB. */
const LARGEST_ANSWER = 4 * 1024 * 1024;

export interface ConnectionsOptions {
  readonly clock: Clock;
  /** Time in which a pooler must accept a connection, in milliseconds. */
  readonly connectMs: number;
  /** A connection that nobody has used for so long is closed, in milliseconds. */
  readonly idleMs: number;
  /** Most poolers that are connected at the same time. Whoever would be one more waits within its own time limit. */
  readonly most: number;
}

export type ManagerClient = ReturnType<typeof clientOf>;

/** One call, and how it is told of. */
export interface PoolerCall<T> {
  /** Such as `read the status of`. */
  readonly what: string;
  readonly timeoutMs: number;
  send(client: ManagerClient, limits: CallLimits): Promise<T>;
}

interface Connection {
  readonly key: string;
  readonly session: GrpcSession;
  readonly client: ManagerClient;
  uses: number;
}

export class PoolerConnections {
  /** The one that was used least recently comes first. */
  readonly #connections = new Map<string, Connection>();
  readonly #waiting = new Set<() => void>();
  readonly #closing = new AbortController();

  constructor(private readonly options: ConnectionsOptions) {}

  /** Poolers that are connected, being connected, or being asked. */
  get size(): number {
    return this.#connections.size;
  }

  /** @throws PoolerError */
  async call<T>(address: PoolerAddress, call: PoolerCall<T>, options: CallOptions = {}): Promise<T> {
    const { timeoutMs = call.timeoutMs, signal } = options;
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const prefix = `Cannot ${call.what} the pooler of ${address.name} as`;
    using deadline = new Deadline(this.options.clock, timeoutMs, signals);
    try {
      return await this.#ask(address, { ...call, timeoutMs }, deadline);
    } catch (error) {
      if (signals.some(({ aborted }) => aborted)) {
        const by = signal?.aborted ? "the caller gave up" : "the client is closed";
        throw new PoolerError("aborted", `${prefix} ${by}`, { cause: error });
      }
      const failed = failureOfCall(error, peerOf(address));
      const { failure, message, cause } = failed;
      if (failure === "invalid") throw failed;
      throw new PoolerError(failure, `${prefix} ${message}`, { cause });
    }
  }

  close(): void {
    this.#closing.abort();
    for (const { session } of [...this.#connections.values()]) session.close();
  }

  async #ask<T>(address: PoolerAddress, call: PoolerCall<T>, deadline: Deadline): Promise<T> {
    const connection = await this.#borrow(address, deadline.signal);
    const { timeoutMs } = call;
    const givenUp = () =>
      new PoolerError("timeout", `${peerOf(address)} gave no answer within ${timeoutMs} ms`);
    const send = async (limits: CallLimits): Promise<T> => {
      try {
        return await call.send(connection.client, limits);
      } catch (error) {
        throw failureOfCall(error, peerOf(address));
      }
    };
    try {
      return await connection.session.use(deadline.signal, { timeoutMs, call: send, givenUp, ranOutOfTime });
    } finally {
      connection.uses--;
      this.#forgetUnused(connection);
      this.#tellWaiting();
    }
  }

  /** A connection that is counted as used. */
  async #borrow(address: PoolerAddress, signal: AbortSignal): Promise<Connection> {
    const key = keyOf(address);
    for (;;) {
      if (signal.aborted) throw this.#full();
      const connection = this.#connections.get(key) ?? this.#open(key, address);
      if (connection !== undefined) {
        connection.uses++;
        this.#connections.delete(key);
        this.#connections.set(key, connection);
        return connection;
      }
      await this.#roomMade(signal);
    }
  }

  #open(key: string, address: PoolerAddress): Connection | undefined {
    const problem = problemOfTls(address.tls ?? {}, "the poolers");
    if (problem !== undefined) throw new PoolerError("invalid", problem);
    if (this.#connections.size >= this.options.most && !this.#endOneIdle()) return undefined;
    const { clock, connectMs, idleMs } = this.options;
    const session = new GrpcSession(originOf(address), {
      peer: "the pooler",
      tls: address.tls ?? {},
      clock,
      connectMs,
      idleMs,
      onUnused: () => this.#forgetUnused(connection),
    });
    const connection: Connection = { key, session, client: clientOf(session), uses: 0 };
    this.#connections.set(key, connection);
    return connection;
  }

  #endOneIdle(): boolean {
    const idle = [...this.#connections.values()].find(({ uses }) => uses === 0);
    idle?.session.close();
    return idle !== undefined;
  }

  #forgetUnused(connection: Connection): void {
    if (connection.uses > 0 || connection.session.open) return;
    if (this.#connections.get(connection.key) === connection) this.#connections.delete(connection.key);
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    for (const tell of [...this.#waiting]) tell();
  }

  async #roomMade(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await until(promise, signal, () => this.#full());
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  #full(): PoolerError {
    const { most } = this.options;
    return new PoolerError(
      "timeout",
      `all ${most} connections to poolers were in use until its time ran out`,
    );
  }
}

function ranOutOfTime(error: unknown): boolean {
  return error instanceof PoolerError && error.failure === "timeout";
}

function peerOf(address: PoolerAddress): string {
  return `the pooler at ${originOf(address)}`;
}

/** Other certificates are another connection: whoever lost theirs must not go on with one that they opened before. */
function keyOf(address: PoolerAddress): string {
  const { caPem, certPem, keyPem, serverName } = address.tls ?? {};
  return JSON.stringify([originOf(address), serverName, caPem, certPem, keyPem]);
}

function clientOf(session: GrpcSession) {
  const transport = createGrpcTransport({
    baseUrl: session.authority,
    sessionManager: session,
    acceptCompression: [],
    readMaxBytes: LARGEST_ANSWER,
    interceptors: spansOfCalls,
  });
  return createClient(MultipoolerManager, transport);
}
