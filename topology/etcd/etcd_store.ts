/** The topology store over etcd's own gRPC API. */
import { type Clock, systemClock } from "../../kube/clock.ts";
import type { RangeResponse } from "../gen/etcd_kv_pb.ts";
import type { CallOptions, Entry, Listing, TopologyStore, Write, WriteResult } from "../store.ts";
import { checkTls, type EtcdConnection, originsOf } from "./connection.ts";
import { Endpoints, type EndpointsOptions } from "./endpoints.ts";
import { bytesOf, endOfPrefix, entryOf, nextKey, resultOf, txnOf } from "./messages.ts";

export interface EtcdOptions {
  readonly clock?: Clock;
  /** Time limit of a call that names none, in milliseconds: 5 s. */
  readonly timeoutMs?: number;
  /** Time in which one endpoint must accept a connection, before the next one is tried, in milliseconds: 1 s. */
  readonly connectMs?: number;
  /** Unused connections are closed after so many milliseconds: 60 s. */
  readonly idleMs?: number;
}

/** Most keys that one answer brings. */
const PAGE = 500n;

/**
 * A store that connects when it is first asked for something, and again after its connection ended or was idle.
 * @throws TopologyError `invalid` when the connection's settings cannot be used.
 */
export function openEtcd(connection: EtcdConnection, options: EtcdOptions = {}): TopologyStore {
  return new EtcdStore(connection, options);
}

class EtcdStore implements TopologyStore {
  readonly #endpoints: Endpoints;
  readonly #options: EndpointsOptions;

  constructor(connection: EtcdConnection, options: EtcdOptions) {
    const tls = connection.tls ?? {};
    checkTls(tls);
    const { clock = systemClock, timeoutMs = 5_000, connectMs = 1_000, idleMs = 60_000 } = options;
    this.#options = { tls, clock, timeoutMs, connectMs, idleMs };
    this.#endpoints = new Endpoints(originsOf(connection), this.#options);
  }

  async get(key: string, options?: CallOptions): Promise<Entry | undefined> {
    const { kvs: [found] } = await this.#endpoints.call<RangeResponse>({
      what: `read ${key}`,
      repeatable: true,
      send: (client, limits) => client.range({ key: bytesOf(key) }, limits),
    }, options);
    return found === undefined ? undefined : entryOf(found);
  }

  async list(prefix: string, options: CallOptions = {}): Promise<Listing> {
    const { clock, timeoutMs } = this.#options;
    const rangeEnd = endOfPrefix(bytesOf(prefix));
    const end = clock.monotonic() + (options.timeoutMs ?? timeoutMs);
    const entries: Entry[] = [];
    let revision = 0n;
    let key = bytesOf(prefix);
    for (;;) {
      const page: RangeResponse = await this.#endpoints.call({
        what: `list ${prefix}`,
        repeatable: true,
        send: (client, limits) => client.range({ key, rangeEnd, limit: PAGE, revision }, limits),
      }, { ...options, timeoutMs: end - clock.monotonic() });
      revision ||= page.header?.revision ?? 0n;
      for (const found of page.kvs) entries.push(entryOf(found));
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return { entries, revision };
      key = nextKey(last.key);
    }
  }

  async write(write: Write, options?: CallOptions): Promise<WriteResult> {
    const request = txnOf(write);
    return resultOf(
      await this.#endpoints.call({
        what: `${write.kind} ${write.key}`,
        repeatable: false,
        send: (client, limits) => client.txn(request, limits),
      }, options),
    );
  }

  close(): void {
    this.#endpoints.close();
  }
}
