/** The endpoints of one etcd: each call goes to the one that answered last, and to the next when that one fails. */
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { isTopologyDown, TopologyError } from "../errors.ts";
import { KV } from "../gen/etcd_kv_pb.ts";
import { Deadline } from "../grpc/deadline.ts";
import { type CallLimits, GrpcSession, type SessionOptions } from "../grpc/session.ts";
import { spansOfCalls } from "../grpc/spans.ts";
import type { CallOptions } from "../store.ts";
import { failureOfAll, failureOfCall } from "./failure.ts";

/** Longest answer that is taken in, in bytes. A page of 500 records of the usual size is below 0.5 MB. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** What is to be done with whichever endpoint answers. */
export interface Call<T> {
  /** Such as `read /a/b`, for messages. */
  readonly what: string;
  /** Whether it may be sent a second time when it is not known whether the first was carried out. */
  readonly repeatable: boolean;
  send(client: Client, limits: CallLimits): Promise<T>;
}

export interface EndpointsOptions extends Omit<SessionOptions, "peer"> {
  /** Time limit of a call that names none, in milliseconds. */
  readonly timeoutMs: number;
}

type Client = ReturnType<typeof clientOf>;

interface Endpoint {
  readonly session: GrpcSession;
  readonly client: Client;
}

type Outcome<T> =
  | { readonly kind: "answer"; readonly answer: T }
  | { readonly kind: "failed"; readonly failure: TopologyError; readonly sent: boolean };

export class Endpoints {
  readonly #endpoints: readonly Endpoint[];
  readonly #closing = new AbortController();
  /** Where to begin: the endpoint that answered last. */
  #first = 0;

  /** @param origins one at least */
  constructor(origins: readonly string[], private readonly options: EndpointsOptions) {
    this.#endpoints = origins.map((origin) => {
      const session = new GrpcSession(origin, { ...options, peer: "etcd" });
      return { session, client: clientOf(session) };
    });
  }

  /** @throws TopologyError when no endpoint carried it out within the time. */
  async call<T>(call: Call<T>, options: CallOptions = {}): Promise<T> {
    const { timeoutMs = this.options.timeoutMs, signal } = options;
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    try {
      return await this.#askEach(call, this.options.clock.monotonic() + timeoutMs, signals);
    } catch (error) {
      const givenUp = signals.find(({ aborted }) => aborted);
      if (givenUp === undefined) throw error;
      const by = givenUp === signal ? "the caller gave up" : "the store is closed";
      throw new TopologyError("aborted", `Cannot ${call.what} as ${by}`, { cause: error });
    }
  }

  close(): void {
    this.#closing.abort();
    for (const { session } of this.#endpoints) session.close();
  }

  async #askEach<T>(call: Call<T>, end: number, signals: readonly AbortSignal[]): Promise<T> {
    const failures: TopologyError[] = [];
    for (const [turn, index] of this.#order().entries()) {
      const left = Math.floor(end - this.options.clock.monotonic());
      if (left <= 0 || signals.some(({ aborted }) => aborted)) break;
      // Whatever can be repeated leaves time for the endpoints that are still to come.
      const share = call.repeatable ? left / (this.#endpoints.length - turn) : left;
      const outcome = await this.#ask(index, call, share, signals);
      if (outcome.kind === "answer") {
        this.#first = index;
        return outcome.answer;
      }
      failures.push(outcome.failure);
      if (outcome.sent && !(call.repeatable && isTopologyDown(outcome.failure))) break;
    }
    throw failureOfAll(failures, call.what);
  }

  #order(): number[] {
    const count = this.#endpoints.length;
    return this.#endpoints.map((_, turn) => (this.#first + turn) % count);
  }

  async #ask<T>(
    index: number,
    call: Call<T>,
    milliseconds: number,
    signals: readonly AbortSignal[],
  ): Promise<Outcome<T>> {
    const endpoint = this.#endpoints[index];
    if (endpoint === undefined) throw new RangeError(`Cannot ask endpoint ${index} as it does not exist`);
    const { session, client } = endpoint;
    using deadline = new Deadline(this.options.clock, milliseconds, signals);
    let sent = false;
    const givenUp = () => noAnswer(session.authority, milliseconds);
    const send = async (limits: CallLimits): Promise<T> => {
      sent = true;
      try {
        return await call.send(client, limits);
      } catch (error) {
        throw failureOfCall(error, session.authority);
      }
    };
    try {
      const work = { timeoutMs: milliseconds, call: send, givenUp, ranOutOfTime };
      const answer = await session.use(deadline.signal, work);
      return { kind: "answer", answer };
    } catch (error) {
      return { kind: "failed", failure: failureOfCall(error, session.authority), sent };
    }
  }
}

function ranOutOfTime(error: unknown): boolean {
  return error instanceof TopologyError && error.failure === "timeout";
}

function noAnswer(authority: string, milliseconds: number): TopologyError {
  // In tenths of a second, so that attempts that fail alike read alike.
  const seconds = Math.round(milliseconds / 100) / 10;
  return new TopologyError("timeout", `etcd at ${authority} gave no answer within ${seconds} s`);
}

function clientOf(session: GrpcSession) {
  const transport = createGrpcTransport({
    baseUrl: session.authority,
    sessionManager: session,
    acceptCompression: [],
    readMaxBytes: LARGEST_ANSWER,
    interceptors: spansOfCalls,
  });
  return createClient(KV, transport);
}
