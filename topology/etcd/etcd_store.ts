/** The topology store over etcd's own gRPC API. */
import type { RangeResponse } from "../gen/etcd_kv_pb.ts";
import type { CallOptions, Entry, Listing, TopologyStore, Write, WriteResult } from "../store.ts";
import { Endpoints, type EndpointsOptions } from "./endpoints.ts";
import { bytesOf, endOfPrefix, entryOf, nextKey, resultOf, txnOf } from "./messages.ts";

/** Most keys that one answer brings. */
const PAGE = 500n;

export class EtcdStore implements TopologyStore {
  readonly #endpoints: Endpoints;

  /** @param origins of one etcd, one at least */
  constructor(origins: readonly string[], private readonly options: EndpointsOptions) {
    this.#endpoints = new Endpoints(origins, options);
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
    const { clock, timeoutMs } = this.options;
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
